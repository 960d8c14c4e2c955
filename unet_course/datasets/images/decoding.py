"""From the bytes of one image file to its values, every image that cannot be decoded rightly named.

Pillow reads images of up to 8 bits, and 16-bit grey ones. Other TIFF files go to tifffile, which comes with
scikit-image; 16-bit colour PNG files to SimpleITK, because Pillow drops their lower 8 bits.
"""

import io
from dataclasses import dataclass, replace

import numpy as np
import tifffile
from PIL import Image, UnidentifiedImageError

from .. import DataError

LARGEST = 89_478_485  # pixels; from here on Pillow warns of files that fill the memory
_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_ORIENTATION = 0x0112
_DEEP = ("I;16", "I;16L", "I;16B", "I", "F")
_SHOWN = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "YCbCr")
# Numbers of the TIFF standard.
_LOSSLESS = (1, 2, 3, 4, 5, 8, 32773, 32946, 34925, 50000)
_PLAIN = (1, 32773)  # without differences of neighbours: programs disagree on files that claim both
_WHITE_IS_ZERO, _GREY, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6
# How Pillow calls a grey TIFF file of these types; it has no mode for others, and wraps their values.
_PILLOW_KEEPS = {"uint16": ("I;16", "I;16B"), "int16": ("I",), "int32": ("I",), "float32": ("F",)}


@dataclass(frozen=True)
class Decoded:
    """What a file holds.

    Attributes
    ----------
    values : ndarray, (H, W) or (H, W, 3)
        uint8 for up to 8 bits, a boolean file as 0 and 255; else the type of the file.
    alpha : ndarray, uint8, (H, W), optional
        255 where the image covers what is behind it. None where the file says nothing about that.
    numbers : ndarray, uint8, (H, W), optional
        For palettes: the numbers that stand for the colours.
    lossy : bool
        True where the compression changes values.
    """

    values: np.ndarray
    alpha: np.ndarray | None = None
    numbers: np.ndarray | None = None
    lossy: bool = False


def decode(path, remedy):
    """Decode one file.

    Parameters
    ----------
    path : path
    remedy : str
        What to do about a missing or damaged file.

    Returns
    -------
    Decoded
        Upright.

    Raises
    ------
    DataError
    """
    content = _content(path, remedy)
    try:
        return _tiff(path, content) if content[:4] in _TIFF else _plain(path, content)
    except DataError:
        raise
    except Image.DecompressionBombError as error:
        raise DataError(f"{path} has more than {LARGEST:,} pixels: cut it into smaller images.") from error
    except UnidentifiedImageError as error:
        known = "no PNG, JPEG, TIFF, BMP, GIF or WebP file that can be read"
        raise DataError(f"{path} is truncated or not an image ({known}). {remedy}") from error
    except Exception as error:  # on a damaged file, decoders raise whatever comes
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise DataError(f"{path} is truncated or not an image ({reason}). {remedy}") from error


def _content(path, remedy):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing. {remedy}") from error
    except OSError as error:
        raise DataError(f"{path} cannot be opened ({error.strerror}). Allow it to be read, or take it out.") from error


def _plain(path, content):
    """Anything but TIFF."""
    with Image.open(io.BytesIO(content), formats=_FORMATS) as file:
        _check_size(path, *file.size, getattr(file, "n_frames", 1))
        if file.format == "PNG":
            with Image.open(io.BytesIO(content), formats=_FORMATS) as again:
                again.verify()  # the check sums; decoding does not look at them
            if content[24] == 16 and content[25] != 0:  # bits a channel; colour, or transparency
                return _deep_png(path, content[25], file.getexif())
        lossy = file.format in ("JPEG", "MPO") or (file.format == "WEBP" and b"VP8 " in content)
        return _shown(path, file, lossy)


def _deep_png(path, kind, exif):
    if kind == 4:
        raise DataError(f"{path} is grey of 16 bits with transparency: save it without transparency.")
    import SimpleITK  # for few files, and slow to import

    array = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path), imageIO="PNGImageIO"))
    return _upright(_opaque(path, array), exif.get(_ORIENTATION, 1))


def _shown(path, file, lossy):
    """What Pillow decodes without loss, upright."""
    file.load()
    mode, clear = file.mode, "transparency" in file.info
    if mode not in (*_SHOWN, *_DEEP):
        raise DataError(f"{path} has its colours as {mode}: save it as RGB or grey.")
    numbers = np.asarray(file) if mode == "P" else None
    if mode in _DEEP:
        if clear:
            raise DataError(f"{path} has 16 bits and a transparent grey level: save it without transparency.")
        found = Decoded(np.asarray(file), lossy=lossy)
    elif mode in ("1", "L") and not clear:
        found = Decoded(np.asarray(file.convert("L")), lossy=lossy)
    elif mode in ("RGB", "YCbCr", "P") and not clear:
        found = Decoded(np.asarray(file.convert("RGB")), numbers=numbers, lossy=lossy)
    else:
        layers = np.asarray(file.convert("RGBA"))
        found = Decoded(layers[..., :3], layers[..., 3], numbers, lossy)
    return _upright(found, file.getexif().get(_ORIENTATION, 1))


def _tiff(path, content):
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        page, pages = file.pages[0], len(file.pages)
        _check_size(path, page.imagewidth, page.imagelength, max(pages, page.imagedepth))
        if file.is_imagej or file.is_shaped:  # one page may stand for many
            _check_size(path, page.imagewidth, page.imagelength, file.series[0].size // page.size)
        if page.photometric not in (_WHITE_IS_ZERO, _GREY, _RGB, _PALETTE, _YCBCR):
            kind = getattr(page.photometric, "name", page.photometric)
            raise DataError(f"{path} has its colours as {kind}: save it as RGB or grey.")
        colours = page.samplesperpixel - len(page.extrasamples)
        if colours not in (1, 3) or tuple(page.extrasamples) not in ((), (1,), (2,)):
            raise DataError(f"{path} has {page.samplesperpixel} channels: save the 1 or 3 that count.")
        if page.dtype is None or page.dtype.kind not in "buif":
            raise DataError(f"{path} has values of type {page.dtype}: save it with 8 or 16 bits, or as floats.")
        if page.dtype.kind in "bu" and page.bitspersample <= 8 and content[:4] != _TIFF[3]:  # Pillow lacks this one
            with Image.open(io.BytesIO(content), formats=["TIFF"]) as picture:
                return _shown(path, picture, page.compression not in _LOSSLESS)
        if page.predictor != 1 and page.compression in _PLAIN:
            raise DataError(f"{path} is packed with differences that its compression does not have: save it anew.")
        if page.photometric not in (_GREY, _RGB):
            raise DataError(f"{path} is {page.dtype} with 0 as white, or a palette: save it as RGB or grey.")
        return _deep_tiff(path, page, content)


def _deep_tiff(path, page, content):
    try:
        array = page.asarray()
    except Exception:  # damaged, or packed in a way for which tifffile needs another package
        with Image.open(io.BytesIO(content), formats=["TIFF"]) as file:
            if file.mode not in _PILLOW_KEEPS.get(page.dtype.name, ()):
                how = getattr(page.compression, "name", page.compression)
                text = f"{path} has {page.dtype} values, packed as {how}, or is truncated: save it without compression."
                raise DataError(text) from None
            return _shown(path, file, page.compression not in _LOSSLESS)
    array = np.moveaxis(array, 0, -1) if page.axes == "SYX" else array
    found = replace(_opaque(path, array), lossy=page.compression not in _LOSSLESS)
    orientation = page.tags.get(_ORIENTATION)
    return _upright(found, orientation.value if orientation else 1)


def _opaque(path, array):
    """Values (H, W), or with channels last; the last of two or four says what is transparent."""
    if array.ndim == 2:
        return Decoded(array)
    colours = array.shape[-1] - (array.shape[-1] % 2 == 0)
    full = np.iinfo(array.dtype).max if array.dtype.kind in "ui" else 1
    if not (array[..., colours:] == full).all():
        raise DataError(f"{path} has {array.dtype} values and is transparent in places: save it without transparency.")
    return Decoded(array[..., 0] if colours == 1 else array[..., :3])


def _check_size(path, width, height, pages):
    if pages > 1:
        raise DataError(f"{path} holds {pages} pages: save each one as a file of its own.")
    if not width * height:
        raise DataError(f"{path} has no pixels: take it out.")
    if width * height > LARGEST:
        raise DataError(f"{path} has {width:,} x {height:,} pixels, over {LARGEST:,}: cut it into smaller images.")


def _upright(found, orientation):
    if orientation not in range(2, 9):
        return found
    turned = {
        name: None if array is None else np.ascontiguousarray(_turned(array, orientation))
        for name, array in (("values", found.values), ("alpha", found.alpha), ("numbers", found.numbers))
    }
    return replace(found, **turned)


def _turned(array, orientation):
    """Undo an orientation, 2 to 8: bits say whether rows and columns are swapped, and which of them run backwards."""
    array = array.swapaxes(0, 1) if orientation >= 5 else array
    array = array[::-1] if orientation in (3, 4, 7, 8) else array
    return array[:, ::-1] if orientation in (2, 3, 6, 7) else array

"""Random image files, sound and broken: each is read rightly, or refused in one sentence that names it.

The ordinary run makes 160 files. The long form makes 2,000, or as many as you say:
`UNET_COURSE_FUZZ=2000 .venv/bin/python -m pytest tests/faults/test_fuzzed_images.py` (minutes).
"""

import io
import os

import nibabel
import numpy as np
import pytest
import SimpleITK
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from unet_course.datasets import DataError, folder
from unet_course.datasets.brats import volumes
from unet_course.datasets.brats.files import StoredFile

FILES = int(os.environ.get("UNET_COURSE_FUZZ", "160"))
TYPES = [f"{kind}{bits}" for kind in ("uint", "int") for bits in (8, 16, 32, 64)] + ["float16", "float32", "float64"]
MODES = ("1", "L", "P", "RGB", "RGBA", "LA")
LOSSLESS = ("PNG", "TIFF", "WEBP", "BMP", "GIF")
ENDING = {"PNG": ".png", "TIFF": ".tif", "WEBP": ".webp", "BMP": ".BMP", "GIF": ".gif", "JPEG": ".Jpeg"}
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
fuzz = settings(  # two of the four files of a round are sound
    max_examples=FILES // 4, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def packed(write):
    """The bytes that `write(file)` writes."""
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def as_bytes(values):
    """What the table of the door promises: 8 bits stay, all else is stretched."""
    if values.dtype == np.uint8:
        return values
    exact = values.astype(np.longdouble)
    low, high = exact.min(), exact.max()
    return np.zeros(values.shape) if low == high else ((exact - low) * 255 / (high - low)).astype(float)


def in_colour(values):
    return values if values.ndim == 3 else np.dstack([values] * 3)


def turned(values, orientation):
    way = TURNS.get(orientation)
    return np.array(values) if way is None else np.array(Image.fromarray(values).transpose(way))


@st.composite
def deep(draw, height, width):
    """A TIFF or PNG image of any type: ending, bytes, the image as 0 to 255."""
    colours, seed = draw(st.sampled_from([1, 3])), draw(st.integers(0, 2**32))
    kind = draw(st.sampled_from(TYPES))
    rng = np.random.default_rng(seed)
    shape = (height, width, 3) if colours == 3 else (height, width)
    if kind.startswith("float"):
        values = (rng.normal(draw(st.floats(-50, 50)), draw(st.sampled_from([0, 0.01, 30])), shape)).astype(kind)
    else:
        # From a part of the range, as a 12-bit camera has it; or from all of it.
        limits, part = np.iinfo(kind), draw(st.sampled_from([1, 16, 2**6]))
        values = rng.integers(limits.min // part, limits.max // part, shape, kind, endpoint=True)
    if kind == "uint16" and draw(st.booleans()):
        picture = SimpleITK.GetImageFromArray(values, isVector=colours == 3)
        path = draw(st.just(os.path.join(os.environ["UNET_COURSE_DATA"], "deep.png")))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        SimpleITK.WriteImage(picture, path)
        with open(path, "rb") as file:
            return ".png", file.read(), in_colour(as_bytes(values))
    options = {
        "compression": draw(st.sampled_from([None, "zlib"])),
        "photometric": "rgb" if colours == 3 else "minisblack",
        "byteorder": draw(st.sampled_from("<>")),
        "bigtiff": draw(st.booleans()),
    }
    stored = values
    if colours == 3 and draw(st.booleans()):
        options["planarconfig"], stored = "separate", np.moveaxis(values, -1, 0)
    content = packed(lambda file: tifffile.imwrite(file, stored, **options))
    return draw(st.sampled_from([".tif", ".TIFF"])), content, in_colour(as_bytes(values))


@st.composite
def shown(draw, height, width):
    """An image in any mode that Pillow writes without loss, turned or not: ending, bytes, the image."""
    mode, kind = draw(st.sampled_from(MODES)), draw(st.sampled_from(LOSSLESS))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    colours = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    picture = Image.fromarray(colours)
    if mode in ("LA", "RGBA"):  # opaque
        picture = picture.convert("L").convert("LA") if mode == "LA" else picture.convert("RGBA")
        kind = draw(st.sampled_from(["PNG", "TIFF"]))
    else:
        picture = picture.convert(mode)
    if kind == "GIF" and mode != "L":
        picture = picture.convert("P")
    expected = np.array(picture.convert("RGB"))
    options = {"lossless": True} if kind == "WEBP" else {}
    if kind in ("PNG", "TIFF", "WEBP") and (orientation := draw(st.integers(1, 8))) > 1:
        exif = Image.Exif()
        exif[0x0112] = orientation
        options["exif"], expected = exif, turned(expected, orientation)
    if kind == "TIFF" and mode != "P":
        options["compression"] = draw(st.sampled_from([None, "tiff_lzw", "tiff_adobe_deflate", "packbits"]))
    content = packed(lambda file: picture.save(file, kind, **options))
    return ENDING[kind], content, expected


@st.composite
def drawn(draw, height, width):
    """A mask of two values in any type or mode: ending, bytes, what is drawn."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    inside = rng.random((height, width)) < draw(st.sampled_from([0, 0.3, 1]))
    way = draw(st.sampled_from(["type", "1", "P", "channel", "white on clear", "LA", "grey png 16"]))
    if way == "type":
        kind = draw(st.sampled_from(TYPES))
        top = draw(st.sampled_from([1, 2, 100, 0.5 if kind.startswith("float") else 127]))
        values = inside.astype(kind) * np.dtype(kind).type(top)
        return ".tif", packed(lambda file: tifffile.imwrite(file, values)), inside
    if way == "grey png 16":
        values = inside.astype(np.uint16) * np.uint16(draw(st.sampled_from([1, 255, 4095, 65535])))
        return ".png", packed(lambda file: Image.fromarray(values).save(file, "PNG")), inside
    value = np.uint8(draw(st.sampled_from([1, 7, 255])))
    if way == "P":
        picture = Image.fromarray(inside.astype(np.uint8) * np.uint8(3)).convert("P")
        picture.putpalette([0, 0, 0, *([9] * 6), *draw(st.sampled_from([(255, 0, 0), (0, 0, 1)]))])
    elif way == "channel":  # class numbers in one channel, which grey would round to 0
        colours = np.zeros((height, width, 3), np.uint8)
        colours[..., draw(st.integers(0, 2))] = inside * value
        picture = Image.fromarray(colours)
    elif way in ("white on clear", "LA"):
        layers = np.full((height, width, 4), 255, np.uint8)
        layers[..., 3] = inside * 255
        picture = Image.fromarray(layers).convert("LA" if way == "LA" else "RGBA")
        if not inside.any():
            return drawn_plain(inside)
    else:
        picture = Image.fromarray(inside)
    kind = draw(st.sampled_from(["PNG", "TIFF"]))
    return ENDING[kind], packed(lambda file: picture.save(file, kind)), inside


def drawn_plain(inside):
    """A mask as it should be."""
    return ".png", packed(lambda file: Image.fromarray(inside.astype(np.uint8) * 255).save(file, "PNG")), inside


def load(root, picture, mask):
    """What `folder.load` reads of these two files, each an ending and its bytes."""
    for place, (ending, content) in (("images", picture), ("masks", mask)):
        (root / place).mkdir(exist_ok=True)
        for old in (root / place).iterdir():
            old.unlink()
        (root / place / f"a{ending}").write_bytes(content)
    data = folder.load(root)
    return data.images[0], data.masks[0]


def files(height, width):
    return st.one_of(deep(height, width), shown(height, width))


sides = st.tuples(st.integers(1, 12), st.integers(1, 12))


@fuzz
@given(st.data())
def test_sound_files_of_any_type_mode_and_shape_are_read_rightly(data_root, tmp_path, data):
    side = data.draw(sides)
    ending, content, expected = data.draw(files(*side))
    kind, drawing, inside = data.draw(drawn(*expected.shape[:2]))
    image, mask = load(tmp_path, (ending, content), (kind, drawing))
    assert np.abs(image - expected).max() <= 0.51, "stretched values are rounded"
    assert np.array_equal(mask, inside)


@fuzz
@given(st.data())
def test_broken_files_are_read_as_if_sound_or_refused_by_name(data_root, tmp_path, data):
    ending, content, expected = data.draw(files(9, 11))
    way = data.draw(st.sampled_from(["cut", "cut", "flip", "overwrite", "random", "text", "other ending"]))
    place = data.draw(st.integers(0, len(content) - 1))
    # PNG has check sums, and of what is cut off all formats know; elsewhere a changed byte is a changed image.
    sound = way in ("other ending", "cut") or (ending == ".png" and way == "flip")
    if way == "cut":
        content = content[:place]
    elif way == "flip":
        content = content[:place] + bytes([content[place] ^ data.draw(st.integers(1, 255))]) + content[place + 1 :]
    elif way == "overwrite":
        content = content[:place] + data.draw(st.binary(max_size=40)) + content[place + 40 :]
    elif way == "random":
        content = content[: data.draw(st.integers(0, 8))] + data.draw(st.binary(max_size=200))
    elif way == "text":
        content = data.draw(st.text()).encode()
    else:
        ending = data.draw(st.sampled_from([".jpg", ".gif", ".tif", ".png"]))
    mask = drawn_plain(np.zeros(expected.shape[:2], bool))[:2]
    try:
        image, _ = load(tmp_path, (ending, content), mask)
    except DataError as error:
        text = str(error)
        assert f"a{ending}" in text or "a.png has " in text and "its image" in text
        assert "\n" not in text and text.endswith(".") and len(text) < 600 and " at 0x" not in text
        assert way != "other ending", f"a file goes by its content: {text}"
    else:
        assert not sound or np.abs(image - expected).max() <= 0.51, "a wrong image without a word"


@st.composite
def soft(draw):
    """A drawing of one or two discs, and a mask of it with soft edges: ending, bytes, what is drawn."""
    y, x = np.mgrid[:64, :64]
    inside = np.zeros((64, 64), bool)
    for _ in range(draw(st.integers(1, 2))):
        a, b, radius = (draw(st.integers(*limits)) for limits in ((12, 52), (12, 52), (6, 12)))
        inside |= (y - a) ** 2 + (x - b) ** 2 < radius**2
    picture = Image.fromarray(inside.astype(np.uint8) * np.uint8(255))
    way = draw(st.sampled_from(["JPEG", "colour JPEG", "JPEG as PNG", "WebP", "grown"]))
    if way == "grown":
        large = picture.resize((160, 160), Image.Resampling.BICUBIC)
        return ".png", packed(lambda file: large.save(file, "PNG")), np.asarray(large) > 127
    quality = draw(st.integers(50, 100))
    content = packed(
        lambda file: picture.convert("RGB" if way == "colour JPEG" else "L").save(
            file, "WEBP" if way == "WebP" else "JPEG", quality=quality
        )
    )
    if way == "JPEG as PNG":
        content = packed(lambda file: Image.open(io.BytesIO(content)).save(file, "PNG"))
        return ".png", content, inside
    return ".webp" if way == "WebP" else ".jpg", content, inside


@fuzz
@given(soft())
def test_soft_edges_are_cut_in_the_middle_or_refused_with_their_values(data_root, tmp_path, made):
    ending, content, inside = made
    picture = packed(lambda file: Image.new("L", inside.shape[::-1], 9).save(file, "PNG"))
    try:
        _, mask = load(tmp_path, (".png", picture), (ending, content))
    except DataError as error:
        assert f"a{ending} holds the values 0, " in str(error)
    else:
        assert (mask != inside).sum() <= 0.02 * inside.sum()


NIFTI = nibabel.Nifti1Image(np.arange(60, dtype=np.int16).reshape(3, 4, 5), np.eye(4)).to_bytes()


@fuzz
@given(st.integers(0, 351), st.binary(min_size=1, max_size=8), st.integers(0, len(NIFTI)))
def test_a_damaged_header_of_a_volume_is_read_or_refused_by_name(place, changed, end):
    content = (NIFTI[:place] + changed + NIFTI[place + len(changed) :])[: max(end, 360)]
    stored = StoredFile("a.nii", "a.nii", lambda: content, len(content))
    try:
        assert volumes.decode(content, stored)[0].nbytes <= len(content) * 8
    except DataError as error:
        assert str(error).startswith("a.nii ") and "\n" not in str(error)


def several(kind):
    frames = [Image.new("L", (9, 9), value) for value in (0, 90, 180)]
    return packed(lambda file: frames[0].save(file, kind, save_all=True, append_images=frames[1:]))


def plain(mode, kind="TIFF", **options):
    return packed(lambda file: Image.new(mode, (9, 9)).save(file, kind, **options))


def tiff(values, **options):
    return packed(lambda file: tifffile.imwrite(file, values, **options))


GREY = np.arange(81, dtype=np.uint8).reshape(9, 9)
STACK = np.stack([GREY] * 3)
BOMB = packed(lambda file: Image.new("1", (10_000, 9_000)).save(file, "PNG"))


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (several("GIF"), "holds 3 pages: save each one"),
        (several("TIFF"), "holds 3 pages"),
        (several("WEBP"), "holds 3 pages"),
        (several("PNG"), "holds 3 pages"),
        (tiff(STACK, photometric="minisblack"), "holds 3 pages"),
        (tiff(STACK, photometric="minisblack", truncate=True), "holds 3 pages"),
        (tiff(STACK, imagej=True), "holds 3 pages"),
        (plain("CMYK"), "colours as SEPARATED: save it as RGB or grey"),
        (plain("CMYK", "JPEG"), "colours as CMYK"),
        (plain("LAB"), "colours as CIELAB"),
        (tiff(np.dstack([GREY] * 5), photometric="minisblack", planarconfig="contig"), "has 5 channels"),
        (tiff(GREY * (1 + 1j)), "type complex128"),
        (tiff(np.where(GREY == 3, np.nan, GREY)), "holds NaN or infinite values"),
        (tiff(np.where(GREY == 3, np.inf, GREY)), "holds NaN or infinite values"),
        (tiff(GREY.astype(np.uint16), photometric="miniswhite"), "uint16 with 0 as white"),
        (BOMB, "10,000 x 9,000 pixels, over 89,478,485: cut it"),
        (plain("RGBA", "PNG"), "transparent in places"),
        (plain("LA", "PNG"), "transparent in places"),
        (plain("P", "PNG", transparency=0), "transparent in places"),
        (b"", "truncated or not an image .no PNG, JPEG, TIFF"),
        (b"<html>Please log in</html>", "truncated or not an image"),
    ],
)
def test_pictures_that_cannot_be_read_rightly_are_refused_with_the_reason(data_root, tmp_path, content, words):
    with pytest.raises(DataError, match=rf"images/a\.png .*{words}"):
        load(tmp_path, (".png", content), drawn_plain(np.zeros((9, 9), bool))[:2])

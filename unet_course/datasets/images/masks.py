"""Which pixels of a mask are drawn: decided by its values alone, and refused where they leave it open."""

import numpy as np
from scipy.ndimage import maximum_filter

from .. import DataError

_FEW = 20  # numbers 1, 2, 3, ... up to this one are classes, however few pixels they have
_EDGE = 2  # pixels from an edge up to which JPEG and anti-aliasing leave values in between
_DARK = 64  # a JPEG whose brightest value lies below has lost its shapes
_SAVE = "save it as PNG with 0 outside and 255 inside."


def foreground(path, found):
    """The pixels that a mask does not show in black.

    Parameters
    ----------
    path : path
        For messages.
    found : Decoded

    Returns
    -------
    ndarray of bool, (H, W)

    Raises
    ------
    DataError
    """
    colours = _on_black(path, found)
    values = colours.max(axis=-1) if colours.ndim == 3 else colours
    if not np.isfinite(values).all():
        raise DataError(f"{path} holds NaN or infinite values: {_SAVE}")
    low, top = float(values.min()), float(values.max())
    if low < 0:
        raise DataError(f"{path} holds values below 0, from {low:g} to {top:g}: {_SAVE}")
    if low > 0:
        if (colours != colours[0, 0]).any():
            raise DataError(f"{path} has no background, which is 0 or black, but {_listed(values)}: {_SAVE}")
        return np.ones(values.shape, bool)
    if found.lossy and 0 < top < _DARK:
        raise DataError(f"{path} holds {_listed(values)}, which its compression has changed: {_SAVE}")
    if ((values == 0) | (values == top)).all():
        return values > 0
    if _numbered(values, top, found.lossy):
        return values > 0
    if _soft_edges(values, top, found.lossy):
        return values >= top / 2
    raise DataError(f"{path} holds {_listed(values)}, neither one value, nor numbers, nor the edge of one: {_SAVE}")


def drawn_values(path, found):
    """The values that `foreground` takes for drawn, each once: several are classes, or objects with numbers.

    Parameters
    ----------
    path : path
        For messages.
    found : Decoded
        Of a mask that `foreground` does not refuse.

    Returns
    -------
    list of str
        "255" for grey, "#d55e00" for a colour; of soft edges the full value alone. Empty where nothing is drawn, and
        where the compression has changed values.
    """
    colours = _on_black(path, found)
    values = colours.max(axis=-1) if colours.ndim == 3 else colours
    top = values.max()
    if found.lossy or top == 0:
        return []
    drawn = colours[values > 0 if _numbered(values, top, found.lossy) else values == top]
    if drawn.ndim == 1 or (drawn == drawn[:, :1]).all():
        return [f"{value:g}" for value in np.unique(drawn)]
    return ["#" + "".join(f"{value:02x}" for value in colour) for colour in np.unique(drawn, axis=0)]


def _on_black(path, found):
    """The colours as a black ground shows them."""
    values, alpha = found.values, found.alpha
    if alpha is not None and alpha.min() < 255:
        shown = (values.astype(np.uint16) * alpha[..., None] + 127) // 255
        if not shown.any() and (values.any() or alpha.any()):
            raise DataError(f"{path} shows nothing on black but is not empty: draw in white, without transparency.")
        values = shown
    if found.numbers is not None and len(np.unique(found.numbers[(values == 0).all(axis=-1)])) > 1:
        raise DataError(f"{path} shows several numbers of its palette in black: save the numbers as a grey PNG.")
    return values


def _numbered(values, top, lossy):
    """True where the values are the numbers of classes or objects, and no edge of one."""
    share = 0 if lossy else _share_of_numbers(values)
    return share == 1 or (share > 0.5 and not _soft_edges(values, top, lossy))


def _share_of_numbers(values):
    """How many of the values look like the number of a class or an object, from 0 to 1.

    A number is whole, and most of its pixels lie in areas of it. Few numbers in a row need no area; a ramp is none.
    """
    if (values != np.rint(values)).any():
        return 0
    squares = _squares(values)
    inside = np.zeros(values.shape, bool)
    for corner in (np.s_[:-1, :-1], np.s_[1:, :-1], np.s_[:-1, 1:], np.s_[1:, 1:]):
        inside[corner] |= squares
    drawn = values > 0
    levels, which = np.unique(values[drawn], return_inverse=True)
    if len(levels) <= _FEW:
        if len(levels) == levels[-1]:
            return 1
    else:
        steps = np.concatenate([np.abs(np.diff(values.astype(float), axis=axis)).ravel() for axis in (0, 1)])
        if np.mean(steps[steps > 0] <= 2) > 0.5:
            return 0
    return np.mean(np.bincount(which, inside[drawn]) >= np.bincount(which) / 2)


def _soft_edges(values, top, lossy):
    """True where all values in between lie along edges from dark to bright, and none has an area of its own."""
    dark, bright = values < top / 4, values > top * 3 / 4
    beside = [maximum_filter(part, 2 * _EDGE + 1) for part in (dark, bright)]
    if not (dark | bright | np.logical_and(*beside)).all():
        return False
    between = values[(values > 0) & (values < top)]
    squares = _squares(values)
    larger = squares[:-1, :-1] & squares[1:, :-1] & squares[:-1, 1:] & squares[1:, 1:]
    areas = values[:-2, :-2][larger]
    return not ((areas > 0) & (areas <= top * 3 / 4)).any() and (lossy or len(np.unique(between)) > 3)


def _squares(values):
    """Where 2 x 2 pixels have one value."""
    a, b, c, d = values[:-1, :-1], values[1:, :-1], values[:-1, 1:], values[1:, 1:]
    return (a == b) & (a == c) & (a == d)


def _listed(values):
    levels = np.unique(values)
    some = ", ".join(f"{level:g}" for level in levels[:5])
    return f"the values {some}" + (f", ... {levels[-1]:g} ({len(levels)} in all)" if len(levels) > 5 else "")

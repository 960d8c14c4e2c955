"""Does this MR image show a brain without its skull, on black? Sentences that say what speaks against it."""

import numpy as np
from scipy import ndimage

from .mr import as_spacing

_BONE, _DEEP = 15, 25  # mm under the surface: the deepest that bone can lie, and where only brain is left
_BRAIN_ML = (700, 2000)  # a child's brain and the largest adult one, with some fluid around it


def check_skull_strip(image, spacing):
    """Say what speaks against this being a brain without its skull, on black.

    A sanity check, no proof: it measures where the image is above 0, and how bright it is at each depth.

    Parameters
    ----------
    image : ndarray, (H, W) or (Z, H, W)
        One modality.
    spacing : float or sequence of float
        Millimetres from pixel to pixel, along each axis in the order of the array.

    Returns
    -------
    list of str
        One sentence for each thing that looks wrong; empty when all looks right: the background is 0, there is one
        piece without holes, no bright shell lies over a dark one (scalp over bone), and a volume has 700 to 2000 mL.
        Explained in the chapter on preparing MR images, section "Is the skull gone?".
    """
    image = np.asarray(image)
    spacing = as_spacing(spacing, image.ndim)
    if not np.isfinite(image).all():
        return ["The image holds NaN or infinity."]
    head = image > 0
    if not head.any():
        return ["The image is empty."]
    doubts = [f"The image goes down to {image.min():g}; the background should be 0."] if image.min() < 0 else []
    border = np.concatenate([np.take(head, end, axis).ravel() for axis in (-1, -2) for end in (0, -1)])
    if border.mean() > 0.5:
        doubts.append(f"{border.mean():.0%} of the image's border is above 0: the background has not been removed.")
    return doubts + _doubts_about_shape(head, spacing) + _doubts_about_scalp(image, head, spacing)


def _doubts_about_shape(head, spacing):
    doubts = []
    pieces, count = ndimage.label(head)
    largest = np.bincount(pieces.ravel())[1:].max() / head.sum()
    if largest < 0.95:
        doubts.append(f"There are {count} pieces, and the largest holds only {largest:.0%} of what is above 0.")
    holes = ndimage.binary_fill_holes(head).sum() / head.sum() - 1
    if holes > 0.02:
        doubts.append(f"Holes take up {holes:.0%} as much room as the brain: part of it may be missing.")
    millilitres = head.sum() * spacing.prod() / 1000
    if head.ndim == 3 and not _BRAIN_ML[0] <= millilitres <= _BRAIN_ML[1]:
        doubts.append(
            f"What is above 0 has {millilitres:.0f} mL, where a brain has {_BRAIN_ML[0]} to {_BRAIN_ML[1]}: the skull "
            "is still there, part of the brain is missing, or the spacing is wrong."
        )
    return doubts


def _doubts_about_scalp(image, head, spacing):
    """Is there a bright shell (scalp) over one that is darker (bone) than what lies deep?"""
    filled = np.pad(ndimage.binary_fill_holes(head), 1)
    depth = ndimage.distance_transform_edt(filled, (*spacing,))[(slice(1, -1),) * head.ndim]
    if not (depth > _DEEP).any():
        return []
    width = spacing[-2:].max()
    edges = np.arange(0, _BONE, width)
    profile = np.array([np.median(image[(depth > edge) & (depth <= edge + width)]) for edge in edges])
    brightest = np.maximum.accumulate(profile)  # from the surface down to each shell
    bone = (profile < brightest / 1.5) & (profile < 0.9 * np.median(image[depth > _DEEP]))
    if bone.any():
        place = edges[np.argmax(bone)]
        return [f"A bright shell lies over a dark one {place:.0f} mm deep, as scalp lies over bone."]
    return []

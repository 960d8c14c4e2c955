"""The head that every brain phantom is bent from: a published average brain, and around it skull, face and neck."""

import functools
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .space import soft

SPACING = 1.5  # mm; the maps are averages over 152 people and hold no finer detail
LOWER = np.array([-102.0, -142.0, -130.0], dtype=np.float32)  # first corner, mm
UPPER = np.array([102.0, 128.0, 100.0], dtype=np.float32)
CHANNELS = ("grey matter", "white matter", "brain distance", "head distance", "fat", "air", "bone", "water")
DISTANCES = -20.0, 4.0  # a stored distance of 0 is -20 mm, each step a quarter of a millimetre
CORD = (0.0, -43.0, -66.0), 6.5, 9.5  # where the brain stem is cut off, radius of the cord, of the canal around it


@dataclass(frozen=True)
class Atlas:
    """The head as eight maps on one grid.

    Attributes
    ----------
    maps : array of uint8, shape (X, Y, Z, 8)
        In the order of `CHANNELS`. Fractions as 0 to 255; distances (negative inside) in quarters of a millimetre,
        from -20 mm on. Axes run to the right, the front and the top; a step is `SPACING`.
    """

    maps: np.ndarray

    def __call__(self, points):
        """Interpolate the maps.

        Parameters
        ----------
        points : array of float32, shape (3, ...)
            Right, front and up, mm, in the space of the MNI152 template. Outside the grid its border is repeated.

        Returns
        -------
        array of float32, shape (8, ...)
            In the order of `CHANNELS`; fractions in [0, 1], distances in mm.
        """
        sides = np.array(self.maps.shape[:3])
        place = (points.reshape(3, -1).T - LOWER) / np.float32(SPACING)
        place = np.clip(place, 0, sides - np.float32(1.001))
        corner = place.astype(np.int32)
        part = (place - corner).astype(np.float32)
        packed = self.maps.view(np.uint64).ravel()  # a voxel's eight bytes are fetched as one number
        first = (corner[:, 0] * sides[1] + corner[:, 1]) * sides[2] + corner[:, 2]
        result = np.zeros((first.size, len(CHANNELS)), dtype=np.float32)
        for x in (0, 1):
            for y in (0, 1):
                for z in (0, 1):
                    weight = np.prod(np.where((x, y, z), part, 1 - part), axis=1, keepdims=True)
                    voxels = packed[first + (x * sides[1] + y) * sides[2] + z]
                    result += weight * voxels.view(np.uint8).reshape(-1, len(CHANNELS))
        result /= 255
        result[:, 2:4] = result[:, 2:4] * 255 / DISTANCES[1] + DISTANCES[0]
        return result.T.reshape(len(CHANNELS), *points.shape[1:])


@functools.cache
def atlas():
    """Build the head; takes about three seconds, once in a process.

    Grey and white matter are the maps of the MNI152 template, symmetric, 2009 (Fonov et al. 2011, NeuroImage 54,
    doi:10.1016/j.neuroimage.2010.07.033), as nilearn ships them. The template ends at the brain; face, eyes, sinuses,
    neck and spinal cord are ellipsoids and tubes placed by hand: enough to look at, no anatomy to learn from.

    Returns
    -------
    Atlas
    """
    from nilearn import datasets

    x, y, z = grid = np.meshgrid(
        *(np.arange(low, high, SPACING, dtype=np.float32) for low, high in zip(LOWER, UPPER, strict=True)),
        indexing="ij", sparse=True,
    )  # fmt: skip
    template = [datasets.load_mni152_gm_template(resolution=1), datasets.load_mni152_wm_template(resolution=1)]
    origin = template[0].affine[:3, 3]
    places = np.stack(np.broadcast_arrays(*(axis - start for axis, start in zip(grid, origin, strict=True))))
    grey, white = (ndimage.map_coordinates(image.get_fdata(dtype=np.float32), places, order=1) for image in template)
    (stem_x, stem_y, stem_z), cord, canal = CORD
    below = z < stem_z
    axis = np.hypot(x - stem_x, y - stem_y - 0.25 * (z - stem_z))  # the cord leans back as it goes down
    white = np.where(below, np.maximum(white, _border(cord - axis)), white)
    brain = (ndimage.binary_closing(grey + white > 0.35, iterations=5)) | (below & (axis < canal))
    distance = _distance(brain)
    parts = _face(x, y, z, distance)
    outer = np.minimum(distance - 14, _outside(x, y, z))
    maps = [grey * 255, white * 255, *((d - DISTANCES[0]) * DISTANCES[1] for d in (distance, outer))]
    maps += [255 * parts[name] for name in CHANNELS[4:]]
    return Atlas(np.stack([np.clip(np.rint(part), 0, 255).astype(np.uint8) for part in maps], axis=-1))


def _distance(inside):
    """Signed distance to the border of a region, mm, negative inside."""
    outward = ndimage.distance_transform_edt(~inside, sampling=SPACING)
    inward = ndimage.distance_transform_edt(inside, sampling=SPACING)
    return (outward - inward).astype(np.float32)


def _outside(x, y, z):
    """Distance, roughly, to the skin of face, nose, ears and neck."""
    face = _ellipsoid(x, y, z, (0, 36, -66), (68, 58, 74))
    nose = _ellipsoid(x, y, z, (0, 92, -58), (14, 20, 24))
    ears = _ellipsoid(abs(x), y, z, (77, -22, -42), (9, 15, 26))
    neck = np.maximum(_ellipsoid(x, y, 0, (0, -14, 0), (58, 62, 1)), z + 50)
    return np.minimum(np.minimum(face, nose), np.minimum(ears, neck))


def _face(x, y, z, brain_distance):
    """Fractions of fat, air, bone and water (the eyes) outside the skull; the rest of the face is muscle."""
    side = abs(x)
    eye = _border(-_ellipsoid(side, y, z, (32, 61, -36), (12, 12, 12)))
    lens = _border(-_ellipsoid(side, y, z, (32, 70.5, -36), (5, 2.2, 5)))
    orbit = _border(-_ellipsoid(side, y, z, (28, 48, -36), (18, 26, 17)))
    nerve = _border(2.2 - np.hypot(side - (10 + 0.6 * (y - 22)), z + 34)) * (y < 50)
    air = np.maximum.reduce(
        [
            _border(-_ellipsoid(side, y, z, (7, 60, -52), (5, 26, 18))),  # nose
            _border(-_ellipsoid(side, y, z, (29, 52, -66), (13, 17, 15))),  # cheeks
            _border(-_ellipsoid(side, y, z, (6, 24, -44), (7, 11, 8))),  # sphenoid
            _border(-_ellipsoid(side, y, z, (9, 81, -10), (8, 3.5, 9))),  # forehead
            _border(7 - np.hypot(x, y - 8 - 0.15 * (z + 90))) * (z < -66),  # throat
        ]
    )
    bone = np.maximum.reduce(
        [
            _border(-_ellipsoid(side, y, z, (44, -24, -46), (26, 12, 12))),  # petrous
            _border(3 - abs(_ellipsoid(side, y, z, (0, 40, -104), (40, 42, 20)))) * (z < -92),  # jaws
            _border(-_ellipsoid(x, y, z, (0, -18, -100), (14, 12, 60))),  # vertebrae
        ]
    )
    free = _border(brain_distance - 3)
    air, bone, eye, lens, orbit, nerve = (free * part for part in (air, bone, eye, lens, orbit, nerve))
    bone = np.maximum(bone, lens) * (1 - air)
    water = eye * (1 - lens) * (1 - air)
    fat = np.clip(orbit * (1 - nerve) - eye - air - bone, 0, 1)
    return {"fat": fat, "air": air, "bone": bone, "water": water}


def _ellipsoid(x, y, z, centre, radii):
    """Distance to an ellipsoid, mm: exact on its surface and of the right order beside it."""
    centred = [(axis - place) / radius for axis, place, radius in zip((x, y, z), centre, radii, strict=True)]
    return (np.sqrt(sum(axis**2 for axis in centred)) - 1) * min(radius for radius in radii if radius > 1)


def _border(distance):
    """1 inside and 0 outside, with a border one voxel wide; `distance` in mm, positive inside."""
    return soft(distance, SPACING)

"""One synthetic person: the atlas turned, stretched and bent, and which tissue lies where."""

import numpy as np

from .atlas import atlas
from .mr import INDEX, TISSUES
from .space import Field, soft

VENTRICLES = np.array([0, -12, 14], dtype=np.float32)  # centre, mm
EDGE = 1.4  # mm over which one tissue gives way to the next


class Head:
    """A head of its own shape and pose.

    Parameters
    ----------
    rng : numpy.random.Generator
    """

    def __init__(self, rng):
        self.atlas = atlas()
        angles = rng.normal(0, (0.05, 0.05, 0.07))  # about the axes to the right, to the front and up
        self.turn = (_rotation(angles) / np.exp(rng.normal(0, (0.035, 0.04, 0.03)))[:, None]).astype(np.float32)
        self.shift = rng.normal(0, (3, 5, 0)).astype(np.float32)
        self.warp = [Field(rng, 42) for _ in range(3)]
        self.bend = rng.uniform(2, 4.5)
        self.ventricles = rng.uniform(-0.2, 0.45)
        self.fluid = rng.uniform(1.0, 3.2)  # thickness of the CSF over the brain, mm
        self.atrophy = rng.uniform(-0.03, 0.09)
        self.skull = rng.uniform(0.8, 1.25)
        self.mottle = Field(rng, 8), Field(rng, 3)
        self.lesions = Field(rng, 9) if rng.random() < 0.35 else None  # white-matter lesions of age, not drawn

    def place(self, points):
        """Where in the atlas the tissue at these points (3, ...) comes from, mm."""
        turned = np.tensordot(self.turn, points + self.shift.reshape(-1, *[1] * (points.ndim - 1)), 1)
        bent = turned + self.bend * np.stack([field(points) for field in self.warp])
        offset = bent - VENTRICLES.reshape(-1, *[1] * (points.ndim - 1))
        near = np.exp(-0.5 * ((offset[0] / 20) ** 2 + (offset[1] / 42) ** 2 + (offset[2] / 20) ** 2))
        return bent - self.ventricles * near * offset

    def tissues(self, plane, tumour=None):
        """Share of each tissue in each pixel.

        Parameters
        ----------
        plane : Plane
        tumour : Tumour, optional
            Pushes its surroundings away and takes their place.

        Returns
        -------
        fractions : array of float32, shape (tissues, H, W)
            In the order of `mr.TISSUES`, sum 1.
        maps : array of float32, shape (8, H, W)
            What the atlas says about each pixel, see `atlas.CHANNELS`.
        drawn : array, shape (H, W), or None
            What an annotator draws of the tumour, see its `grow`.
        """
        moved = self.place if tumour is None else lambda points: self.place(tumour.push(points))
        places = plane.smoothly(moved, 5)
        maps = self.atlas(places)
        fractions = self._normal(maps, places, plane)
        drawn = None if tumour is None else tumour.grow(fractions, maps, plane)
        return fractions, maps, drawn

    def brain(self, points):
        """Distance to the brain's surface, mm, negative inside, and the share of white matter, at points (3, ...)."""
        maps = self.atlas(self.place(points))
        return maps[2], maps[1]

    def _normal(self, maps, places, plane):
        grey, white, distance, outer, fat, air, bone, water = maps
        fractions = np.zeros((len(TISSUES), *plane.shape), dtype=np.float32)
        inside = soft(-distance, EDGE)
        # The template is an average: a power brings back some of the sharpness that averaging took.
        powers = np.stack([white, grey * (1 - self.atrophy), np.maximum(1 + self.atrophy - grey - white, 0)]) ** 1.7
        fractions[1:4] = inside * powers / powers.sum(0).clip(1e-6)
        if self.lesions is not None:
            spots = np.clip(2 * self.lesions.on(plane) - 4.4, 0, 1) * fractions[1]
            fractions[1] -= spots
            fractions[INDEX["oedema"]] += spots

        self._skull(fractions, distance, places, inside)
        skin = soft(-outer, EDGE)
        rest = np.clip(skin - fractions.sum(0), 0, 1)
        depth = -outer
        mottle = np.clip(0.25 * (self.mottle[0].on(plane) + self.mottle[1].on(plane)), 0, 0.6)
        fatty = np.where(depth < 7, soft(depth - 1.8, EDGE), mottle)
        named = np.stack([fat, air, bone, water])
        named /= named.sum(0).clip(1)
        plain = rest * (1 - named.sum(0))
        for name, share in zip(("fat", "air", "bone", "water"), named, strict=True):
            fractions[INDEX[name]] += rest * share
        fractions[INDEX["fat"]] += plain * fatty
        fractions[INDEX["muscle"]] += plain * (1 - fatty)
        fractions[0] += np.clip(1 - fractions.sum(0), 0, 1)
        return fractions

    def _skull(self, fractions, distance, places, inside):
        """CSF, dura, three layers of bone and the large veins, outwards from the brain."""
        x, y, z = places
        base = np.clip((z + 0.35 * y + 15) / 40, 0.4, 1) * self.skull  # thinner above the eyes and under the brain
        edges = np.cumsum(
            [self.fluid * np.ones_like(base), np.full_like(base, 0.9), 1.6 * base, 2.6 * base, 1.6 * base], axis=0
        )
        reached = inside
        for name, edge in zip(("csf", "dura", "bone", "diploe", "bone"), edges, strict=True):
            within = soft(edge - distance, EDGE)
            fractions[INDEX[name]] += np.maximum(within - reached, 0)
            reached = np.maximum(within, reached)
        # The falx and the sagittal sinus lie in the midline, between the halves of the brain and under the vault.
        midline = np.exp(-0.5 * (x / 0.9) ** 2) * np.clip((z - 0.6 * np.maximum(y, 0) - 12) / 6, 0, 1)
        falx = 0.7 * midline * fractions[3]
        vein = np.exp(-0.5 * (x / 3.2) ** 2) * np.clip((z - 0.2 * y) / 10, 0, 1) * (distance > -2)
        vein = vein * (fractions[3] - falx)
        fractions[3] -= falx + vein
        fractions[INDEX["dura"]] += falx
        fractions[INDEX["blood"]] += vein


def _rotation(angles):
    """Matrix that turns about the first, then the second, then the third axis; radians."""
    matrix = np.eye(3)
    for axis, angle in enumerate(angles):
        one, two = (axis + 1) % 3, (axis + 2) % 3
        step = np.eye(3)
        step[one, one] = step[two, two] = np.cos(angle)
        step[two, one], step[one, two] = np.sin(angle), -np.sin(angle)
        matrix = step @ matrix
    return matrix

"""Synthetic tumours: where they sit, how ragged they are, what they push away, and what an annotator would draw."""

import numpy as np

from .head import EDGE
from .mr import INDEX
from .space import Field, soft


class Tumour:
    """What all tumours share: an ellipsoid with a ragged surface that pushes its surroundings away.

    Its level is 0 at the centre and 1 on the surface.

    Parameters
    ----------
    rng : numpy.random.Generator
    centre : array of float, shape (3,)
        mm.
    radius : float
        Mean radius, mm.
    roughness : float
        How far the surface strays, relative to the radius.
    pressure : float
        How far it pushes its surroundings, relative to the radius.
    """

    def __init__(self, rng, centre, radius, *, roughness, pressure):
        self.centre, self.radius = np.asarray(centre, dtype=np.float32), radius
        axes, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        stretch = np.exp(rng.normal(0, 0.18, 3))
        self.shape = (axes * (stretch / stretch.prod() ** (1 / 3)) @ axes.T / radius).astype(np.float32)
        self.roughness, self.pressure = roughness, pressure
        self.lumps = Field(rng, max(6, 0.75 * radius)), Field(rng, max(4, 0.3 * radius)), Field(rng, 3.2)
        self.inner = Field(rng, max(4, 0.35 * radius))

    def push(self, points):
        """Where the tissue at these points (3, ...) was before the tumour pushed it, mm."""
        offset = points - self.centre.reshape(-1, *[1] * (points.ndim - 1))
        far = np.sqrt((offset**2).sum(0)) / self.radius
        return points - self.pressure * np.exp(-(far**2) / 2) * offset

    def levels(self, plane):
        """The level of each pixel, float32 (H, W), and the same for a hand that smooths over the finest detail."""
        offset = plane.points() - self.centre.reshape(3, 1, 1)
        round_level = np.sqrt((np.tensordot(self.shape, offset, 1) ** 2).sum(0))
        near = self.roughness * np.exp(-(((round_level - 1) / 0.75) ** 2))
        coarse, middle, fine = (field.on(plane) for field in self.lumps)
        drawn = round_level + near * (0.75 * coarse + 0.55 * middle)
        return drawn + near * 0.35 * fine, drawn + near * 0.12 * fine

    def touches(self, plane):
        """Whether the plane comes near enough to matter."""
        normal = np.cross(plane.down, plane.across)
        return abs((self.centre - plane.origin) @ normal) / np.linalg.norm(normal) < 3 * self.radius


class LowGrade(Tumour):
    """A lower-grade glioma: one soft-edged, uneven region that prefers white matter, and rarely takes up contrast."""

    def __init__(self, rng, centre, radius):
        super().__init__(rng, centre, radius, roughness=rng.uniform(0.25, 0.6), pressure=rng.uniform(0, 0.25))
        self.edge = rng.uniform(1.5, 5)  # mm over which it fades
        self.hand = np.exp(rng.normal(0, 0.07))  # annotators disagree about the radius
        self.fluid = rng.uniform(-2.2, 0.3)
        t1 = rng.uniform(1350, 2000)
        agent = rng.uniform(0.08, 0.25) if rng.random() < 0.2 else 0.02
        self.values = {"solid": (t1, rng.uniform(110, 180), rng.uniform(0.82, 0.93), agent)}

    def grow(self, fractions, maps, plane):
        """Turn brain into tumour, in place; return what an annotator draws on FLAIR, bool (H, W)."""
        level, drawn = self.levels(plane)
        reluctance = _reluctance(maps)
        amount = soft((1 - level - reluctance) * self.radius, self.edge) * _in_brain(maps)
        fluid = amount * np.clip(0.8 * (self.inner.on(plane) + self.fluid), 0, 0.8) * (level < 0.8)
        _replace(fractions, {"solid": amount - fluid, "necrosis": fluid})
        return (drawn / self.hand + reluctance < 1) & (maps[2] < 0.5)


class Glioblastoma(Tumour):
    """A glioma as in BraTS: core, ring that takes up contrast (unless `enhancing` is False), oedema in white matter."""

    def __init__(self, rng, centre, radius, *, enhancing=True):
        super().__init__(rng, centre, radius, roughness=rng.uniform(0.2, 0.45), pressure=rng.uniform(0.1, 0.35))
        self.core = rng.uniform(0.45, 0.7)
        self.reach = rng.uniform(0.35, 0.9)  # of the oedema, in radii
        self.values = {"rim": (1700, 130, 0.88, rng.uniform(0.15, 0.5) if enhancing else 0.02)}
        self.rim_label = 4 if enhancing else 1

    def grow(self, fractions, maps, plane):
        """Turn brain into tumour, in place; return labels as in BraTS, uint8 (H, W).

        1 is necrosis and tumour that does not enhance, 4 the enhancing ring, 2 oedema.
        """
        level, _ = self.levels(plane)
        uneven = self.inner.on(plane)
        # How deep each pixel lies in the core, in core and rim, in all of it; in radii, negative outside.
        depths = (
            self.core + 0.16 * uneven - level,
            1 - level,
            self.reach * (0.15 + 0.85 * maps[1]) - (level - 1),
        )
        edges = 2.0, 1.5, 4.0  # mm over which core, rim and oedema fade
        core, rim, oedema = (soft(depth * self.radius, edge) for depth, edge in zip(depths, edges, strict=True))
        brain = _in_brain(maps)
        oedema = 0.85 * brain * np.clip(oedema - np.maximum(core, rim), 0, 1)
        rim = brain * np.clip(rim - core, 0, 1)
        patchy = rim * np.clip(0.7 + 0.3 * uneven, 0.3, 1)  # a rim takes up contrast unevenly
        _replace(fractions, {"necrosis": brain * core, "rim": patchy, "solid": rim - patchy, "oedema": oedema})
        labels = np.select([depth > 0 for depth in depths], [1, self.rim_label, 2], 0)
        return (labels * (maps[2] < 0.5)).astype(np.uint8)


class Solid(Tumour):
    """A meningioma or an adenoma of the pituitary: smooth, even, bright after contrast, not made of brain."""

    def __init__(self, rng, centre, radius, *, at_surface):
        super().__init__(rng, centre, radius, roughness=rng.uniform(0.05, 0.16), pressure=0.3)
        self.at_surface = at_surface
        self.values = {"rim": (1500, 90, 0.85, rng.uniform(0.3, 0.6))}

    def grow(self, fractions, maps, plane):
        """Put the tumour in the place of what was there, but not in that of bone; changes the tissues in place."""
        level, _ = self.levels(plane)
        bound = soft((2.5 if self.at_surface else 9.0) - maps[2], 1)
        amount = soft((1 - level) * self.radius, 1.2) * bound
        dull = amount * np.clip(0.25 * self.inner.on(plane), 0, 0.5)
        _replace(fractions, {"rim": amount - dull, "solid": dull})


def inside_white_matter(rng, head, radius):
    """Choose the centre of a glioma: some way under the surface, in white matter, above the stem; (3,) mm."""
    return _choose(rng, head, lambda distance, white: (distance < -min(14, 0.45 * radius)) & (white > 0.45), -32)


def on_surface(rng, head, radius):
    """Choose the centre of a meningioma: about half a radius under the surface of the brain; (3,) mm."""
    return _choose(rng, head, lambda distance, white: abs(distance + 0.55 * radius) < 3, -20)


def _choose(rng, head, fits, lowest):
    while True:
        points = rng.uniform((-70, -100, lowest), (70, 70, 72), (200, 3)).T.astype(np.float32)
        cerebellum = (points[1] < -35) & (points[2] < -12)
        good = np.nonzero(fits(*head.brain(points)) & ~cerebellum)[0]
        if good.size:
            return points[:, good[0]]


def _reluctance(maps):
    """Gliomas follow white matter: grey matter and fluid cost them some of their reach; in radii."""
    return 0.1 * maps[0] + 0.35 * np.clip(1 - maps[0] - maps[1], 0, 1)


def _in_brain(maps):
    return soft(-maps[2], EDGE) * np.clip(2 * (maps[0] + maps[1]), 0, 1)


def _replace(fractions, parts):
    """Put the parts in, and scale what was there to the room that is left."""
    fractions *= np.clip(1 - sum(parts.values()), 0, 1)
    for name, part in parts.items():
        fractions[INDEX[name]] += part

"""Write synthetic lower-grade gliomas in the on-disk layout of the LGG MRI segmentation set."""

import shutil
from dataclasses import dataclass

import numpy as np
import pandas as pd
from PIL import Image
from tqdm.auto import tqdm

from ..datasets.lgg import CLINICAL
from .anatomy.head import Head
from .anatomy.mr import Scanner
from .anatomy.space import axial
from .anatomy.tumours import LowGrade, inside_white_matter
from .writing import write_set

VERSION = 2  # raise when the same seed gives other pixels
SEQUENCES = ("t1", "flair", "t1ce")  # the three channels of a slice
README = (
    "# Synthetic slices in the layout of the LGG segmentation dataset\n\nDrawn by unet_course.phantoms. No patient.\n"
)


@dataclass(frozen=True)
class Site:
    """A hospital: how its images differ from another's.

    Attributes
    ----------
    share : int
        Patients, in proportion; as the five hospitals of the real set.
    snr : float
        Signal of white matter over noise.
    shading : float
        See `mr.Scanner`.
    field_of_view : float
        mm.
    white : tuple of float
        Grey level of white matter in the three channels.
    """

    share: int
    snr: float
    shading: float
    field_of_view: float
    white: tuple


SITES = {
    "SA": Site(45, 28, 0.10, 250, (48, 42, 46)),
    "SB": Site(34, 22, 0.14, 255, (58, 50, 60)),
    "SC": Site(16, 34, 0.06, 245, (44, 56, 44)),
    "SD": Site(14, 16, 0.22, 265, (66, 38, 70)),
    "SE": Site(1, 24, 0.28, 248, (40, 62, 40)),
}


def write(dest, *, n_patients=12, n_slices=None, size=256, nested_copy=False, seed=0):
    """Write a synthetic LGG set that can be read like the real one; do nothing when it is already there.

    The layout is `dest/kaggle_3m/TCGA_<site>_<patient>_<date>/..._<n>.tif` with `..._<n>_mask.tif` beside it, and
    `data.csv`. As in the real set, every eighteenth patient has a copy of FLAIR in the place of both other
    channels, and every twenty-seventh in that of the last one; `data.csv` has codes and gaps, and means nothing.
    `dest/PHANTOM.json` says that the set is synthetic and how it was made.

    Parameters
    ----------
    dest : path-like
    n_patients : int
        The real set has 110, from five hospitals.
    n_slices : int, optional
        Slices of each patient, from the neck to the vertex. Default: 20 to 88, median 33, as in the real set.
    size : int
        Side in pixels; at least 32. The real slices have 256.
    nested_copy : bool
        Write everything a second time to `dest/lgg-mri-segmentation/`, as the published archive does.
    seed : int
        The same seed gives the same pixels.

    Returns
    -------
    Path
        `dest`.

    Raises
    ------
    ValueError
        When there is no patient, a patient would have no slice or slices are too small, or when `dest` holds files
        but no PHANTOM.json: it may be real data.
    """
    if n_patients < 1 or (n_slices is not None and n_slices < 1) or size < 32:
        raise ValueError(
            f"{n_patients} patients of {n_slices} slices of {size} pixels cannot be drawn: "
            "use at least 1 patient, 1 slice and 32 pixels"
        )

    def fill(folder):
        top = folder / "kaggle_3m"
        patients = [_Patient(number, n_patients, n_slices, size, seed) for number in range(n_patients)]
        with tqdm(desc="phantom LGG", total=sum(map(len, patients)), unit="slice") as progress:
            for patient in patients:
                _write_patient(top / patient.name, patient, progress)
        _clinical(patients, np.random.default_rng([seed, n_patients])).to_csv(top / "data.csv", index=False)
        (top / "README.md").write_text(README, encoding="utf-8")
        if nested_copy:
            shutil.copytree(top, folder / "lgg-mri-segmentation" / "kaggle_3m")

    record = {"key": "lgg", "seed": seed, "n_patients": n_patients, "n_slices": n_slices, "size": size}
    return write_set(dest, record | {"nested_copy": nested_copy, "version": VERSION}, fill)


class _Patient:
    """One head with one tumour, and how it is cut into slices; the head is made when the slices are drawn."""

    def __init__(self, number, n_patients, n_slices, size, seed):
        self.number, self.size = number, size
        self.rng = rng = np.random.default_rng([seed, number])
        bounds = np.cumsum([site.share for site in SITES.values()]) / sum(site.share for site in SITES.values())
        code = list(SITES)[np.searchsorted(bounds, (number + 0.5) / n_patients)]
        self.site = SITES[code]
        self.name = f"TCGA_{code}_{number + 1:04d}_{20000101 + number % 28}"
        self.n_slices = n_slices or int(np.clip(np.exp(rng.normal(np.log(33), 0.33)), 20, 88))
        bottom, top = rng.uniform(-80, -55), rng.uniform(74, 98)
        self.heights = np.linspace(bottom, top, self.n_slices + 2)[1:-1]

    def __len__(self):
        return self.n_slices

    def slices(self):
        """Draw all slices: pairs of image (H, W, 3) and mask (H, W), both uint8."""
        rng, site = self.rng, self.site
        head = Head(rng)
        radius = np.clip(np.exp(rng.normal(np.log(27), 0.38)), 9, 42)
        tumour = LowGrade(rng, inside_white_matter(rng, head, radius), radius)
        scanner = Scanner(rng, snr=site.snr * np.exp(rng.normal(0, 0.15)), shading=site.shading, tumour=tumour.values)
        white = np.array(site.white) * np.exp(rng.normal(0, 0.2, 3))
        field_of_view = site.field_of_view * np.exp(rng.normal(0, 0.04))
        for height in self.heights:
            # A real slice is 3 to 6 mm thick: two planes, averaged.
            planes = [axial(height + offset, field_of_view, self.size) for offset in (-1.2, 1.2)]
            fractions, mask = 0, False
            for plane in planes:
                near = tumour if tumour.touches(plane) else None
                parts, _, drawn = head.tissues(plane, near)
                fractions = fractions + 0.5 * parts
                mask = mask | drawn if near else mask
            factor = scanner.sensitivity(planes[0]) * scanner.grain(planes[0])
            channels = [scanner.acquire(rng, fractions, name, factor) for name in SEQUENCES]
            image = np.clip(np.rint(np.stack(channels, axis=-1) * white), 0, 255).astype(np.uint8)
            yield self._with_copies(image), np.uint8(255) * np.broadcast_to(mask, image.shape[:2])

    def _with_copies(self, image):
        """Put FLAIR in the place of the sequences that this patient lacks."""
        if self.number % 18 == 5:
            return image[..., [1, 1, 1]]
        return image[..., [0, 1, 1]] if self.number % 27 == 7 else image


def _write_patient(folder, patient, progress):
    folder.mkdir(parents=True)
    for number, (image, mask) in enumerate(patient.slices(), 1):
        Image.fromarray(image).save(folder / f"{patient.name}_{number}.tif")
        Image.fromarray(mask).save(folder / f"{patient.name}_{number}_mask.tif")
        progress.update()


def _clinical(patients, rng):
    codes = rng.integers(1, 4, (len(patients), len(CLINICAL))).astype(float)
    codes[:, CLINICAL.index("age_at_initial_pathologic")] = rng.integers(20, 76, len(patients))
    codes[:, CLINICAL.index("death01")] = rng.integers(0, 2, len(patients))
    codes[rng.random(codes.shape) < 0.05] = np.nan
    table = pd.DataFrame(codes, columns=CLINICAL).astype("Int64")
    table.insert(0, "Patient", [patient.name.rpartition("_")[0] for patient in patients])
    return table

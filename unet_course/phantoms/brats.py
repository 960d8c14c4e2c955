"""Write synthetic gliomas, four MR sequences in space, in the on-disk layout of the BraTS 2020 training set."""

import nibabel
import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from ..datasets.brats import MODALITIES
from .anatomy.head import Head
from .anatomy.mr import Scanner
from .anatomy.space import axial
from .anatomy.tumours import Glioblastoma, inside_white_matter
from .writing import write_set

VERSION = 3  # raise when the same seed gives other voxels
TOP = "MICCAI_BraTS2020_TrainingData"
MISNAMED = 355, "W39_1998.09.19_Segm.nii"  # the case of the published set whose labels have another name, and that name
WIDTH, HEIGHT = 240, 155  # mm, as the real volumes of 240 x 240 x 155 voxels
BOTTOM = -72  # height of the lowest slice over the anterior commissure, mm


def write(dest, *, n_cases=6, shape=(64, 64, 32), compressed=False, misnamed=True, seed=0):
    """Write a synthetic BraTS set that can be read like the real one; do nothing when it is already there.

    The layout is `dest/MICCAI_BraTS2020_TrainingData/BraTS20_Training_<n>/..._{flair,t1,t1ce,t2,seg}.nii`, int16,
    without skull, labels 0, 1, 2 and 4, with `name_mapping.csv` and `survival_info.csv` beside the cases. As in the
    real set, some tumours have no enhancing part, a third of the cases has no survival, and one survival is a text.
    `dest/PHANTOM.json` says that the set is synthetic and how it was made.

    Parameters
    ----------
    dest : path-like
    n_cases : int
        The real set has 369.
    shape : (int, int, int)
        Voxels to the left, to the back and up; the real volumes have (240, 240, 155).
    compressed : bool
        Write .nii.gz, as the organisers do, and not .nii, as the copy on Kaggle has it.
    misnamed : bool
        Number the last case 355 and give its labels the name that they have in the copy on Kaggle.
    seed : int
        The same seed gives the same voxels.

    Returns
    -------
    Path
        `dest`.

    Raises
    ------
    ValueError
        When there is no case, a volume is too small, or `dest` holds files but no PHANTOM.json: it may be real data.
    """
    if n_cases < 1 or min(shape) < 16:
        raise ValueError(
            f"{n_cases} cases of {shape} voxels cannot be drawn: use at least 1 case and 16 voxels each way"
        )
    numbers = [*range(1, n_cases), MISNAMED[0] if misnamed else n_cases]
    names = [f"BraTS20_Training_{number:03d}" for number in numbers]

    def fill(folder):
        with tqdm(desc="phantom BraTS", total=n_cases * shape[2], unit="slice") as progress:
            for index, name in enumerate(names):
                volumes = _draw(np.random.default_rng([seed, index]), shape, _enhances(index), progress)
                _save(folder / TOP / name, volumes, shape, ".nii.gz" if compressed else ".nii", misnamed)
        rng = np.random.default_rng([seed, n_cases])
        _mapping(names).to_csv(folder / TOP / "name_mapping.csv", index=False)
        _survival(names, rng).to_csv(folder / TOP / "survival_info.csv", index=False)

    record = {"key": "brats", "seed": seed, "n_cases": n_cases, "shape": shape, "compressed": compressed}
    return write_set(dest, record | {"misnamed": misnamed, "version": VERSION}, fill)


def _enhances(index):
    """Every fourteenth tumour is of low grade and takes up no contrast; the first of them is the fourth."""
    return index % 14 != 3


def heights(count):
    """Heights of the slices of a whole volume over the anterior commissure, mm."""
    return BOTTOM + (np.arange(count) + 0.5) * HEIGHT / count


def _draw(rng, shape, enhancing, progress):
    """Draw one case: int16 (x, y, z) by the ending of the file's name."""
    head = Head(rng)
    radius = np.clip(np.exp(rng.normal(np.log(19), 0.3)), 9, 34)
    tumour = Glioblastoma(rng, inside_white_matter(rng, head, radius), radius, enhancing=enhancing)
    scanner = Scanner(rng, snr=rng.uniform(20, 45), shading=rng.uniform(0.06, 0.2), tumour=tumour.values)
    white = dict(zip(MODALITIES, rng.uniform(250, 700, len(MODALITIES)), strict=True))
    volumes = {name: np.zeros(shape, np.int16) for name in (*MODALITIES, "seg")}
    for z, height in enumerate(heights(shape[2])):
        plane = axial(height, WIDTH, shape[:2][::-1])
        near = tumour if tumour.touches(plane) else None
        fractions, maps, labels = head.tissues(plane, near)
        brain = maps[2] < 1.5  # the organisers' masks keep a little of the fluid around the brain
        factor = scanner.sensitivity(plane) * scanner.grain(plane)
        for name in MODALITIES:
            values = scanner.acquire(rng, fractions, name, factor, blur=0.55 * shape[1] / WIDTH) * white[name]
            volumes[name][..., z] = (np.clip(np.rint(values), 1, 32767) * brain).T
        if near:
            volumes["seg"][..., z] = (labels * brain).T
        progress.update()
    return volumes


def _save(folder, volumes, shape, ending, misnamed):
    folder.mkdir(parents=True)
    # Voxels count to the left and to the back, as in the real files.
    affine = np.diag([-WIDTH / shape[1], -WIDTH / shape[1], HEIGHT / shape[2], 1])
    for name, voxels in volumes.items():
        path = folder / f"{folder.name}_{name}{ending}"
        if misnamed and name == "seg" and folder.name.endswith(f"_{MISNAMED[0]}"):
            path = folder / (MISNAMED[1] + ending.removeprefix(".nii"))
        nibabel.save(nibabel.Nifti1Image(voxels, affine), path)


def _mapping(names):
    columns = ["BraTS_2017_subject_ID", "BraTS_2018_subject_ID", "TCGA_TCIA_subject_ID", "BraTS_2019_subject_ID"]
    grades = ["HGG" if _enhances(index) else "LGG" for index in range(len(names))]
    return pd.DataFrame({"Grade": grades} | dict.fromkeys(columns, "NA") | {"BraTS_2020_subject_ID": names})


def _survival(names, rng):
    rows = [
        {
            "Brats20ID": name,
            "Age": round(rng.uniform(20, 85), 3),
            "Survival_days": int(np.exp(rng.normal(5.8, 0.8))),
            "Extent_of_Resection": rng.choice(["GTR", "STR", "NA"]),
        }
        for name in names
    ]
    table = pd.DataFrame(rows).astype({"Survival_days": object})
    table.loc[0, "Survival_days"] = "ALIVE (361 days later)"
    return table[[index % 3 != 2 for index in range(len(names))]]

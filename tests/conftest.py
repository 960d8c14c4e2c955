"""Fixtures for all tests: a data folder of the test's own, small nuclei images, and the real data where present."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

from unet_course.common.hardware import hold_tensorflow_back

hold_tensorflow_back()  # some tests import TensorFlow before the twin does

# JAX compiles every network it meets; without XLA's optimisations that takes half as long.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true")

# Taken before any test changes the variable.
REAL = os.environ.get("UNET_COURSE_DATA")

# How long one example takes says more about a busy machine than about the course.
settings.register_profile("course", deadline=None)
settings.load_profile("course")


@pytest.fixture
def data_root(tmp_path, monkeypatch):
    """An empty data folder that only this test sees."""
    monkeypatch.setenv("UNET_COURSE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def real(tmp_path, monkeypatch):
    """`real("nuclei")` is the folder of a real data set; skips the test where it is not. The cache goes elsewhere."""

    def find(key):
        if not REAL or not (Path(REAL) / key).is_dir():
            pytest.skip(f"needs the real {key} data: set UNET_COURSE_DATA to the folder that holds {key}/")
        return Path(REAL) / key

    monkeypatch.setenv("UNET_COURSE_DATA", str(tmp_path / "data"))
    return find


@pytest.fixture
def write_nuclei():
    """`write_nuclei(root, n)` writes n images of 40 x 48 pixels with three bright squares, in the real layout."""

    def write(root, n=3):
        for number in range(n):
            folder = root / "stage1_train" / f"{number:064x}"
            (folder / "images").mkdir(parents=True)
            (folder / "masks").mkdir()
            picture = np.full((40, 48, 4), 12, np.uint8)
            picture[..., 3] = 255
            for k, corner in enumerate(((2, 2), (20, 5), (10, 30))):
                mask = np.zeros((40, 48), np.uint8)
                mask[corner[0] : corner[0] + 8, corner[1] : corner[1] + 8 + number] = 255
                picture[mask > 0, :3] = 150 + 20 * number
                Image.fromarray(mask).save(folder / "masks" / f"{k:064x}.png")
            Image.fromarray(picture).save(folder / "images" / f"{folder.name}.png")
        return root

    return write


@pytest.fixture
def write_lgg():
    """`write_lgg(root)` writes three patients with 12, 2 and 2 slices of 32 x 24 pixels, in the real layout.

    Slice n of patient p is flat: n, 100 + n and 200 + n + p in its channels. The first patient has a tumour of 12
    pixels from slice 5 on. There is no data.csv.
    """

    def write(root):
        for p, (patient, slices) in enumerate((("CS_0001", 12), ("DU_0002", 2), ("HT_0003", 2))):
            folder = root / "kaggle_3m" / f"TCGA_{patient}_20000101"
            folder.mkdir(parents=True)
            for n in range(1, slices + 1):
                picture = np.full((32, 24, 3), (n, 100 + n, 200 + n + p), np.uint8)
                mask = np.zeros((32, 24), np.uint8)
                mask[10:13, 8:12] = 255 * (p == 0 and n >= 5)
                Image.fromarray(picture).save(folder / f"{folder.name}_{n}.tif")
                Image.fromarray(mask).save(folder / f"{folder.name}_{n}_mask.tif")
        return root

    return write


@pytest.fixture
def write_brain_tumor():
    """`write_brain_tumor(root)` writes 3 Training and 2 Testing images per class: grey JPEGs of 32 x 40 pixels."""
    names = {"Training": ("gg (1).jpg", "gg (2).jpg", "gg (10).jpg"), "Testing": ("image(1).jpg", "image.jpg")}
    classes = ("glioma_tumor", "meningioma_tumor", "no_tumor", "pituitary_tumor")

    def write(root):
        rng = np.random.default_rng(0)
        for part in names:
            for name in classes:
                (root / part / name).mkdir(parents=True)
                for file in names[part]:
                    coarse = Image.fromarray(rng.integers(30, 200, (6, 6), dtype=np.uint8))
                    picture = coarse.resize((40, 32), Image.Resampling.BICUBIC).convert("RGB")
                    picture.save(root / part / name / file, quality=95)
        return root

    return write


@pytest.fixture(scope="session")
def write_own():
    """`write_own(root, n)` writes n grey images of 48 x 56 pixels with bright discs, two of each patient, and masks."""

    def write(root, n=12, mask="masks/{}.png", image="images/{}.png"):
        rng = np.random.default_rng(0)
        y, x = np.mgrid[:48, :56]
        for number in range(n):
            centres = rng.uniform(10, 40, (3, 2))
            drawn = np.min([np.hypot(y - a, x - b) for a, b in centres], axis=0) < 6
            values = (40 + 120 * drawn + rng.normal(0, 10, drawn.shape)).astype(np.uint8)
            for pattern, array in ((image, values), (mask, drawn.astype(np.uint8) * np.uint8(255))):
                path = root / pattern.format(f"p{number // 2}_{number}")
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(array).save(path)
        return root

    return write

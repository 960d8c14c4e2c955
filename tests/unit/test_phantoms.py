"""The synthetic nuclei have the layout of the real set, and are about as hard."""

import hashlib
import importlib
import json
import re
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from skimage.color import rgb_from_hed
from skimage.transform import resize

from unet_course import phantoms
from unet_course.datasets import nuclei as readers
from unet_course.datasets import quality
from unet_course.phantoms import nuclei
from unet_course.phantoms.nuclei.light import EOSIN, HAEMATOXYLIN
from unet_course.phantoms.nuclei.shapes import Population, place
from unet_course.phantoms.nuclei.textures import smooth_noise
from unet_course.postprocessing import otsu_mask

pytestmark = pytest.mark.slow


@dataclass
class Sample:
    """One image as read from disk, with its masks stacked."""

    name: str
    pixels: np.ndarray
    masks: np.ndarray
    modes: set

    @property
    def kind(self):
        colours = self.pixels[..., :3].astype(int)
        if np.ptp(colours, axis=-1).max() > 0:
            return "purple"
        return "brightfield" if np.median(colours) > 128 else "fluorescence"

    @property
    def foreground(self):
        return self.masks.any(axis=0)

    @property
    def diameter(self):
        return np.median(np.sqrt(4 / np.pi * self.masks.sum(axis=(1, 2))))

    @property
    def touching(self):
        """Share of the nuclei with a pixel beside another nucleus."""
        labels = (self.masks.argmax(axis=0) + 1) * self.foreground
        highest = ndimage.maximum_filter(labels, 3)
        lowest = ndimage.minimum_filter(np.where(labels == 0, labels.max() + 1, labels), 3)
        beside = (labels > 0) & ((highest != labels) | (lowest != labels))
        return np.unique(labels[beside]).size / len(self.masks)

    @property
    def otsu_dice(self):
        """As the course measures it: resized to 128 x 128, then a threshold."""
        prediction = otsu_mask(resize(self.pixels[..., :3], (128, 128, 3), anti_aliasing=True))
        mask = resize(self.foreground, (128, 128), order=0)
        return 2 * (prediction & mask).sum() / (prediction.sum() + mask.sum())


def read(folder):
    samples = []
    for directory in sorted((folder / "stage1_train").iterdir()):
        picture = Image.open(directory / "images" / f"{directory.name}.png")
        masks = [Image.open(path) for path in sorted((directory / "masks").iterdir())]
        modes = {picture.mode} | {f"mask {mask.mode}" for mask in masks}
        stack = np.stack([np.asarray(mask) for mask in masks])
        assert set(np.unique(stack)) == {0, 255}
        samples.append(Sample(directory.name, np.asarray(picture), stack > 0, modes))
    return samples


def stamp(folder):
    """Contents of every file below a folder."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return nuclei.write(tmp_path_factory.mktemp("phantoms") / "nuclei")


@pytest.fixture(scope="module")
def samples(folder):
    return read(folder)


@pytest.fixture(scope="module")
def by_kind(samples):
    kinds = {}
    for sample in samples:
        kinds.setdefault(sample.kind, []).append(sample)
    return kinds


def test_the_layout_is_that_of_the_real_set(folder, samples):
    names = [path.stem for path in folder.rglob("*.png")]
    assert len(samples) == 40
    assert all(re.fullmatch("[0-9a-f]{64}", name) for name in names)
    assert len(set(names)) == len(names)
    for sample in samples:
        directory = folder / "stage1_train" / sample.name
        assert {path.name for path in directory.iterdir()} == {"images", "masks"}


def test_pictures_are_opaque_rgba_and_masks_grey_of_the_same_size(samples):
    for sample in samples:
        assert sample.modes == {"RGBA", "mask L"}
        assert (sample.pixels[..., 3] == 255).all()
        assert sample.masks.shape[1:] == sample.pixels.shape[:2]


def test_nuclei_are_disjoint_in_one_piece_and_none_is_tiny(samples):
    for sample in samples:
        assert sample.masks.sum(axis=0).max() == 1
        assert sample.masks.sum(axis=(1, 2)).min() >= 21
        # Eight neighbours: a lobed outline may be held together by a diagonal.
        assert all(ndimage.label(mask, np.ones((3, 3)))[1] == 1 for mask in sample.masks)


def test_the_three_kinds_come_in_their_proportions_and_sizes(by_kind):
    assert {kind: len(samples) for kind, samples in by_kind.items()} == {
        "fluorescence": 32,
        "purple": 6,
        "brightfield": 2,
    }
    sizes = {kind: {sample.foreground.shape for sample in samples} for kind, samples in by_kind.items()}
    assert sizes["fluorescence"] == {(256, 256), (360, 360), (520, 696)}
    assert sizes["purple"] == {(256, 320)}
    assert sizes["brightfield"] == {(512, 512)}


def test_the_record_says_that_the_set_is_synthetic(folder):
    record = json.loads((folder / "PHANTOM.json").read_text(encoding="utf-8"))
    assert (record["key"], record["seed"], record["n_images"]) == ("nuclei", 0, 40)
    assert record["version"] == nuclei.VERSION
    assert "Synthetic" in record["note"]


# Bounds from the real set's 10th to 90th percentiles; 40 images scatter, so medians are tested.
@pytest.mark.parametrize(
    ("kind", "statistic", "low", "high"),
    [
        ("fluorescence", "otsu_dice", 0.85, 0.95),
        ("purple", "otsu_dice", 0.75, 0.93),
        ("brightfield", "otsu_dice", 0.08, 0.30),
        ("fluorescence", "diameter", 12, 25),
        ("purple", "diameter", 14, 40),
        ("brightfield", "diameter", 13, 23),
        ("fluorescence", "touching", 0.05, 0.30),
        ("purple", "touching", 0.15, 0.60),
    ],
)
def test_the_medians_lie_in_the_range_of_the_real_pictures(by_kind, kind, statistic, low, high):
    assert low <= np.median([getattr(sample, statistic) for sample in by_kind[kind]]) <= high


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [("fluorescence", 0.06, 0.2), ("purple", 0.1, 0.32), ("brightfield", 0.005, 0.03)],
)
def test_nuclei_cover_about_the_real_share_of_the_picture(by_kind, kind, low, high):
    assert low <= np.mean([sample.foreground.mean() for sample in by_kind[kind]]) <= high


def test_the_report_on_quality_finds_the_two_damaged_pictures(folder, data_root):
    report = quality.quality_report(readers.load(folder))
    damaged = [hashlib.sha256(f"0/{index}".encode()).hexdigest() for index in nuclei.DAMAGE]
    assert report.suspicious.sum() <= 6, "false alarms stay rare, as on the real set"
    findings = dict(zip(report.id, report.findings, strict=True))
    assert [findings[name] for name in damaged] == ["3 bright objects without a mask", "1 masks thin as a line"]


def test_pictures_differ_as_real_ones_do(by_kind):
    glowing = by_kind["fluorescence"]
    counts = [len(sample.masks) for sample in glowing]
    brightest = [sample.pixels[..., 0].max() for sample in glowing]
    assert min(counts) < 12 and max(counts) > 80
    assert min(brightest) < 90 and max(brightest) == 255
    assert max(sample.diameter for sample in glowing) > 3 * min(sample.diameter for sample in glowing)


def test_nuclei_are_bright_in_fluorescence_and_dark_in_transmitted_light(samples):
    for sample in samples:
        grey = sample.pixels[..., :3].mean(axis=-1)
        inside, outside = grey[sample.foreground].mean(), grey[~sample.foreground].mean()
        assert inside > 2 * outside if sample.kind == "fluorescence" else inside < 0.85 * outside


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path):
    first = stamp(nuclei.write(tmp_path / "first", n_images=6, seed=5))
    assert first == stamp(nuclei.write(tmp_path / "again", n_images=6, seed=5))
    other = stamp(nuclei.write(tmp_path / "other", n_images=6, seed=6))
    assert not {path for path in first if path.suffix == ".png"} & set(other)


@pytest.fixture
def blank_pictures(monkeypatch):
    """Draw nothing but one square: for the tests that look at folders only."""

    def square(rng, side):
        return np.zeros((side, side, 3), np.uint8), np.ones((side, side), np.int32)

    monkeypatch.setattr(nuclei, "_plan", lambda n_images: [(square, 8)] * n_images)


@pytest.mark.usefixtures("blank_pictures")
def test_a_set_already_there_is_kept_and_one_made_otherwise_is_replaced(tmp_path, monkeypatch):
    dest = nuclei.write(tmp_path / "nuclei", n_images=6)
    before = {path: path.stat().st_mtime_ns for path in dest.rglob("*")}
    nuclei.write(dest, n_images=6)
    assert {path: path.stat().st_mtime_ns for path in dest.rglob("*")} == before
    nuclei.write(dest, n_images=7)
    assert len(list((dest / "stage1_train").iterdir())) == 7
    monkeypatch.setattr(nuclei, "VERSION", nuclei.VERSION + 1)
    nuclei.write(dest, n_images=7)
    assert json.loads((dest / "PHANTOM.json").read_text(encoding="utf-8"))["version"] == nuclei.VERSION
    assert [path.name for path in tmp_path.iterdir()] == ["nuclei"]


def test_a_foreign_folder_is_refused_by_name_and_left_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious.txt").write_text("data", encoding="utf-8")
    with pytest.raises(ValueError, match=r"mine is not empty .* choose another folder"):
        nuclei.write(tmp_path / "mine", n_images=6)
    assert stamp(tmp_path) == {(tmp_path / "mine" / "precious.txt").relative_to(tmp_path): b"data"}


@pytest.mark.usefixtures("blank_pictures")
def test_an_interrupted_run_leaves_nothing_behind(tmp_path, monkeypatch):
    def broken(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(nuclei, "_save", broken)
    with pytest.raises(KeyboardInterrupt):
        nuclei.write(tmp_path / "nuclei", n_images=6)
    assert not list(tmp_path.iterdir())


def test_too_few_images_are_refused(tmp_path):
    with pytest.raises(ValueError, match="at least 6"):
        nuclei.write(tmp_path / "nuclei", n_images=5)


def test_write_all_puts_every_set_below_the_root_under_its_key(tmp_path, monkeypatch):
    written = {}
    for key in phantoms.STAND_INS:
        writer = importlib.import_module(f"unet_course.phantoms.{key}")
        monkeypatch.setattr(writer, "write", lambda dest, **arguments: (written.update({dest: arguments}), dest)[1])
    assert phantoms.write_all(str(tmp_path)) == [tmp_path / key for key in ("nuclei", "lgg", "brats", "brain_tumor")]
    assert written[tmp_path / "lgg"] == phantoms.STAND_INS["lgg"]


def test_nuclei_without_contact_keep_a_gap_and_fall_only_where_allowed():
    labels = np.zeros((200, 200), dtype=np.int32)
    allowed = np.zeros(labels.shape, dtype=bool)
    allowed[:, :100] = True
    new = place(np.random.default_rng(0), labels, Population(40, 14, contact=0, cluster=2), allowed=allowed)
    assert np.array_equal(new, np.unique(labels)[1:])
    assert ndimage.label(labels, np.ones((3, 3)))[1] == new.size
    assert not labels[:, 115:].any()


def test_a_nucleus_cut_in_two_by_a_neighbour_keeps_its_larger_piece_only():
    labels = np.zeros((100, 600), dtype=np.int32)
    labels[50] = 1
    near = np.zeros(labels.shape, dtype=bool)
    near[45:56] = True
    new = place(np.random.default_rng(0), labels, Population(8, 40, contact=1), allowed=near)
    assert new.size >= 3
    assert all(ndimage.label(labels == label)[1] == 1 for label in new)
    assert (labels[50] == 1).all()


@pytest.mark.parametrize("scale", [1.5, 7, 300])
def test_smooth_noise_is_standardised_and_smoother_on_larger_scales(scale):
    field = smooth_noise(np.random.default_rng(0), (90, 130), scale)
    assert field.shape == (90, 130)
    assert field.mean() == pytest.approx(0, abs=1e-4) and field.std() == pytest.approx(1, abs=1e-4)
    # A field of unit deviation changes by about 1 over its own scale, or over the image if that is smaller.
    assert 0.3 < np.abs(np.diff(field, axis=0)).mean() * min(scale, 90) < 5


def test_the_dyes_are_those_of_ruifrok_and_johnston():
    assert rgb_from_hed[:2] == pytest.approx(np.stack([HAEMATOXYLIN, EOSIN]))

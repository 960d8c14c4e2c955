import json

import numpy as np
import pytest
from PIL import Image

from unet_course.datasets import nuclei, quality


def report_of(root):
    return quality.quality_report(nuclei.load(root))


def test_a_clean_set_has_no_flag(data_root, tmp_path, write_nuclei):
    report = report_of(write_nuclei(tmp_path / "set"))
    assert not report.suspicious.any(), report.findings.tolist()
    assert report.foreground[0] == pytest.approx(3 * 64 / (40 * 48))


def damage(masks, kind):
    first = sorted(masks.iterdir())[0]
    mask = np.zeros((40, 48), np.uint8)
    if kind == "missing":
        first.unlink()
        return
    if kind == "empty":
        pass
    elif kind == "line":
        mask[1:39, 44:46] = 255
    elif kind == "parts":
        mask[30:38, 2:10] = mask[30:38, 20:28] = 255
    elif kind == "overlap":
        mask[6:14, 2:10] = 255
    elif kind == "huge":
        mask[:, 16:29] = 255
    Image.fromarray(mask).save(masks / "mask1.png")


@pytest.mark.parametrize(
    ("kind", "flag"),
    [
        ("missing", "1 bright objects without a mask"),
        ("empty", "1 masks that are empty or hidden"),
        ("line", "1 masks thin as a line"),
        ("parts", "1 masks in several parts"),
        ("overlap", "32 pixels claimed by more than one mask"),
        ("huge", "1 masks over 25% of the image"),
    ],
)
def test_each_kind_of_damage_is_named(data_root, tmp_path, write_nuclei, kind, flag):
    root = write_nuclei(tmp_path / "set")
    damage(sorted(root.glob("stage1_train/*/masks"))[1], kind)
    report = report_of(root)
    assert report.suspicious.tolist() == [False, True, False]
    assert flag in report.findings[1]


def test_published_pictures_known_to_be_wrong_are_flagged(real):
    folder = real("nuclei_known_bad")
    assert report_of(folder / "original").suspicious.tolist() == [True, True, True]
    assert report_of(folder / "fixed").suspicious.tolist() == [False, False]


def test_few_flags_on_the_mended_excerpt(real):
    report = report_of(real("nuclei"))
    assert report.suspicious.mean() < 0.1, report[report.suspicious].findings.tolist()


def test_log_can_be_written_as_json(data_root, tmp_path, write_nuclei):
    log = quality.metadata_log(nuclei.load(write_nuclei(tmp_path / "set")))
    assert json.loads(json.dumps(log))["sizes (height x width)"] == {"40 x 48": 3}
    assert log["masks"] == 9


def test_touching_share():
    labels = np.zeros((4, 9), int)
    labels[:, :2], labels[:, 2:4], labels[:, 6:] = 1, 2, 3
    assert quality.touching_share(labels) == pytest.approx(2 / 3)
    assert np.isnan(quality.touching_share(np.zeros((3, 3), int)))


def test_tree_shows_folders_and_counts_the_rest(tmp_path, write_nuclei):
    tree = quality.directory_tree(write_nuclei(tmp_path / "nuclei"), depth=4, limit=2)
    assert tree.splitlines()[:2] == ["nuclei/", "└── stage1_train/"]
    assert "... 1 more" in tree and "00000000...00000000/" in tree

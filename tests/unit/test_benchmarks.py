"""The figures in benchmarks/README.md are those of the records beside it."""

import json
import re
import statistics

import pytest

from unet_course import paths

FOLDER = paths.repo_root() / "benchmarks"
RECORDS = paths.benchmarks_root()
README = (FOLDER / "README.md").read_text(encoding="utf-8")
# Name in the table, and in the record.
PEERS = {
    "MONAI BasicUNet": "MONAI BasicUNet (same loop)",
    "keras-unet-collection": "keras-unet-collection (Model.fit, float32)",
    "ours, PyTorch, float32": "ours, PyTorch, float32",
    'ours, PyTorch, `precision="auto"`': "ours, PyTorch, auto",
    "ours, Keras on TensorFlow, float32": "ours, Keras, float32",
    'ours, Keras on TensorFlow, `precision="auto"`': "ours, Keras, auto",
    'ours, Keras on PyTorch, `precision="auto"`': "ours, Keras on PyTorch, auto",
}


def times_faster(base, ours, digits):
    """Median and range of the ratio, turn by turn."""
    ratios = sorted(one / two for one, two in zip(base, ours, strict=True))
    return f"{statistics.median(ratios):.{digits}f} ({ratios[0]:.{digits}f} to {ratios[-1]:.{digits}f})"


@pytest.mark.parametrize("peer", PEERS)
def test_the_table_of_training_shows_the_recorded_turns(peer):
    record = json.loads((RECORDS / "training.json").read_text(encoding="utf-8"))["peers"]
    base, ours = (record[name]["seconds"] for name in ("textbook loop (PyTorch, float32)", PEERS[peer]))
    cells = [times_faster(base[order], ours[order], 2) for order in ("train", "predict")]
    assert f"| {peer} | {' | '.join(cells)} |" in README


@pytest.mark.parametrize("way", ["ours, Numba", "ours, PyTorch", "ours, Keras", "scikit-image, split Bregman"])
def test_the_table_of_total_variation_shows_the_recorded_turns(way):
    kinds = json.loads((RECORDS / "tv.json").read_text(encoding="utf-8"))["kinds"]
    cells = []
    for kind in ("real", "phantom"):
        ways = kinds[kind]["ways"]
        base, ours = (ways[name]["seconds_to_target"] for name in ("scikit-image, Chambolle", way))
        cells.append("never" if None in ours else times_faster(base, ours, 1))
    assert f"| {way} | {' | '.join(cells)} |" in README


def test_the_table_of_denoising_shows_the_recorded_intervals_and_verdicts():
    for one in json.loads((RECORDS / "denoise_then_segment.json").read_text(encoding="utf-8"))["comparisons"]:
        line = re.search(rf"^\| {one['noise']} \| {one['weight']} \|(.*)\|(.*)\|$", README, re.MULTILINE)
        found = line[("slice_dice", "patient_dice").index(one["score"]) + 1].strip()
        assert found == f"{one['mean']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f}), {one['verdict']}"


def test_the_table_of_variants_shows_the_recorded_intervals_and_verdicts():
    for one in json.loads((RECORDS / "variants.json").read_text(encoding="utf-8"))["comparisons"]:
        cell = f"{one['mean']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f}), {one['verdict']}"
        line = re.search(rf"^\| {re.escape(one['network'])} \| .*$", README, re.MULTILINE)
        assert one["score"] == "test_iou" or cell in (line[0] if line else README)


def test_the_table_of_ensembles_shows_the_recorded_intervals_and_verdicts():
    lines = json.loads((RECORDS / "ensembles.json").read_text(encoding="utf-8"))["comparisons"]
    for way in ("1 member, 8 positions", "2 members, 1 position", "5 members, 8 positions"):
        line = re.search(rf"^\| {way} \|(.*)\|(.*)\|(.*)\|$", README, re.MULTILINE)
        for cell, score in zip(line.groups(), ("dice", "brier", "ece"), strict=True):
            one = next(one for one in lines if (one["way"], one["score"]) == (way, score))
            span = f"{one['mean']:+.4f} ({one['low']:+.4f} to {one['high']:+.4f})"
            assert cell.strip() == f"{span}, {one['verdict']}"


def test_every_script_has_a_line_and_says_whether_it_was_recorded():
    for script in sorted(FOLDER.glob("*.py")):
        if script.name in ("peers.py", "mask_peers.py", "phantom_statistics.py"):  # parts of other scripts
            continue
        line = re.search(rf"^\| `{script.name}` \|.*$", README, re.MULTILINE)
        assert line, f"{script.name} is missing in benchmarks/README.md"
        assert ("not yet recorded" in line[0]) != (RECORDS / f"{script.stem}.json").exists(), line[0]

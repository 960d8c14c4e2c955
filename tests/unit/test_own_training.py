"""Images of your own, from a folder to a network and its pages, and the network on new images."""

import json
import re
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from unet_course import shipping
from unet_course.cli import app
from unet_course.common import checkpoints
from unet_course.own import prediction, scores, training
from unet_course.shipping import numpy_unet

pytestmark = pytest.mark.slow
uc = pytest.importorskip("unet_course.torch")
QUICK = {"size": 32, "depth": 2, "filters": 2, "batch": 4, "epochs": 3}
OPTIONS = [word for name, value in QUICK.items() for word in (f"--{name}", str(value))]


def invoke(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def assert_one_clear_line(result, *parts):
    assert result.exit_code == 1
    said = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert len(said) == 1 and "Traceback" not in result.output
    assert [part for part in parts if part not in said[0]] == []


@pytest.fixture(scope="module")
def trained(tmp_path_factory, write_own):
    """A folder of images, what training left, and what it said."""
    root = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNET_COURSE_DATA", str(root / "data"))
        write_own(root / "mine", 20)
        result = invoke("train", root / "mine", "--out", root / "out", "--framework", "torch", *OPTIONS)
    assert result.exit_code == 0, result.output
    return root, root / "out", result.stdout


@pytest.fixture
def mine(trained, monkeypatch):
    monkeypatch.setenv("UNET_COURSE_DATA", str(trained[0] / "data"))
    return trained[0] / "mine"


def test_it_says_what_is_there_what_is_chosen_and_how_good_it_is(trained):
    said = trained[2]
    order = [
        "What is there",
        "GUESSED",
        "What is chosen",
        "as --size says",
        "How it is divided",
        "mean Dice",
        "report.html",
    ]
    assert [said.index(part) for part in order] == sorted(said.index(part) for part in order)


def test_the_table_of_the_test_images_gives_the_reported_mean(trained):
    lines = pd.read_csv(trained[1] / "scores.csv")
    card = json.loads((trained[1] / "card.json").read_text(encoding="utf-8"))
    assert len(lines) == card["scores"]["test images"] == 4
    assert lines.dice.mean() == pytest.approx(card["scores"]["mean Dice of the images"], abs=1e-4)


def test_no_group_is_in_two_parts(trained):
    said = dict(re.findall(r"  (train|validation|test) +\d+ images, (\d+) group", trained[2]))
    assert sum(map(int, said.values())) == 10


def test_the_pages_hold_everything_and_ask_for_nothing(trained):
    for name in ("report.html", "demo.html"):
        text = (trained[1] / name).read_text(encoding="utf-8")
        names = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}  # of languages; nobody asks there
        assert set(re.findall(r"https?://[^\"' <>]+", text)) <= names, name
        assert not re.search(r'(src|href)="(?!data:|#)', text), name


def test_the_report_shows_curves_scores_and_cases(trained):
    text = (trained[1] / "report.html").read_text(encoding="utf-8")
    assert "<svg" in text and text.count('<figure class="pair">') == 4  # four test images, none twice
    assert [name for name in scores.CONVENTIONS if name not in text] == []
    assert [alt for alt in re.findall(r'<img [^>]*alt="([^"]*)"', text) if not alt] == []


def test_the_copies_of_the_network_answer_as_it_does(trained):
    state, card = shipping.load(trained[1] / "model.npz")
    weights = shipping.fold_batch_norm(state)
    image = np.random.default_rng(0).random((1, 32, 32, 1), dtype=np.float32)
    network, _ = prediction._load(trained[1])
    expected = network(image)
    assert np.abs(1 / (1 + np.exp(-numpy_unet.logits(weights, image)[..., 0])) - expected).max() <= 1e-4
    onnx = pytest.importorskip("onnxruntime") and trained[1] / "model.onnx"
    from unet_course.shipping.onnx_files import OnnxModel

    assert np.abs(OnnxModel(onnx).predict(image) - expected).max() <= 1e-4
    assert OnnxModel(onnx).card == card


def test_an_onnx_file_that_answers_otherwise_is_not_kept(trained, tmp_path):
    model = uc.unet(1, 1, base_filters=2, depth=2)
    _, card = shipping.load(trained[1] / "model.npz")
    example = np.ones((1, 32, 32, 1), np.float32)
    said = training._write_onnx(tmp_path / "model.onnx", model, card, example, lambda images: images[..., 0] - 5)
    assert "no model.onnx" in said and not list(tmp_path.iterdir())


def test_a_missing_exporter_is_said_and_is_no_error(trained, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    said = training._write_onnx(tmp_path / "model.onnx", None, None, None, None)
    assert "onnx is not installed" in said


def test_new_images_get_masks_overlays_areas_and_counts(trained, tmp_path):
    image = np.full((150, 90), 40, np.uint8)
    image[20:32, 30:42] = image[100:112, 60:72] = 160
    (tmp_path / "new").mkdir()
    Image.fromarray(image).save(tmp_path / "new" / "a.png")
    Image.fromarray(image[:48, :56]).save(tmp_path / "b.jpg")
    result = invoke("predict", trained[1], tmp_path / "new", tmp_path / "b.jpg", "--out", tmp_path / "found")
    assert result.exit_code == 0, result.output
    table = pd.read_csv(tmp_path / "found" / "results.csv", index_col="image")
    for name, shape in (("a", (150, 90)), ("b", (48, 56))):
        mask = np.asarray(Image.open(tmp_path / "found" / "masks" / f"{name}.png"))
        assert mask.shape == shape and set(np.unique(mask)) <= {0, 255}
        assert table.area_pixels[name] == (mask > 0).sum()
        assert Image.open(tmp_path / "found" / "overlays" / f"{name}.png").size == shape[::-1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.jpg", "found", "new"]


def test_objects_are_counted_corners_included_without_specks():
    mask = np.zeros((20, 20), bool)
    mask[2:5, 2:5] = mask[5:8, 5:8] = mask[15:18, 2:4] = mask[10, 10:14] = True
    assert prediction._measured(mask) == {"area_pixels": 28, "share": 0.07, "objects": 2}


def test_what_the_door_refuses_is_named_and_the_others_are_done(trained, mine, tmp_path):
    (tmp_path / "broken.png").write_bytes((mine / "images" / "p0_0.png").read_bytes()[:200])
    whole = mine / "images" / "p0_1.png"
    result = invoke("predict", trained[1] / "model.npz", tmp_path / "broken.png", whole, "--out", tmp_path / "found")
    assert_one_clear_line(result, "broken.png", "truncated")
    assert [path.name for path in (tmp_path / "found" / "masks").iterdir()] == ["p0_1.png"]


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["gone", "image"], ["gone is missing", "unet-course train"]),
        (["image", "image"], ["is no model.npz"]),
        (["model", "gone"], ["gone is missing"]),
        (["model", "image", "image"], ["share the name"]),
        (["model", "image", "--threshold", "1.5"], ["--threshold 1.5"]),
        (["model", "image", "--out", "mine"], ["mine is not empty"]),
    ],
)
def test_predicting_with_the_wrong_things_ends_in_one_sentence(trained, mine, tmp_path, arguments, parts):
    places = {"model": trained[1], "image": mine / "images" / "p0_0.png", "mine": mine, "gone": tmp_path / "gone"}
    words = [places.get(word, word) for word in arguments]
    words += [] if "--out" in arguments else ["--out", tmp_path / "found"]
    before = sorted(mine.rglob("*"))
    assert_one_clear_line(invoke("predict", *words), *parts)
    assert sorted(mine.rglob("*")) == before and not (tmp_path / "found").exists()


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"own": {}}, "framework"),
        ({"own": {"framework": "os"}}, "os"),
        ({"network": {"unet": {"colour": 3}}}, "colour"),
        ({"network": {"unet": {"base_filters": 3, "depth": 2}}}, "is on one side only|has"),
    ],
)
def test_weights_of_another_origin_are_refused(trained, tmp_path, mine, change, part):
    state, card = shipping.load(trained[1] / "model.npz")
    file = shipping.save(tmp_path / "other.npz", state, card | change)
    result = invoke("predict", file, mine / "images", "--out", tmp_path / "found")
    assert_one_clear_line(result, "no model.npz that `unet-course train` wrote")
    assert re.search(part, result.stderr) and not (tmp_path / "found").exists()


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["mine", "--out", "mine/out"], ["lies inside"]),
        (["mine", "--out", "out"], ["not empty", "--resume"]),
        (["mine", "--out", "new", "--resume"], ["no run to go on with"]),
        (["mine", "--out", "out", "--resume", "--filters", "9"], ["began with --filters 2, not 9"]),
        (["mine", "--out", "new", "--framework", "jax"], ["'jax'", "torch or keras"]),
        (["mine", "--out", "new", "--size", "50"], ["--size 50 cannot be halved"]),
        (["mine", "--out", "new", "--group", "z"], ["finds no group"]),
        (["mine", "--out", "new", "--minutes", "-1"], ["--minutes -1"]),
        (["gone", "--out", "new"], ["gone is no folder"]),
    ],
)
def test_training_on_the_wrong_things_ends_in_one_sentence(trained, mine, tmp_path, words, parts):
    places = {
        "mine": mine,
        "mine/out": mine / "out",
        "out": trained[1],
        "new": tmp_path / "new",
        "gone": tmp_path / "gone",
    }
    assert_one_clear_line(invoke("train", *(places.get(word, word) for word in words)), *parts)
    assert not (tmp_path / "new").exists()


def test_a_finished_run_goes_on_with_nothing_to_do_and_says_the_same(trained, mine):
    before = (trained[1] / "scores.csv").read_bytes()
    result = invoke("train", mine, "--out", trained[1], "--resume")
    assert result.exit_code == 0, result.output
    assert (trained[1] / "scores.csv").read_bytes() == before


def test_a_run_does_not_go_on_with_other_images(trained, tmp_path, write_own, mine):
    other = write_own(tmp_path / "mine", 20)
    Image.fromarray(np.zeros((48, 56), np.uint8)).save(other / "images" / "p0_0.png")
    assert_one_clear_line(invoke("train", other, "--out", trained[1], "--resume"), "have changed since the run")


def test_a_run_that_the_minutes_ended_goes_on_when_there_are_more(tmp_path, write_own, data_root):
    folder = write_own(tmp_path / "mine", 12)
    out = tmp_path / "out"
    for minutes, epochs, resume in ((1e-6, 1, False), (1e-6, 1, True), (None, 3, True)):
        done = training.train(folder, out, framework="torch", minutes=minutes, resume=resume, **QUICK)
        assert len(checkpoints.read(out / "checkpoint")["history"]) == epochs
        assert ("minutes were over" in (out / "report.html").read_text(encoding="utf-8")) == (epochs == 1)
    assert done["threshold"] > 0


def test_coloured_images_keep_their_colours(tmp_path, write_own, data_root):
    folder = write_own(tmp_path / "mine", 12)
    for path in (folder / "images").iterdir():
        grey = np.asarray(Image.open(path))
        Image.fromarray(np.stack([grey, grey // 2, 255 - grey], axis=-1)).save(path)
    training.train(folder, tmp_path / "out", framework="torch", **QUICK)
    state, card = shipping.load(tmp_path / "out" / "model.npz")
    assert card["own"]["channels"] == 3 and state["encoder.0.conv1.weight"].shape[1] == 3
    assert '"channels":3' in (tmp_path / "out" / "demo.html").read_text(encoding="utf-8")


def test_keras_trains_the_same_network_and_leaves_the_same_files(tmp_path, write_own, data_root, trained):
    pytest.importorskip("keras")
    folder = write_own(tmp_path / "mine", 12)
    training.train(folder, tmp_path / "out", framework="keras", minutes=1e-6, **QUICK)
    training.train(folder, tmp_path / "out", resume=True)
    state, card = shipping.load(tmp_path / "out" / "model.npz")
    assert len(checkpoints.read(tmp_path / "out" / "checkpoint")["history"]) == 3
    assert state.keys() == shipping.load(trained[1] / "model.npz")[0].keys()
    names = {path.name for path in trained[1].iterdir()}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    table, refused = prediction.predict(tmp_path / "out", [folder / "images"], tmp_path / "found")
    assert len(table) == 12 and not refused and card["own"]["framework"] == "keras"

"""Images of your own, before anything is trained: what is said about a folder, what is refused, what is chosen."""

import numpy as np
import pytest
from PIL import Image

from unet_course.datasets import DataError, splits
from unet_course.own import plan, survey, views


@pytest.fixture
def mine(data_root, tmp_path, write_own):
    return write_own(tmp_path / "mine")


def draw(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(array, np.uint8)).save(path)


def test_what_is_there_is_said_before_training(mine):
    said = dict(survey.read(mine).facts)
    assert said["images with a mask"] == "12"
    assert said["height x width in pixels"] == "48 x 56 (12)"
    assert said["colour"] == "all are grey"
    assert said["masks worth a look"] == "0"
    assert said["copies, or nearly so"] == "none found"


def test_groups_are_guessed_from_names_and_the_guess_is_to_be_confirmed(mine):
    found = survey.read(mine)
    assert found.data.index["group"].nunique() == 6
    assert "GUESSED" in dict(found.facts)["what must not part"]
    asked = survey.read(mine, group="^(.*)$")
    assert asked.data.index["group"].nunique() == 12
    assert "GUESSED" not in dict(asked.facts)["what must not part"]


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        (["p1_a", "p1_b", "p2_a", "p2_b", "p3_a", "p3_b"], {"p1", "p2", "p3"}),
        (["s1-x-1", "s1-y-2", "s2-x-1", "s2-y-1", "s3-x-1", "s3-y-9"], {"s1", "s2", "s3"}),
        (["img_1", "img_2", "img_3", "img_4"], None),
        (["8f3a", "77bc", "0d1e", "aa00"], None),
        (["a_1", "a_2", "b_1", "b_2"], None),
        ([f"{kind} ({number})" for kind in ("benign", "malignant", "normal") for number in range(9)], None),
        ([], None),
    ],
)
def test_names_suggest_groups_only_where_several_images_share_one(names, groups):
    pattern = survey.guess(names)
    assert (set(survey.groups(names, pattern)) if pattern else None) == groups


@pytest.mark.parametrize(("pattern", "words"), [("^(q\\d)", "12 of 12 names, 'p0_0'"), ("p(", "no regular expression")])
def test_a_group_that_no_name_has_is_refused(mine, pattern, words):
    with pytest.raises(ValueError, match=words):
        survey.read(mine, group=pattern)


def test_too_few_groups_are_refused_with_what_to_do(mine):
    with pytest.raises(DataError, match="2 group.*add images, or say with --group"):
        survey.read(mine, group="^p0|^p")


def test_images_and_masks_may_lie_side_by_side(data_root, tmp_path, write_own):
    root = write_own(tmp_path / "mixed", mask="{}_mask.png", image="{}.png")
    assert len(survey.read(root).data) == 12


@pytest.mark.parametrize(
    ("folders", "words"),
    [
        ([], "holds nothing: make it two folders"),
        (["images"], "holds images: make it two folders"),
        (["train", "test"], "holds test, train: make it"),
        (["image", "label"], "holds image, label: make it"),
    ],
)
def test_another_layout_is_named_with_the_one_that_is_read(data_root, tmp_path, folders, words):
    for name in folders:
        draw(tmp_path / "mine" / name / "a.png", np.zeros((8, 8)))
    (tmp_path / "mine").mkdir(exist_ok=True)
    with pytest.raises(DataError, match=words):
        survey.read(tmp_path / "mine")
    with pytest.raises(FileNotFoundError, match="gone is no folder"):
        survey.read(tmp_path / "gone")


@pytest.mark.parametrize("place", ["one mask", "two masks"])
def test_classes_are_refused_unless_they_are_to_be_merged(mine, place):
    mask = np.zeros((48, 56))
    mask[5:20, 5:20], mask[25:40, 5:20] = 255, 128 if place == "one mask" else 255
    draw(mine / "masks" / "p0_0.png", mask if place == "one mask" else mask // 2)
    with pytest.raises(DataError, match="2 classes .*p0_0.png.*--merge.*--class 12"):
        survey.read(mine)
    assert survey.read(mine, merge=True).data.masks[0].sum() == 450


def test_masks_that_look_wrong_are_named(mine):
    empty, swapped = np.zeros((48, 56)), np.full((48, 56), 255)
    swapped[20:30, 20:30] = 0
    speck = empty.copy()
    speck[4, 4:9] = 255
    for number, mask in enumerate((empty, swapped, speck)):
        draw(mine / "masks" / f"p0_{number}.png" if number < 2 else mine / "masks" / "p1_2.png", mask)
    (mine / "masks" / "p5_11.png").write_bytes((mine / "masks" / "p5_10.png").read_bytes())
    found = survey.read(mine)
    assert found.looks["finding"][found.looks["finding"] != ""].tolist() == [
        "empty",
        "covers the whole image",
        "only 5 pixels",
        "the very mask of p5_10",
    ]
    assert "p0_0: empty" in dict(found.facts)["masks worth a look"]


def test_a_folder_without_anything_drawn_is_refused(mine):
    for path in (mine / "masks").iterdir():
        draw(path, np.zeros((48, 56)))
    with pytest.raises(DataError, match="nothing is drawn in any of the 12 masks"):
        survey.read(mine)


def test_copies_stay_in_one_part_though_their_names_say_otherwise(mine):
    for place in ("images", "masks"):
        (mine / place / "p9_99.png").write_bytes((mine / place / "p0_0.png").read_bytes())
    found = survey.read(mine)
    index = found.data.index.set_index("id")
    assert index.group["p9_99"] == index.group["p0_0"] == index.group["p0_1"]
    assert "p0_0 and p9_99" in dict(found.facts)["copies, or nearly so"]


def chosen(mine, **given):
    found = survey.read(mine)
    train = splits.split(found.data.index, seed=0)["train"]
    return plan.choose(found, train, gpu=False, **given)


def test_every_choice_has_a_reason_and_can_be_taken_over(mine):
    automatic = chosen(mine)
    assert automatic.size == 64 and automatic.channels == 1 and automatic.scale == 1
    assert [name for name, _, reason in automatic.lines() if not reason] == []
    own = chosen(mine, size=32, filters=5, depth=2, batch=3, rate=0.1, epochs=7)
    assert (own.size, own.filters, own.depth, own.batch, own.rate, own.epochs) == (32, 5, 2, 3, 0.1, 7)
    assert own.scale == pytest.approx(plan.SMALLEST_OBJECT / survey.read(mine).looks.width.median())
    assert [value for name, value, reason in own.lines() if reason == f"as --{name} says"] == list(
        "32 2 5 3 0.1 7".split()
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"size": 50}, "cannot be halved 2 times.*multiple of 4, 48"),
        ({"size": 8}, "--size 8 is too small"),
        ({"rate": 2.0}, "--rate 2 must lie between"),
        ({"depth": 9}, "--depth 9 halves"),
        ({"epochs": 0}, "--epochs 0 is too small"),
    ],
)
def test_choices_that_make_no_network_are_refused(mine, given, words):
    with pytest.raises(ValueError, match=words):
        chosen(mine, **given)


@pytest.mark.parametrize(
    ("side", "width", "gpu", "size"),
    [
        (1000, 200, False, 128),
        (1000, 60, False, 256),
        (1000, 30, False, 256),
        (1000, 30, True, 512),
        (200, 10, False, 208),
        (96, 50, True, 96),
    ],
)
def test_the_network_sees_as_many_pixels_as_the_objects_need(side, width, gpu, size):
    assert plan._size(side, width, gpu)[0] == size


def test_a_disc_is_as_wide_as_its_diameter_and_a_line_twice_its_width_however_long():
    y, x = np.mgrid[:200, :200]
    disc, line = (y - 100) ** 2 + (x - 100) ** 2 < 30**2, np.zeros((200, 200), bool)
    line[98:102, 10:190] = line[20:180, 98:102] = True
    assert views.width(disc, views.object_areas(disc)) == pytest.approx(60, rel=0.15)
    assert views.width(line, views.object_areas(line)) == pytest.approx(8, rel=0.15)
    assert np.isnan(views.width(line & False, []))


@pytest.mark.parametrize(
    ("size", "width", "scale"), [(256, 60, 0.256), (256, 24, 0.5), (256, 6, 1), (1024, 6, 1), (512, 24, 0.512)]
)
def test_images_are_not_made_so_small_that_their_objects_are_lost(size, width, scale):
    assert plan._scale(1000, size, width)[0] == pytest.approx(scale)


@pytest.mark.parametrize("side", [64, 70, 81, 100, 128, 200])
def test_squares_cover_an_image_but_for_a_narrow_border(side):
    starts = views.places(side, 64)
    covered = np.zeros(side, bool)
    for start in starts:
        covered[start : start + 64] = True
        assert 0 <= start <= side - 64
    assert (~covered).sum() <= 16


def test_an_image_larger_than_a_square_is_seen_in_pieces_and_comes_back_at_its_own_size():
    image = np.random.default_rng(0).integers(0, 256, (100, 140, 3), dtype=np.uint8)
    shapes = []

    def predict(images, tile):
        shapes.append((images.shape, tile))
        return images[..., 0]

    found = views.probabilities(image, predict, size=32, scale=0.5, channels=3)
    assert found.shape == (100, 140) and shapes == [((1, 32, 70, 3), 32)] * 2

"""The layouts in which images of your own may lie: the same masks come out of each, and what is wrong is named."""

import json

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

from unet_course.datasets import DataError
from unet_course.own import layouts, survey

SHAPE = (40, 50)
# Rows and columns of a rectangle of each class in every image.
BOXES = {"cell": (5, 15, 8, 20), "dirt": (25, 30, 30, 44)}
NAMES = ("a", "b", "c")


def drawn(label, shift=0):
    top, bottom, left, right = BOXES[label]
    mask = np.zeros(SHAPE, bool)
    mask[top:bottom, left + shift : right + shift] = True
    return mask


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    scale = 255 if np.asarray(array).dtype == bool else 1
    Image.fromarray((np.asarray(array) * scale).astype(np.uint8)).save(path)


def shade(number):
    return np.random.default_rng(number).integers(0, 200, SHAPE)


def corners(label, shift=0):
    top, bottom, left, right = BOXES[label]
    return [[left + shift, top], [right + shift, top], [right + shift, bottom], [left + shift, bottom]]


def label_images(root):
    for shift, name in enumerate(NAMES):
        save(root / "images" / f"{name}.png", shade(shift))
        save(root / "masks" / f"{name}.png", drawn("cell", shift) * 1 + drawn("dirt", shift) * 2)


def colour_images(root):
    for shift, name in enumerate(NAMES):
        save(root / "images" / f"{name}.png", shade(shift))
        mask = np.zeros((*SHAPE, 3), np.uint8)
        mask[drawn("cell", shift)], mask[drawn("dirt", shift)] = (213, 94, 0), (0, 114, 178)
        save(root / "masks" / f"{name}.png", mask)


def class_folders(root):
    for shift, name in enumerate(NAMES):
        save(root / "images" / f"{name}.png", shade(shift))
        for label in BOXES:
            save(root / "masks" / label / f"{name}.png", drawn(label, shift))


def coco(root):
    content = {
        "images": [{"id": n, "file_name": f"{name}.png", "width": 50, "height": 40} for n, name in enumerate(NAMES)],
        "categories": [{"id": 4, "name": "cell"}, {"id": 9, "name": "dirt"}],
        "annotations": [
            {"id": 10 * n + k, "image_id": n, "category_id": k, "segmentation": [np.ravel(corners(label, n)).tolist()]}
            for n in range(3)
            for k, label in ((4, "cell"), (9, "dirt"))
        ],
    }
    for shift, name in enumerate(NAMES):
        save(root / "images" / f"{name}.png", shade(shift))
    (root / "annotations.json").write_text(json.dumps(content), encoding="utf-8")


def labelme(root):
    for shift, name in enumerate(NAMES):
        save(root / f"{name}.png", shade(shift))
        shapes = [
            {"label": "cell", "shape_type": "polygon", "points": corners("cell", shift)},
            {"label": "dirt", "shape_type": "rectangle", "points": corners("dirt", shift)[::2]},
        ]
        content = {"shapes": shapes, "imageHeight": 40, "imageWidth": 50}
        (root / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


LAYOUTS = {
    label_images: ("1", "2"),
    colour_images: ("#d55e00", "#0072b2"),
    class_folders: ("cell", "dirt"),
    coco: ("cell", "dirt"),
    labelme: ("cell", "dirt"),
}


@pytest.fixture
def root(data_root, tmp_path):
    (tmp_path / "mine").mkdir()
    return tmp_path / "mine"


@pytest.mark.parametrize("write", LAYOUTS, ids=lambda write: write.__name__)
def test_every_layout_gives_the_same_masks_of_each_class_and_of_all(root, write):
    write(root)
    for label, shown in zip(BOXES, LAYOUTS[write], strict=True):
        data = layouts.load(root, shown)
        assert data.index["id"].tolist() == list(NAMES)
        for shift, mask in enumerate(data.masks):
            assert np.array_equal(mask, drawn(label, shift)), (label, shift)
    both = layouts.load(root)
    assert np.array_equal(both.masks[1], drawn("cell", 1) | drawn("dirt", 1))
    assert set(both.index["values"][0]) == set(LAYOUTS[write])
    assert np.array_equal(both.images[2][..., 0], shade(2))


@pytest.mark.parametrize("write", LAYOUTS, ids=lambda write: write.__name__)
def test_of_several_classes_one_must_be_chosen(root, write):
    write(root)
    first = sorted(LAYOUTS[write], key=lambda one: (len(one), one))[0]
    with pytest.raises(DataError, match=f"2 classes.*--merge.*--class {first}"):
        survey.read(root)
    with pytest.raises(DataError, match=f"nothing is drawn of the class 'x'; there are {first}"):
        survey.read(root, wanted="x")
    with pytest.raises(ValueError, match="leave one out"):
        survey.read(root, wanted="x", merge=True)
    facts = dict(survey.read(root, wanted=first).facts)
    assert facts["drawn, in how many images"].startswith(f"{first} is foreground")
    assert survey.read(root, merge=True).looks["objects"].tolist() == [2, 2, 2]


@pytest.mark.parametrize("place", ["images/{0}.png masks/{0}/{1}.png", "{0}/images/{0}.png {0}/masks/{1}.png"])
def test_one_mask_an_object_is_put_together(root, place):
    image, mask = place.split()
    for shift, name in enumerate(NAMES):
        save(root / image.format(name), shade(shift))
        for number, label in enumerate(BOXES):
            save(root / mask.format(name, number), drawn(label, shift))
    data = survey.read(root).data
    assert data.index["values"].tolist() == [["object"]] * 3
    assert np.array_equal(data.masks[2], drawn("cell", 2) | drawn("dirt", 2))


def volume(array, spacing=(1, 1, 3)):
    image = sitk.GetImageFromArray(np.asarray(array))
    image.SetSpacing(spacing)
    return image


def nifti(root, images="images/{}.nii.gz", labels="masks/{}.nii.gz"):
    """Three volumes of three slices, the first of them blank."""
    for shift, name in enumerate(NAMES):
        values = np.stack([np.zeros(SHAPE), shade(shift), shade(shift + 3)]).astype(np.int16) - 20
        numbers = np.stack([np.zeros(SHAPE), drawn("cell", shift), 2 * drawn("dirt", shift)]).astype(np.uint8)
        for pattern, array in ((images, values), (labels, numbers)):
            path = root / pattern.format(name)
            path.parent.mkdir(exist_ok=True)
            sitk.WriteImage(volume(array), str(path))


@pytest.mark.parametrize("places", [(), ("imagesTr/{}_0000.nii.gz", "labelsTr/{}.nii.gz"), ("images/{}.nii",)])
def test_volumes_are_read_slice_by_slice_and_stay_together(root, places):
    nifti(root, *places)
    found = survey.read(root, wanted="2")
    assert found.data.index["id"].tolist() == [f"{name}_s00{n}" for name in NAMES for n in (2, 3)]
    assert found.data.index["group"].nunique() == 3
    assert np.array_equal(found.data.masks[1], drawn("dirt", 0)) and not found.data.masks[0].any()
    facts = dict(found.facts)
    assert facts["masks worth a look"] == "0" and "3 volumes" in facts["what must not part"]


def change(path, **fields):
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(content | fields), encoding="utf-8")


def annotations(root, **fields):
    content = json.loads((root / "annotations.json").read_text(encoding="utf-8"))
    content["annotations"][0] |= fields
    (root / "annotations.json").write_text(json.dumps(content), encoding="utf-8")


def shape(root, **fields):
    content = json.loads((root / "a.json").read_text(encoding="utf-8"))
    content["shapes"][0] |= fields
    (root / "a.json").write_text(json.dumps(content), encoding="utf-8")


def unlink(*names):
    return lambda root: [(root / name).unlink() for name in names]


def copy(name, other):
    return lambda root: (root / other).write_bytes((root / name).read_bytes())


FAULTS = [
    (class_folders, unlink("masks/cell/a.png", "masks/dirt/a.png"), "a.png has no mask in any of cell, dirt"),
    (class_folders, lambda root: save(root / "masks/cell/z.png", drawn("cell")), "z.png is named like no image"),
    (class_folders, lambda root: save(root / "masks/stray.png", drawn("cell")), "stray.png lies beside folders"),
    (class_folders, lambda root: save(root / "masks/cell/a.png", np.zeros((4, 4))), "a.png has 4 x 4 .*40 x 50"),
    (class_folders, lambda root: (root / "masks/a").mkdir(), "cell is named like no image"),
    (coco, copy("annotations.json", "other.json"), "2 COCO files, annotations.json and other.json: keep one"),
    (coco, lambda root: (root / "annotations.json").write_text('{"annotations"', encoding="utf-8"), "is no JSON file"),
    (coco, lambda root: change(root / "annotations.json", categories=None), "no list 'categories'"),
    (coco, lambda root: change(root / "annotations.json", images=[{"id": 0}]), "of image 1, which is not listed"),
    (coco, unlink("images/a.png"), "lists a.png, which is not in"),
    (coco, lambda root: save(root / "images/a.png", np.ones((20, 25))), "25 x 20 pixels.*drawn on 50 x 40"),
    (coco, lambda root: annotations(root, category_id=77), "annotation 4 has the unknown category 77"),
    (coco, lambda root: annotations(root, segmentation=[]), "annotation 4 of a.png has a box and no outline"),
    (coco, lambda root: annotations(root, segmentation=[[1, 2, 3, 4]]), "has 2 corner"),
    (coco, lambda root: annotations(root, segmentation=[["x", 2, 3, 4]]), "no list of corners"),
    (coco, lambda root: annotations(root, segmentation=[[60, 1, 70, 1, 70, 9]]), "lies outside its image of 50 x 40"),
    (coco, lambda root: annotations(root, segmentation={"counts": "abc", "size": [40, 50]}), "packed .*polygons"),
    (coco, lambda root: annotations(root, segmentation={"counts": [5, 5], "size": [40, 50]}), "another size than 40"),
    (labelme, unlink("b.json"), "b.png has no b.json beside it"),
    (labelme, unlink("b.png"), "b.json has no image b "),
    (labelme, lambda root: (root / "a.json").write_text('{"shapes"', encoding="utf-8"), "a.json is no JSON file"),
    (labelme, lambda root: change(root / "a.json", imageHeight=80), "drawn on 50 x 80"),
    (labelme, lambda root: shape(root, shape_type="line"), r"shape 1 \(cell\) is a line, which has no area"),
    (labelme, lambda root: shape(root, points=[[1, 2]]), "has 1 corner"),
    (labelme, lambda root: change(root / "a.json", shapes=[{"points": []}]), "lacks 'label'"),
    (nifti, lambda root: save(root / "images/z.png", shade(1)), "z.png is no volume, and lies among volumes"),
    (nifti, unlink("masks/a.nii.gz"), "a.nii.gz has no labels .*masks/a.nii.gz"),
    (nifti, unlink("images/a.nii.gz"), "a.nii.gz belongs to no volume"),
    (nifti, copy("images/a.nii.gz", "images/a_0001.nii.gz"), "second modality"),
    (nifti, copy("images/a.nii.gz", "images/a_0000.nii.gz"), "both called 'a'"),
    (nifti, copy("images/a.nii.gz", "masks/a.nii.gz"), "values that are no labels"),
    (
        nifti,
        lambda root: sitk.WriteImage(volume(np.ones((3, *SHAPE), np.uint8), (1, 1, 2)), str(root / "masks/a.nii.gz")),
        "a.nii.gz .* lies elsewhere",
    ),
    (
        nifti,
        lambda root: (root / "images/a.nii.gz").write_bytes((root / "images/a.nii.gz").read_bytes()[:900]),
        "a.nii.gz is truncated or no NIfTI file",
    ),
    (nifti, lambda root: (root / "images/a.nii.gz").write_bytes(b"none"), "a.nii.gz is truncated or no NIfTI file"),
    (
        nifti,
        lambda root: sitk.WriteImage(sitk.Image([4, 4, 4, 2], sitk.sitkInt16), str(root / "images/a.nii.gz")),
        "a.nii.gz has 4 axes",
    ),
]


@pytest.mark.parametrize(("write", "spoil", "words"), FAULTS, ids=[words[:30] for *_, words in FAULTS])
def test_what_is_wrong_with_a_folder_is_named(root, write, spoil, words):
    write(root)
    spoil(root)
    with pytest.raises(DataError, match=words):
        layouts.load(root)


def test_circles_are_read_and_notes_are_passed_over(root):
    labelme(root)
    shape(root, shape_type="circle", points=[[20, 20], [20, 30]])
    (root / "notes.json").write_text("{}", encoding="utf-8")
    circle = layouts.load(root, "cell").masks[0]
    y, x = np.mgrid[:40, :50] + 0.5
    assert np.array_equal(circle, np.hypot(y - 20, x - 20) < 10)


def test_runs_down_the_columns_are_a_crowd(root):
    coco(root)
    mask = drawn("cell").T.ravel()
    runs = np.diff(np.flatnonzero(np.diff(np.concatenate([[2], mask.astype(int), [2]])) != 0))
    annotations(root, segmentation={"counts": runs.tolist(), "size": list(SHAPE)}, iscrowd=1)
    assert np.array_equal(layouts.load(root, "cell").masks[0], drawn("cell"))

"""The door for images: what a mask means, what a name means, what is refused. Random files are in tests/faults."""

import io

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from unet_course.datasets import DataError, brain_tumor, folder, lgg, nuclei
from unet_course.datasets.images import files_in, left_behind, read_mask, read_mask_values, read_pixels

Y, X = np.mgrid[:64, :64]
DISC = (Y - 30) ** 2 + (X - 34) ** 2 < 15**2
MASK = DISC.astype(np.uint8) * 255
GREY = (60 + 120 * DISC + np.random.default_rng(0).integers(0, 20, DISC.shape)).astype(np.uint8)
ON_CLEAR = np.dstack([np.full((64, 64, 3), 255, np.uint8), MASK])
PARTS = np.where(X < 30, 1, 2)
OBJECTS = np.random.default_rng(0).permutation(np.arange(1, 1025)).reshape(32, 32).repeat(2, 0).repeat(2, 1)


def save(values, path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = values if isinstance(values, Image.Image) else Image.fromarray(values)
    picture.save(path, **options)
    return path


def palette(*colours):
    """The disc as number 1 of a palette."""
    picture = Image.fromarray(DISC.astype(np.uint8)).convert("P")
    picture.putpalette([value for colour in colours for value in colour])
    return picture


def in_colour(**channels):
    return np.dstack([DISC * channels.get(name, 0) for name in "rgb"]).astype(np.uint8)


@pytest.mark.parametrize(
    ("values", "ending", "options"),
    [
        (DISC, ".png", {}),
        (DISC, ".tif", {"compression": "group4"}),
        (DISC.astype(np.uint8), ".png", {}),
        (MASK, ".bmp", {}),
        (MASK, ".gif", {}),
        (MASK, ".webp", {"lossless": True}),
        (MASK // 2, ".tiff", {"compression": "tiff_lzw"}),
        (DISC.astype(np.uint16) * 65535, ".tif", {"compression": "tiff_lzw"}),
        (DISC.astype(np.float32) / 255, ".tif", {"compression": "tiff_lzw"}),
        (palette((0, 0, 0), (0, 0, 1)), ".png", {}),
        (palette((0, 0, 0), (255, 0, 0)), ".gif", {}),
        (palette((255, 255, 255), (255, 255, 255)), ".png", {"transparency": bytes([0, 255])}),
        (in_colour(b=1), ".png", {}),
        (in_colour(g=2), ".tif", {}),
        (in_colour(r=255), ".bmp", {}),
        (ON_CLEAR, ".png", {}),
        (Image.fromarray(ON_CLEAR).convert("LA"), ".png", {}),
        (np.dstack([in_colour(r=9), np.full((64, 64), 255, np.uint8)]), ".tif", {}),
        ((DISC * PARTS).astype(np.uint8), ".png", {}),
        ((DISC * PARTS * 100).astype(np.uint16), ".png", {}),
        ((DISC * np.where(X < 30, 1, 200)).astype(np.uint8), ".png", {}),
        ((DISC * OBJECTS).astype(np.uint16), ".png", {}),
        (MASK, ".jpg", {"quality": 95}),
        (MASK, ".jpg", {"quality": 75}),
        (in_colour(r=255, g=255, b=255), ".jpeg", {"quality": 90}),
        (MASK, ".tif", {"compression": "jpeg"}),
    ],
)
def test_a_mask_is_what_it_shows(tmp_path, values, ending, options):
    mask = read_mask(save(values, tmp_path / f"a{ending}", **options))
    assert mask.dtype == bool and np.array_equal(mask, DISC)


def as_png_after_jpeg():
    file = io.BytesIO()
    Image.fromarray(MASK).save(file, "JPEG", quality=85)
    return Image.open(file)


@pytest.mark.parametrize(
    "values",
    [
        as_png_after_jpeg(),
        np.asarray(Image.fromarray(MASK).resize((150, 150), Image.Resampling.BICUBIC)),
        np.asarray(Image.fromarray(MASK).resize((40, 40), Image.Resampling.BILINEAR)),
    ],
    ids=["saved as JPEG before", "grown", "shrunk"],
)
def test_soft_edges_are_cut_at_half(tmp_path, values):
    assert np.array_equal(read_mask(save(values, tmp_path / "a.png")), np.asarray(values) > 127)
    half = tmp_path / "half.tif"
    tifffile.imwrite(half, np.asarray(values) / 510)
    assert np.array_equal(read_mask(half), np.asarray(values) > 127), "at half of what is largest, whatever that is"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (MASK // 255, "compression has changed"),
        ((DISC * PARTS * 120).astype(np.uint8), "neither one value, nor numbers"),
        (GREY, "has no background"),
    ],
)
def test_jpeg_masks_that_leave_it_open_are_refused_with_their_values(tmp_path, values, words):
    with pytest.raises(DataError, match=rf"a.jpg h.* values \d.*{words}|a.jpg {words}.* values \d"):
        read_mask(save(values, tmp_path / "a.jpg", quality=90))


WIDE = 1 / (1 + np.exp((np.hypot(Y - 30, X - 34) - 15) / 4))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (1 + DISC.astype(np.uint8), "no background, which is 0 or black, but the values 1, 2: save it as PNG"),
        (np.where(DISC, 200, 255).astype(np.uint8), "but the values 200, 255"),
        (np.where(DISC[..., None], (255, 0, 0), (255, 255, 255)).astype(np.uint8), "has no background"),
        (-DISC.astype(np.int8), "below 0, from -1 to 0"),
        (np.where(DISC, np.nan, 0).astype(np.float32), "NaN or infinite"),
        (np.where(DISC, np.inf, 0).astype(np.float32), "NaN or infinite"),
        ((DISC * PARTS / 2).astype(np.float32), r"the values 0, 0.5, 1, neither"),
        (WIDE.astype(np.float32), "has no background"),
        ((WIDE * 255).astype(np.uint8), "neither one value"),
        (palette((0, 0, 0), (0, 0, 0)), "several numbers of its palette in black"),
        (np.dstack([np.zeros((64, 64, 3), np.uint8), MASK]), "shows nothing on black but is not empty"),
        (np.dstack([in_colour(r=255), np.zeros_like(MASK)]), "shows nothing on black but is not empty"),
        (GREY, "has no background"),
        ((GREY > 70) * GREY, "neither one value"),
    ],
)
def test_masks_that_leave_it_open_are_refused_with_their_values(tmp_path, values, words):
    path = tmp_path / "a.tif"
    save(values, path) if isinstance(values, Image.Image) else tifffile.imwrite(path, values)
    with pytest.raises(DataError, match=rf"a\.tif .*{words}"):
        read_mask(path)


def test_empty_and_full_masks_are_masks(tmp_path):
    assert not read_mask(save(np.zeros_like(MASK), tmp_path / "a.png")).any()
    assert not read_mask(save(np.zeros((64, 64, 4), np.uint8), tmp_path / "a.png")).any()
    assert read_mask(save(np.full_like(MASK, 255), tmp_path / "a.png")).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_stand_upright_whatever_wrote_them(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(np.dstack([GREY, GREY // 2, X + 60]).astype(np.uint8)[:40], tmp_path / "a.jpg", exif=exif)
    with Image.open(path) as file:
        upright = ImageOps.exif_transpose(file)
        assert np.array_equal(read_pixels(path, "RGB"), upright) and (orientation == 1 or upright != file)
    tag = [(274, "H", 1, orientation, True)]
    deep = tmp_path / "a.tif"
    tifffile.imwrite(deep, X[:40].astype(np.uint16), extratags=tag)
    turned = Image.fromarray(X[:40].astype(np.uint8))
    turned.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(turned))
    assert np.array_equal(read_pixels(deep, "L"), np.rint(expected / 63 * 255))


def test_pictures_of_12_bits_keep_their_contrast_among_nuclei(data_root, tmp_path):
    save(GREY.astype(np.uint16) * 16, tmp_path / "n1/images/n1.png")
    save(DISC, tmp_path / "n1/masks/m1.gif")
    data = nuclei.load(tmp_path)
    expected = (GREY - 60.0) / np.ptp(GREY) * 255
    assert np.abs(data.images[0] - expected[..., None]).max() <= 0.5
    assert np.array_equal(data.masks[0], DISC)


def test_pictures_packed_in_12_bits_are_read(tmp_path):
    values = GREY.astype(np.uint16) * 16 + 3
    pairs = values.reshape(64, 32, 2)
    first, second = pairs[..., 0], pairs[..., 1]
    packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], -1).astype(np.uint8)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, packed.reshape(64, 96), metadata=None)
    with tifffile.TiffFile(path, mode="r+") as file:
        tags = file.pages[0].tags
        tags["ImageWidth"].overwrite(64)
        tags["BitsPerSample"].overwrite(12)
    assert np.abs(read_pixels(path, "L") - (GREY - 60.0) / np.ptp(GREY) * 255).max() <= 0.5


@pytest.mark.parametrize("extra", ["unassalpha", "assocalpha"])
def test_masks_with_transparency_in_tiff_are_what_they_show(tmp_path, extra):
    path = tmp_path / "a.tif"
    colours = ON_CLEAR if extra == "unassalpha" else np.dstack([MASK] * 4)
    tifffile.imwrite(path, colours, photometric="rgb", extrasamples=[extra])
    assert np.array_equal(read_mask(path), DISC)
    with pytest.raises(DataError, match=r"a\.tif is transparent in places"):
        read_pixels(path, "RGB")


def mine(root, images, masks):
    for place, files in (("images", images), ("masks", masks)):
        for name, values in files.items():
            save(values, root / place / name)
    return root


def test_several_masks_of_a_picture_are_put_together(data_root, tmp_path):
    parts = {"benign (4)_mask.png": MASK * (X < 30), "benign (4)_mask_1.png": MASK * (X >= 30)}
    data = folder.load(mine(tmp_path, {"benign (4).png": GREY}, parts))
    assert np.array_equal(data.masks[0], DISC) and data.index["id"].tolist() == ["benign (4)"]


@pytest.mark.parametrize(
    ("images", "masks", "words"),
    [
        (["a.png", "a.jpg"], ["a.png"], "a.jpg and a.png share the name 'a'"),
        (["a.png"], ["a.png", "a.tif"], "a.png and a.tif share the name 'a'"),
        (["a.png"], ["a.png", "a_masks.png"], "could both be the mask of 'a'"),
        (["a.png"], ["a.png", "a_lesion2.png"], r"a_lesion2.png belongs to no image .*_mask_1 with .* \.gif"),
        (["a.png"], ["a_manual1.gif"], r"a.png has no mask .*; a_manual1.gif belongs to no image.*a_mask.* \.gif"),
        (["a.png", "b.png"], ["a.png"], r"b.png has no mask .*\(1 of 2"),
    ],
)
def test_names_that_leave_open_what_belongs_together_are_refused(data_root, tmp_path, images, masks, words):
    with pytest.raises(DataError, match=words):
        folder.load(mine(tmp_path, dict.fromkeys(images, GREY), dict.fromkeys(masks, MASK)))


def test_images_and_masks_may_lie_in_one_folder(data_root, tmp_path):
    both = {"a.png": GREY, "a_mask.png": MASK, "b_mask.png": GREY, "b_mask_mask_1.png": MASK}
    found = folder.load(mine(tmp_path, both, {}), masks="images")
    assert found.index["id"].tolist() == ["a", "b_mask"]  # b_mask is an image: there is no image b
    (tmp_path / "images" / "a_mask.png").unlink()
    with pytest.raises(DataError, match=r"a.png has no mask .*a_mask.png .*call it a_mask or a_mask_1 with"):
        folder.load(tmp_path, masks="images")


SMOOTH = np.asarray(Image.fromarray(MASK.repeat(4, 0).repeat(4, 1)).resize((70, 70), Image.Resampling.LANCZOS))


@pytest.mark.parametrize(
    ("mask", "values"),
    [
        (MASK, ["255"]),
        (0 * MASK, []),
        (SMOOTH, ["255"]),
        ((DISC * PARTS).astype(np.uint8), ["1", "2"]),
        (in_colour(r=255, g=255), ["#ffff00"]),
        (in_colour(r=255) * (X < 30)[..., None] + in_colour(g=255) * (X >= 30)[..., None], ["#00ff00", "#ff0000"]),
    ],
)
def test_the_values_that_are_drawn_are_listed(tmp_path, mask, values):
    assert read_mask_values(save(mask.astype(np.uint8), tmp_path / "mask.png")) == values


def test_accents_are_one_name_however_they_are_written(data_root, tmp_path):
    composed, decomposed = "\u00e9.png", "e\u0301.png"
    assert folder.load(mine(tmp_path, {decomposed: GREY}, {composed: MASK})).index["id"].tolist() == ["\u00e9"]
    save(GREY, tmp_path / "images" / composed)
    with pytest.raises(DataError, match="share the name"):
        folder.load(tmp_path)


def test_endings_count_in_any_case(tmp_path):
    for name in ("a.PNG", "b.Jpeg", "c.TIF", "d.tiff", "e.GIF", "f.BMP", "g.WebP", "h.txt", "LICENSE"):
        (tmp_path / name).touch()
    (tmp_path / "j.png").mkdir()
    assert [path.name[0] for path in files_in(tmp_path)] == list("abcdefg")


@pytest.mark.parametrize("name", ["b.dcm", "b.nii.gz", "b.HEIC", "b/c.png"])
def test_no_picture_is_left_out_without_a_word(data_root, tmp_path, name):
    mine(tmp_path, {"a.png": GREY}, {"a.png": MASK})
    (tmp_path / "images" / name).parent.mkdir(exist_ok=True)
    (tmp_path / "images" / name).touch()
    with pytest.raises(DataError, match=r"images/b.* has none of the endings|images/b holds images"):
        folder.load(tmp_path)


LEFT = ("._a.png", ".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX/._a.png", "._b.tif", "._TCGA_1.tif")


def test_what_systems_leave_behind_is_passed_over_everywhere(
    data_root, tmp_path, write_nuclei, write_lgg, write_brain_tumor
):
    sets = {
        folder: mine(tmp_path / "mine", {"a.png": GREY}, {"a.png": MASK}),
        nuclei: write_nuclei(tmp_path / "nuclei"),
        lgg: write_lgg(tmp_path / "lgg"),
        brain_tumor: write_brain_tumor(tmp_path / "brain"),
    }
    before = {reader: reader.load(root).content_hash for reader, root in sets.items()}
    for root in sets.values():
        for place in [root, *(path for path in root.rglob("*") if path.is_dir())]:
            for name in LEFT:
                (place / name).parent.mkdir(exist_ok=True)
                (place / name).write_bytes(b"\0\5\26\7\0\2\0\0Mac OS X")
            (place / "__MACOSX" / "images").mkdir()
    assert {reader: reader.load(root).content_hash for reader, root in sets.items()} == before
    assert all(left_behind(name.partition("/")[0]) for name in LEFT)


def test_a_slice_of_lgg_is_there_once(data_root, tmp_path, write_lgg):
    file = next(write_lgg(tmp_path).glob("kaggle_3m/*/*_2.tif"))
    for name in (file.with_suffix(".TIFF").name, file.name.replace("_2.tif", "_02.tif")):
        copies = [file.with_name(name), file.with_name(f"{name.partition('.')[0]}_mask{file.suffix}")]
        for copy in copies:
            copy.write_bytes(copy.read_bytes() if copy.exists() else file.read_bytes())
        with pytest.raises(DataError, match="share the name|are both slice 2"):
            lgg.load(tmp_path)
        copies[0].unlink()


def test_a_file_that_may_not_be_read_is_not_called_damaged(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(DataError, match=r"a\.png cannot be opened \(Permission denied\)"):
        read_pixels(tmp_path / "a.png", "RGB")

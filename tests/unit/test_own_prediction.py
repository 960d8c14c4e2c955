"""The network on new images: bands as good as the whole, bounded memory, and masks in the geometry of what came in."""

import subprocess
import sys
import textwrap

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
import tifffile
from PIL import Image

from unet_course import shipping
from unet_course.common import inference
from unet_course.datasets import DataError
from unet_course.own import prediction, views

CARD = {"threshold": 0.5, "own": {"size": 32, "scale": 1, "channels": 1, "framework": "torch"}}


def by_place(tiles):
    """A network whose answer depends on where in the tile a pixel lies: seams show."""
    rows, columns = (np.linspace(0, 1, side, dtype=np.float32) for side in tiles.shape[1:3])
    return tiles[..., :1] * (0.3 + 0.5 * rows[:, None, None] + 0.2 * columns[:, None])


def in_tiles(network):
    return lambda images, tile: inference.sliding_window(images, network, tile=tile, batch_size=4)[..., 0]


def blob(shape=(90, 110), seed=0):
    image = np.random.default_rng(seed).integers(0, 60, (*shape, 3), dtype=np.uint8)
    image[20:50, 30:80] += 150
    return image


@pytest.fixture
def bright(monkeypatch):
    """Instead of a network: foreground is what is brighter than the middle of the image's range."""
    monkeypatch.setattr(prediction, "_load", lambda path: (lambda images, tile: images[..., 0], CARD))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shape", [(90, 110), (20, 110), (32, 32), (33, 31)])
def test_bands_give_what_the_whole_image_gives(shape, channels):
    image = blob(shape) if min(shape) > 60 else blob()[: shape[0], : shape[1]]
    predict = in_tiles(by_place)
    found = views.probabilities(image, predict, size=32, scale=1, channels=channels)
    whole = predict(shipping.prepare(image[None], colour=channels == 3), tile=32)[0]
    assert np.abs(found - whole).max() <= 1e-6


def test_tiles_are_blended_as_monai_blends_them_with_the_same_weights():
    monai = pytest.importorskip("monai.inferers")
    torch = pytest.importorskip("torch")
    size, image = 32, blob((88, 112))
    found = views.probabilities(image, in_tiles(by_place), size=size, scale=1, channels=1)
    weights = inference.window(1000, 500, size, size // 4)  # of a tile with neighbours on all sides

    def network(tiles):
        return torch.from_numpy(by_place(tiles.numpy().transpose(0, 2, 3, 1))).permute(0, 3, 1, 2)

    prepared = torch.from_numpy(shipping.prepare(image[None])).permute(0, 3, 1, 2)
    theirs = monai.sliding_window_inference(
        prepared, size, 4, network, overlap=0.25, roi_weight_map=torch.from_numpy(np.outer(weights, weights))
    )
    inner = np.s_[4:-4, 4:-4]  # at the border of the image MONAI's weights are those of a seam
    assert np.abs(found - theirs[0, 0].numpy())[inner].max() <= 2e-3  # it lifts weights of 0 a little
    alone = monai.sliding_window_inference(prepared, size, 4, network, overlap=0)
    assert np.abs(found - alone[0, 0].numpy())[inner].max() > 0.05


def test_sixteen_bits_and_pages_come_out_as_pages(bright, tmp_path):
    pages = np.stack([blob(seed=seed)[..., 0].astype(np.uint16) * 200 for seed in range(3)])
    pages[2] = 0
    tifffile.imwrite(tmp_path / "stack.tif", pages, photometric="minisblack")
    tifffile.imwrite(tmp_path / "one.tif", pages[0], photometric="minisblack")
    table, refused = prediction.predict("model", [tmp_path], tmp_path / "found", spacing=0.5)
    assert not refused and table["image"].tolist() == ["one", "stack", "stack", "stack"]
    assert table["page"].tolist() == [1, 1, 2, 3] and table["area_pixels"].tolist() == [1500, 1500, 1500, 0]
    assert table["area_mm2"].tolist() == [375, 375, 375, 0]
    masks = tifffile.imread(tmp_path / "found" / "masks" / "stack.tif")
    assert masks.shape == pages.shape and np.array_equal(masks[1] == 255, pages[1] > 100 * 200)
    assert Image.open(tmp_path / "found" / "masks" / "one.png").size == (110, 90)
    overlays = sorted(path.name for path in (tmp_path / "found" / "overlays").iterdir())
    assert overlays == ["one.png", "stack_001.png", "stack_002.png", "stack_003.png"]


@pytest.mark.parametrize(
    ("array", "axes", "words"),
    [
        (np.zeros((2, 3, 9, 9), np.uint8), "ZCYX", "holds ZCYX: save its pages"),
        (np.full((3, 9, 9), np.nan, np.float32), "ZYX", "NaN"),
    ],
)
def test_pages_that_are_no_stack_of_images_are_named_and_the_others_are_done(bright, tmp_path, array, axes, words):
    tifffile.imwrite(
        tmp_path / "odd.tif", array, photometric="minisblack", imagej=axes == "ZCYX", metadata={"axes": axes}
    )
    Image.fromarray(blob()).save(tmp_path / "whole.png")
    table, refused = prediction.predict("model", [tmp_path], tmp_path / "found")
    assert table["image"].tolist() == ["whole"] and table["area_mm2"].isna().all()
    assert len(refused) == 1 and words in next(iter(refused.values()))


def test_a_volume_gets_labels_at_its_place_and_areas_in_mm(bright, tmp_path):
    image = sitk.GetImageFromArray(np.stack([blob(seed=seed)[..., 0].astype(np.int16) for seed in range(4)]))
    image.SetSpacing((0.5, 0.8, 3))
    image.SetOrigin((7, 8, 9))
    (tmp_path / "new").mkdir()
    sitk.WriteImage(sitk.DICOMOrient(image, "RAS"), str(tmp_path / "new" / "p1.nii.gz"))
    table, refused = prediction.predict("model", [tmp_path / "new"], tmp_path / "found")
    assert not refused and table["page"].tolist() == [1, 2, 3, 4]
    assert table["area_mm2"].to_numpy() == pytest.approx(1500 * 0.4)
    stored, labels = (nibabel.load(tmp_path / name) for name in ("new/p1.nii.gz", "found/masks/p1.nii.gz"))
    assert np.allclose(stored.affine, labels.affine, atol=1e-5)
    assert np.array_equal(np.asarray(labels.dataobj), np.asarray(stored.dataobj) > 100)


def test_volumes_and_images_in_one_folder_are_not_guessed_at(bright, tmp_path):
    (tmp_path / "new").mkdir()
    sitk.WriteImage(sitk.Image(4, 4, 4, sitk.sitkInt16), str(tmp_path / "new" / "p1.nii.gz"))
    Image.fromarray(blob()).save(tmp_path / "new" / "a.png")
    with pytest.raises(DataError, match="holds volumes, and images such as a.png"):
        prediction.predict("model", [tmp_path / "new"], tmp_path / "found")
    with pytest.raises(ValueError, match="--spacing 0 must be above 0"):
        prediction.predict("model", [tmp_path / "new" / "a.png"], tmp_path / "found", spacing=0.0)


SIZE, SMALL, LARGE = 256, 1000, 4000
BYTES = 24  # for every pixel of an image: in colour 3, probability and sum 8, mask, numbers of objects 4, and copies
PEAK = """
    import resource, sys
    import numpy as np
    from PIL import Image
    from unet_course import torch as uc
    from unet_course.own import prediction

    model = uc.unet(1, 1, base_filters=4, depth=2)
    card = {"threshold": 0.5, "own": {"size": %d, "scale": 1, "channels": 1, "framework": "torch"}}
    prediction._load = lambda path: (lambda images, **options: uc.predict(model, images, batch_size=4, **options), card)
    side, out = int(sys.argv[1]), sys.argv[2]
    y, x = np.mgrid[:side, :side].astype(np.float32)
    Image.fromarray((np.hypot(y %% 100 - 50, x %% 100 - 50) * 3).astype(np.uint8)).save(f"{out}.png")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    prediction.predict("model", [f"{out}.png"], out)
    print(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak of memory is read as Linux counts it")
def test_a_large_image_takes_the_memory_of_a_band_and_a_few_bytes_a_pixel(tmp_path):
    pytest.importorskip("torch")
    script = tmp_path / "peak.py"
    script.write_text(textwrap.dedent(PEAK % SIZE), encoding="utf-8")
    peaks = {}
    for side in (SMALL, LARGE):
        command = [sys.executable, script, str(side), tmp_path / str(side)]
        run = subprocess.run(command, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr[-2000:]
        peaks[side] = 1024 * int(run.stdout.split()[-1])
    assert Image.open(tmp_path / str(LARGE) / "masks" / f"{LARGE}.png").size == (LARGE, LARGE)
    # One band holds tiles side by side: so many more numbers at a time than in the small image.
    band = 4 * SIZE * (LARGE - SMALL) * 8
    assert peaks[LARGE] - peaks[SMALL] <= BYTES * (LARGE**2 - SMALL**2) + band, peaks

"""The U-Net in the page: the answers of its PyTorch source, by mouse, finger and keys, with no network at all."""

import io

import numpy as np
import pytest
from PIL import Image

from unet_course import shipping, widgets
from unet_course.shipping import numpy_unet

torch_twin = pytest.importorskip("unet_course.torch")
SIZE = 64
# A phone reads the same page.
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


def picture(seed, *shape):
    return np.random.default_rng(seed).integers(0, 256, (SIZE, SIZE, *shape), dtype=np.uint8)


PICTURES = {"noise": picture(0), "coloured noise": picture(1, 3)}


@pytest.fixture(scope="module")
def model():
    state, _ = shipping.load()
    return shipping.set_state(torch_twin.unet(1, 1, base_filters=10, depth=3), state)


@pytest.fixture
def open_page(open_file, model, tmp_path):
    def open_page(**options):
        weights = shipping.fold_batch_norm(shipping.get_state(model))
        explorer = widgets.live_unet(weights, PICTURES, name="live", title="Live", alt="Noise of many grey values")
        head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Live</title>'
        path = tmp_path / "page.html"
        path.write_text(f'<!doctype html><html lang="en">{head}{explorer.data}</html>', encoding="utf-8")
        return open_file(path, **options)

    return open_page


def answered(page, times=1):
    page.wait_for_function(f"document.getElementById('live').dataset.answers >= {times}", timeout=20_000)
    return page


def answers(page):
    return int(page.evaluate("document.getElementById('live').dataset.answers"))


def logits(page):
    return np.array(page.evaluate("Array.from(document.getElementById('live').unetLogits)"), np.float32)


def expected(model, prepared):
    import torch

    with torch.inference_mode():
        return model.eval()(torch.from_numpy(prepared.reshape(1, SIZE, SIZE, 1))).numpy().ravel()


@pytest.mark.parametrize("label", PICTURES)
def test_the_page_computes_what_pytorch_computes(open_page, model, label):
    page = answered(open_page())
    if label != "noise":
        page.get_by_label(label).check()
        answered(page, 2)
    prepared = shipping.prepare(PICTURES[label].reshape(1, SIZE, SIZE, -1))
    found = logits(page)
    assert found.std() > 0.1
    assert np.abs(found - expected(model, prepared)).max() <= 1e-4
    assert page.problems == []


def test_any_prepared_picture_can_be_given_by_a_script(open_page, model):
    page = answered(open_page())
    prepared = np.linspace(0, 1, SIZE * SIZE, dtype=np.float32)
    run = "values => document.getElementById('live').unetRun(new Float32Array(values)).then(found => Array.from(found))"
    assert np.abs(page.evaluate(run, prepared.tolist()) - expected(model, prepared)).max() <= 1e-4


def test_without_workers_the_page_computes_itself(open_page, model):
    page = open_page()
    page.add_init_script("window.Worker = function () { throw new Error('no workers here'); }")
    page.reload()
    answered(page)
    prepared = shipping.prepare(PICTURES["noise"][None, ..., None])
    assert np.abs(logits(page) - expected(model, prepared)).max() <= 1e-4
    assert page.problems == []


@pytest.mark.parametrize("side", [12, 36], ids=["rows of 3, 6 and 12", "rows of 9, 18 and 36"])
@pytest.mark.parametrize("can", [True, False], ids=["WebAssembly", "a browser without its SIMD instructions"])
def test_the_fast_page_computes_the_same(show_html, side, can):
    torch_twin.set_seed(0)
    network = torch_twin.unet(3, 1, base_filters=5, depth=3)
    weights = shipping.fold_batch_norm(shipping.get_state(network))
    sample = np.random.default_rng(2).integers(0, 256, (side, side, 3), dtype=np.uint8)
    html = widgets.live_unet(weights, {"one": sample}, name="live", title="Live", alt="Noise", fast=True).data
    # In the page itself, so that the browser can be made to lack something.
    cannot = "" if can else "WebAssembly.validate = () => false;"
    page = answered(show_html(f"<script>delete window.Worker; {cannot}</script>{html}"))
    prepared = shipping.prepare(sample[None], colour=True)
    right = numpy_unet.logits(weights, prepared)[0, ..., 0].ravel()
    assert np.abs(logits(page) - right).max() <= 1e-4
    assert page.problems == []


def draw(page, places, touch=False):
    """Dots at fractions of the image."""
    box = page.locator("#live-input").bounding_box()
    for x, y in places:
        at = box["x"] + x * box["width"], box["y"] + y * box["height"]
        before = answers(page)
        (page.touchscreen.tap if touch else page.mouse.click)(*at)
        answered(page, before + 1)


def count(page):
    return int(page.locator("#live-result").inner_text().split()[0])


@pytest.mark.parametrize(("ground", "ink"), [("black", "white"), ("white", "black")])
def test_drawn_dots_are_counted(open_page, ground, ink):
    page = answered(open_page())
    page.get_by_label(f"nothing, on {ground}").check()
    page.get_by_label(ink, exact=True).check()
    answered(page, 2)
    draw(page, [(0.25, 0.25), (0.7, 0.3), (0.45, 0.75)])
    assert count(page) == 3
    assert page.problems == []


def test_a_finger_draws(open_page):
    page = answered(open_page(**PHONE))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_label("nothing, on black").check()
    answered(page, 2)
    page.locator("#live-input").scroll_into_view_if_needed()
    draw(page, [(0.5, 0.5)], touch=True)
    assert page.evaluate("document.getElementById('live').unetInput[32 * 64 + 32]") == 1


def test_keys_draw(open_page):
    page = answered(open_page())
    page.get_by_label("nothing, on black").check()
    answered(page, 2)
    page.locator("#live-input").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    assert page.locator("#live-place").inner_text() == "brush at column 44, row 31"
    page.keyboard.press("Space")
    answered(page, 3)
    drawn = page.evaluate("Array.from(document.getElementById('live').unetInput)")
    assert drawn[31 * SIZE + 44] == 1 and drawn[31 * SIZE + 20] == 0
    page.keyboard.press("Tab")
    assert page.locator("#live-place").inner_text() == ""
    assert page.problems == []


def test_a_file_from_disk_is_read_in_the_page_and_sent_nowhere(open_page):
    page = answered(open_page())
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    file = io.BytesIO()
    Image.fromarray(np.full((90, 120), 7, np.uint8)).save(file, "PNG")
    page.get_by_label("Or an image of your own").set_input_files(
        {"name": "mine.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )
    answered(page, 2)
    page.wait_for_function("document.getElementById('live').unetInput.every(value => value === 0)")
    assert [url for url in asked if not url.startswith("blob:")] == []
    page.get_by_label("Or an image of your own").set_input_files(
        {"name": "mine.txt", "mimeType": "image/png", "buffer": b"no image"}
    )
    page.get_by_text("cannot read this file as an image. Browsers do not read TIFF: save it as PNG or JPEG").wait_for()


@pytest.mark.parametrize(("share", "says"), [(1, ""), (0.4, "This file ends early")], ids=["whole", "cut off"])
def test_a_jpeg_that_ends_early_is_shown_with_a_word_about_it(open_page, share, says):
    page = answered(open_page())
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (96, 96), np.uint8)).save(file, "JPEG")
    jpeg = file.getvalue()
    page.get_by_label("Or an image of your own").set_input_files(
        {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": jpeg[: int(share * len(jpeg))]}
    )
    answered(page, 2)
    page.wait_for_timeout(100)
    assert page.locator("#live-place").inner_text().startswith(says)
    assert bool(says) == bool(page.locator("#live-place").inner_text())


def given(page):
    return np.array(page.evaluate("Array.from(document.getElementById('live').unetInput)")).reshape(SIZE, SIZE)


def choose_file(page, image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    before = answers(page)
    page.get_by_label("Or an image of your own").set_input_files(
        {"name": "mine.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )
    answered(page, before + 1)


def test_the_chosen_ground_wipes_a_drawing_and_a_sample_forgets_the_file(open_page):
    page = answered(open_page())
    black = page.get_by_label("nothing, on black")
    black.click()
    answered(page, 2)
    page.locator("#live-input").click()
    answered(page, 3)
    assert given(page).max() == 1
    black.click()
    answered(page, 4)
    assert given(page).max() == 0
    choose_file(page, np.full((90, 120), 7, np.uint8))
    page.get_by_label("coloured noise").click()
    assert page.locator("#live-file").input_value() == ""


def test_an_image_is_moved_magnified_and_inverted(open_page):
    page = answered(open_page())
    quarters = np.kron([[0, 80], [160, 240]], np.ones((2 * SIZE, 2 * SIZE))).astype(np.uint8)
    choose_file(page, quarters)
    assert np.abs(given(page)[:: SIZE - 1, :: SIZE - 1] - [[0, 1 / 3], [2 / 3, 1]]).max() < 0.02
    page.get_by_label("dark on bright").check()
    page.wait_for_function("document.getElementById('live').unetInput[0] > 0.9")
    assert np.abs(given(page)[:: SIZE - 1, :: SIZE - 1] - [[1, 2 / 3], [1 / 3, 0]]).max() < 0.02
    page.get_by_label("dark on bright").uncheck()
    page.locator("#live-across").focus()
    page.keyboard.press("End")
    page.locator("#live-zoom").fill("2")
    page.wait_for_function(f"document.getElementById('live').unetInput[{SIZE // 2}] < 0.1")
    assert np.abs(given(page)[:: SIZE - 1, SIZE // 2] - [0, 1]).max() < 0.02  # two of the four quarters are left
    assert page.problems == []


def test_large_images_shrink_by_the_mean_of_their_pixels(open_page):
    """By halves, so that no browser leaves pixels out: a fine chequerboard becomes grey, not black or white."""
    page = answered(open_page())
    fine = 255 * (np.indices((8 * SIZE, 8 * SIZE)).sum(axis=0) % 2).astype(np.uint8)
    fine[:, :SIZE] = 0
    fine[:, -SIZE:] = 255
    choose_file(page, fine)
    middle = given(page)[:, SIZE // 4 : -SIZE // 4]
    assert np.abs(middle - 0.5).max() < 0.02


def test_paper_and_pages_without_javascript_show_a_picture_and_its_map(open_page):
    for page in (open_page(java_script_enabled=False), answered(open_page())):
        page.emulate_media(media="print")
        shown = [one for one in page.locator("img").all() if one.is_visible()]
        assert [one.get_attribute("alt")[:5] for one in shown] == ["Noise", "Noise"]
        assert not page.locator("canvas").first.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_people_from_using_it(open_page, axe, scheme):
    page = answered(open_page(color_scheme=scheme))
    found = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [problem["id"] for problem in found if problem["impact"] in ("serious", "critical")] == []

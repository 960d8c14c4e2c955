"""The U-Net in the page: the answers of its PyTorch source, by mouse, finger and keys, with no network at all."""

import io

import numpy as np
import pytest
from PIL import Image

from unet_course import shipping, widgets

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
def open_page(browser, model, tmp_path):
    contexts = []

    def open_page(**options):
        context = browser.new_context(**{"viewport": {"width": 1000, "height": 900}, "offline": True, **options})
        contexts.append(context)
        page = context.new_page()
        page.problems = []
        page.on("console", lambda message: message.type == "error" and page.problems.append(message.text))
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        weights = shipping.fold_batch_norm(shipping.get_state(model))
        explorer = widgets.live_unet(weights, PICTURES, name="live", title="Live", alt="Noise of many grey values")
        head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Live</title>'
        (tmp_path / "page.html").write_text(f'<!doctype html><html lang="en">{head}{explorer.data}</html>')
        page.goto((tmp_path / "page.html").as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


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


def draw(page, places, touch=False):
    """Dots at fractions of the picture."""
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
    page.get_by_label("Or a picture of your own").set_input_files(
        {"name": "mine.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )
    answered(page, 2)
    page.wait_for_function("document.getElementById('live').unetInput.every(value => value === 0)")
    assert [url for url in asked if not url.startswith("blob:")] == []
    page.get_by_label("Or a picture of your own").set_input_files(
        {"name": "mine.txt", "mimeType": "image/png", "buffer": b"no picture"}
    )
    page.get_by_text("cannot read this file").wait_for()


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

"""The pages of a network of your own, offline: the demo answers as the network does, and both pages are whole."""

import numpy as np
import pytest

from unet_course import shipping
from unet_course.own import prediction, training, views

pytestmark = pytest.mark.slow
pytest.importorskip("torch")
SIZE = 32


@pytest.fixture(scope="module", params=[1, 3], ids=["grey", "colour"])
def trained(request, tmp_path_factory, write_own):
    """What training on a small folder left."""
    root = tmp_path_factory.mktemp("own")
    write_own(root / "mine", 12)
    if request.param == 3:
        from PIL import Image

        for path in (root / "mine" / "images").iterdir():
            grey = np.asarray(Image.open(path))
            Image.fromarray(np.stack([grey, grey // 2, 255 - grey], axis=-1)).save(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNET_COURSE_DATA", str(root / "data"))
        training.train(root / "mine", root / "out", framework="torch", size=SIZE, depth=3, filters=3, epochs=3)
    return root


def test_the_demo_computes_what_the_network_computes(open_file, trained):
    page = open_file(trained / "out" / "demo.html")
    page.wait_for_function("document.getElementById('demo').dataset.answers >= 1", timeout=20_000)
    seen, logits = (
        np.array(page.evaluate(f"Array.from(document.getElementById('demo').{name})"), np.float32)
        for name in ("unetInput", "unetLogits")
    )
    network, card = prediction._load(trained / "out")
    channels = card["own"]["channels"]
    images = seen.reshape(1, channels, SIZE, SIZE).transpose(0, 2, 3, 1)
    assert np.abs(1 / (1 + np.exp(-logits)) - network(images).ravel()).max() <= 1e-4
    name = page.get_by_role("radio").first.locator("xpath=..").inner_text().strip()
    from unet_course.datasets.images import read_pixels

    image = read_pixels(trained / "mine" / "images" / f"{name}.png", "RGB")
    expected = shipping.prepare(views.square(image, SIZE, card["own"]["scale"])[None], colour=channels == 3)
    assert np.abs(images - expected).max() <= 1e-6
    assert "object" in page.locator("#demo-result").inner_text()
    assert page.problems == []


@pytest.mark.parametrize("width", [390, 900])
def test_the_pages_fit_a_phone_and_nothing_is_missing(open_file, trained, width):
    for name in ("report.html", "demo.html"):
        page = open_file(trained / "out" / name, viewport={"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        names = "h1, figcaption, .uc-live-choices span"  # files have names as long as this
        page.evaluate(f"document.querySelectorAll('{names}').forEach(e => {{ e.textContent = 'a1b2'.repeat(16); }})")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"long names, {name}"
        broken = "[...document.images].filter(image => !image.complete || !image.naturalWidth).length"
        assert page.evaluate(broken) == 0
        assert page.problems == []


def test_nothing_keeps_people_from_reading_the_pages(open_file, trained, axe):
    for name in ("report.html", "demo.html"):
        page = open_file(trained / "out" / name)
        found = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
        assert [problem["id"] for problem in found if problem["impact"] in ("serious", "critical")] == [], name

"""What may differ in a second browser: formulas, the live U-Net's answer, what a browser remembers.

Firefox is driven by Marionette, the remote control that it brings along: JSON on a socket, without any driver. All
pages come from 127.0.0.1: on its way to a file it would change the process, and lose a command sent at that moment.
"""

import base64
import itertools
import json
import os
import shutil
import socket
import subprocess
import time

import numpy as np
import pytest
from PIL import Image

from unet_course import shipping, widgets
from unet_course.shipping import numpy_unet

pytestmark = pytest.mark.slow
FIREFOX = next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)
SECONDS = 300  # at most, to start, to load a page, or for a condition to come true: on a busy machine, too
SETTINGS = {
    "marionette.port": 0,  # any free one; Firefox writes which
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.server": "",
}
FORMULAS = ("notebooks/foundations/noise_and_tv.html", "notebooks/foundations/preparing_mr.html")
CHAPTER = "notebooks/case_studies/03_nuclei.html"
SIZE = 64  # pixels of the live U-Net's images here


class Firefox:
    """A running Firefox behind a socket."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self._stream = self._socket.makefile("rb")
        self._numbers = itertools.count(1)
        self._read()  # it greets first
        self("WebDriver:NewSession", capabilities={"alwaysMatch": {"pageLoadStrategy": "normal"}})

    def __call__(self, command, **parameters):
        message = json.dumps([0, next(self._numbers), command, parameters])
        self._socket.sendall(f"{len(message.encode())}:{message}".encode())
        _, _, error, result = self._read()
        assert error is None, f"{command}: {error['error']}: {error['message']}"
        return result.get("value") if isinstance(result, dict) else result

    def _read(self):
        length = b""
        while (byte := self._stream.read(1)) != b":":
            assert byte, "Firefox closed the connection"
            length += byte
        return json.loads(self._stream.read(int(length)))

    def run(self, script, *arguments):
        """The value of a script in the page."""
        return self("WebDriver:ExecuteScript", script=script, args=list(arguments))

    def wait(self, condition):
        """Until an expression holds in the page; its value."""
        end = time.monotonic() + SECONDS
        while not (value := self.run(f"return {condition}")):
            assert time.monotonic() < end, f"still not so after {SECONDS} s: {condition}"
            time.sleep(0.05)
        return value

    def visit(self, address):
        self("WebDriver:Navigate", url=address)

    def picture(self, selector):
        """The first such element as it is drawn: a PNG."""
        return base64.b64decode(self("WebDriver:TakeScreenshot", id=self._element(selector), full=False))

    def type(self, selector, text):
        self("WebDriver:ElementSendKeys", id=self._element(selector), text=text)

    def _element(self, selector):
        return next(iter(self("WebDriver:FindElement", using="css selector", value=selector).values()))

    def complaints(self):
        """What the console has said of pages since the last look: errors of scripts, and markup it cannot read."""
        self("Marionette:SetContext", value="chrome")
        found = self.run(
            """const said = Services.console.getMessageArray()
                .filter(one => one instanceof Ci.nsIScriptError && !(one.flags & Ci.nsIScriptError.warningFlag))
                .map(one => [one.sourceName, one.errorMessage]);
            Services.console.reset();
            return said;"""
        )
        self("Marionette:SetContext", value="content")
        # Firefox also talks of itself.
        return [f"{page}: {text}" for page, text in found if page.startswith(("http://127.0.0.1", "file:"))]


@pytest.fixture(scope="module")
def firefox(tmp_path_factory):
    if FIREFOX is None:
        pytest.skip("there is no firefox-esr or firefox on the PATH")
    profile = tmp_path_factory.mktemp("profile")
    lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in SETTINGS.items())
    (profile / "user.js").write_text("".join(lines), encoding="utf-8")
    command = [FIREFOX, "--headless", "--marionette", "--remote-allow-system-access", "--no-remote"]
    environment = os.environ | {"HOME": str(profile), "MOZ_CRASHREPORTER_DISABLE": "1"}
    with subprocess.Popen(
        [*command, "--profile", str(profile)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield Firefox(_port(profile / "MarionetteActivePort", process))
        finally:
            process.terminate()


def _port(file, process):
    end = time.monotonic() + SECONDS
    while not (file.exists() and file.read_text(encoding="utf-8").strip()):
        assert process.poll() is None, "Firefox ended before it could be driven"
        assert time.monotonic() < end, f"Firefox did not listen within {SECONDS} s"
        time.sleep(0.05)
    return int(file.read_text(encoding="utf-8"))


@pytest.fixture
def on(firefox, root):
    """`on(address)` opens a page of the site; whatever it complains about fails the test."""

    def visit(address):
        firefox.complaints()
        firefox.visit(root + address)
        return firefox

    yield visit
    assert firefox.complaints() == []


def test_signs_are_as_large_as_what_they_span(firefox, stretchy, serve):
    path, stretches = stretchy
    firefox.visit(serve(path))
    firefox.wait("document.fonts.status == 'loaded'")
    assert stretches(firefox.picture("p"))


@pytest.mark.parametrize("place", FORMULAS)
def test_every_formula_is_markup_that_firefox_accepts(on, place):
    assert on(place).run("return document.querySelectorAll('math').length") > 10


def test_what_is_remembered_reaches_the_next_page(on):
    page = on(CHAPTER)
    page.run("document.querySelector('.uc-switch input[value=torch]').click()")
    page = on("notebooks/foundations/unet.html")
    assert page.run("return document.documentElement.dataset.ucFramework") == "torch"
    page.run("localStorage.clear()")


def test_the_search_finds_the_chapter(on):
    page = on("search.html?q=watershed")
    page.wait("document.querySelector('ul.search')?.innerText.includes('Nuclei')")  # results come one by one


# The live U-Net


def answered(page, times):
    page.wait(f"Number(document.getElementById('live').dataset.answers) >= {times}")
    return tuple(
        np.array(page.run(f"return Array.from(document.getElementById('live').{name})"), np.float32).reshape(SIZE, SIZE)
        for name in ("unetInput", "unetLogits")
    )


def test_the_live_unet_answers_as_numpy_does_and_shrinks_by_the_mean(firefox, tmp_path, serve):
    weights = shipping.fold_batch_norm(shipping.load()[0])
    noise = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE), dtype=np.uint8)
    explorer = widgets.live_unet(weights, {"noise": noise}, name="live", title="Live", alt="Noise of many grey values")
    page = tmp_path / "page.html"
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Live</title>'
    page.write_text(f"{head}{explorer.data}</html>", encoding="utf-8")
    fine = 255 * (np.indices((8 * SIZE, 8 * SIZE)).sum(axis=0) % 2).astype(np.uint8)
    fine[:, :SIZE], fine[:, -SIZE:] = 0, 255
    Image.fromarray(fine).save(tmp_path / "fine.png")

    firefox.complaints()
    firefox.visit(serve(page))
    given, logits = answered(firefox, 1)
    expected = numpy_unet.logits(weights, given[None, ..., None])[0, ..., 0]
    assert np.ptp(expected) > 1 and np.abs(logits - expected).max() <= 1e-4
    firefox.type("#live-file", str(tmp_path / "fine.png"))
    given, _ = answered(firefox, 2)
    assert np.abs(given[:, SIZE // 4 : -SIZE // 4] - 0.5).max() < 0.02
    assert firefox.complaints() == []

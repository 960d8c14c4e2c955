"""How long does a network take in the page, beside PyTorch? `python benchmarks/in_the_browser.py`.

Networks as `unet-course train` chooses them for colour images, with random weights, in the page that it writes
(`demo.html`): with plain JavaScript, and with WebAssembly. Beside them the same network in PyTorch with one thread. In
turns on a random image, after one to warm up; the largest difference of two logits is recorded as well. Needs Chromium
and playwright. Writes `benchmarks/records/in_the_browser.json`.
"""

import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from playwright.sync_api import sync_playwright
from tqdm.auto import tqdm

from unet_course import shipping, widgets
from unet_course import torch as uc
from unet_course.publishing.editions import paper

RECORD = Path(__file__).parent / "records" / "in_the_browser.json"
NETWORKS = [(256, 16, 4), (512, 16, 5)]  # side, filters, depth
TURNS, CHANNELS = 5, 3
RUN = """async values => {
  const image = new Float32Array(values), begun = performance.now();
  const logits = await document.getElementById("page").unetRun(image);
  return {ms: performance.now() - begun, logits: Array.from(logits)};
}"""


def pages(browser, model, side, folder):
    """The network's page, with plain JavaScript and with WebAssembly."""
    sample = {"grey": np.full((side, side), 128, np.uint8)}
    weights = shipping.fold_batch_norm(shipping.get_state(model))
    for way, fast in (("JavaScript", False), ("WebAssembly", True)):
        html = widgets.live_unet(weights, sample, name="page", title="Page", alt="grey", fast=fast).data
        path = Path(folder) / f"{way}.html"
        path.write_text(f"<!doctype html><meta charset=utf-8><title>Page</title>{html}", encoding="utf-8")
        page = browser.new_page()
        page.goto(path.as_uri())
        page.wait_for_function("document.getElementById('page').dataset.answers >= 1", timeout=120_000)
        yield way, lambda image, page=page: page.evaluate(RUN, image.ravel().tolist())


def in_torch(model):
    model = model.eval()

    @torch.inference_mode()
    def run(image):
        batch, begun = torch.from_numpy(np.moveaxis(image, 0, -1)[None].copy()), time.perf_counter()
        logits = model(batch)
        return {"ms": 1000 * (time.perf_counter() - begun), "logits": logits.numpy().ravel()}

    return run


def measure(browser, side, filters, depth):
    """One line of the record."""
    uc.set_seed(0)
    model = uc.unet(CHANNELS, 1, base_filters=filters, depth=depth)
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        ways = {"PyTorch, one thread": in_torch(model), **dict(pages(browser, model, side, folder))}
        turns, differences = [], []
        for turn in tqdm(range(TURNS + 1), desc=f"{side} x {side}", unit="turn"):
            image = rng.random((CHANNELS, side, side), np.float32)
            found = {way: run(image) for way, run in ways.items()}
            right = found["PyTorch, one thread"]["logits"]
            differences += [float(np.abs(np.float32(one["logits"]) - right).max()) for one in found.values()]
            if turn:
                turns.append({way: round(one["ms"], 1) for way, one in found.items()})
    return {
        "side": side,
        "filters": filters,
        "depth": depth,
        "turns_ms": turns,
        "median_ms": {way: statistics.median(turn[way] for turn in turns) for way in ways},
        "largest_difference": max(differences),
    }


def main():
    torch.set_num_threads(1)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=paper.chromium(), args=["--no-sandbox"])
        lines = [measure(browser, *network) for network in NETWORKS]
        record = {"browser": f"Chromium {browser.version}", "torch": torch.__version__, "networks": lines}
        browser.close()
    for line in lines:
        print({name: line[name] for name in ("side", "median_ms", "largest_difference")})
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

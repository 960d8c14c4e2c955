"""Images per second while training and predicting, ours beside others': `python benchmarks/training.py`.

Every peer lives in a process of its own, with the same images, batch size, width and depth. They take turns, so that
whatever else slows the machine slows all of them; ratios are taken within a turn. Of ours the second epoch of a
training counts, not what is made once before the first. Peers that do not import are named.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from unet_course import paths
from unet_course.common import hardware

PEERS = {
    "textbook loop (PyTorch, float32)": ("textbook", {}),
    "MONAI BasicUNet (same loop)": ("monai", {}),
    "segmentation-models-pytorch ResNet-34 (same loop)": ("segmentation_models_pytorch", {}),
    "keras-unet-collection (Model.fit, float32)": ("keras_unet_collection", {}),
    "ours, PyTorch, float32": ("ours_torch", {"precision": "float32"}),
    "ours, PyTorch, auto": ("ours_torch", {"precision": "auto"}),
    "ours, Keras, float32": ("ours_keras", {"precision": "float32"}),
    "ours, Keras, auto": ("ours_keras", {"precision": "auto"}),
    "ours, Keras on PyTorch, auto": ("ours_keras", {"precision": "auto", "backend": "torch"}),
}
BASE = next(iter(PEERS))


def child(name, options):
    """Build one peer, then obey the lines that come in: train, predict, or the end of the input."""
    import numpy as np

    sys.path.insert(0, str(Path(__file__).parent))
    import peers

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (options["pictures"], options["size"], options["size"], 3), dtype=np.uint8)
    masks = (images.mean(-1) > 128).astype(np.uint8)
    function, arguments = PEERS[name]
    train, predict = getattr(peers, function)(images, masks, options["width"], options["batch"], **arguments)
    work = {"train": train, "predict": predict}
    for one in work.values():
        one()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        started = time.perf_counter()
        counted = work[line.strip()]()
        seconds = counted if isinstance(counted, float) else time.perf_counter() - started
        print(json.dumps({"seconds": seconds, "memory": memory()}), flush=True)


def memory():
    """Largest memory so far, GB: of the GPU where torch uses one, else of the process."""
    torch = sys.modules.get("torch")
    if torch and torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e9
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9  # kilobytes on Linux


class Peer:
    """A child process that answers each order with one line of JSON."""

    def __init__(self, name, options):
        self.name, self.times, self.memory = name, {"train": [], "predict": []}, 0
        command = [sys.executable, __file__, "--child", name, "--options", json.dumps(options)]
        environment = {**os.environ, "TQDM_DISABLE": "1", "OMP_WAIT_POLICY": "passive", "TF_CPP_MIN_LOG_LEVEL": "3"}
        # A pipe that nobody reads would block the child once it is full.
        errors = tempfile.TemporaryFile("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
        )
        self.ready = self._answer() is not None
        errors.seek(0)
        self.reason = None if self.ready else (errors.read().strip().splitlines() or ["it ended"])[-1]

    def obey(self, order):
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        answer = self._answer()
        self.times[order].append(answer["seconds"])
        self.memory = answer["memory"]

    def _answer(self):
        for line in self.process.stdout:
            if line.startswith("{"):  # libraries print, too
                return json.loads(line)
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--width", type=int, default=32, help="filters of the finest level; 32 makes 7.8 M parameters")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--record", default=paths.benchmarks_root() / "training.json", type=Path, help="where")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--options", type=json.loads, help=argparse.SUPPRESS)
    arguments = vars(parser.parse_args())
    name, given, turns, record = (arguments.pop(key) for key in ("child", "options", "turns", "record"))
    if name:
        return child(name, given)
    peers = []
    for name in PEERS:
        peer = Peer(name, arguments)
        print(f"{name}: {'ready' if peer.ready else peer.reason}", flush=True)
        if peer.ready:
            peers.append(peer)
    for turn in range(turns):
        for order in ("train", "predict"):
            for peer in peers:
                peer.obey(order)
        print(f"turn {turn + 1} of {turns}", flush=True)
    report(peers, arguments, record)


def report(peers, arguments, path):
    """Print the table and keep the record."""
    base = peers[0].times
    print(f"\n| peer | training, pictures/s | times {BASE} | prediction, pictures/s | times | peak memory, GB |")
    print("|---|---|---|---|---|---|")
    record = {"arguments": arguments, "machine": hardware.machine(), "peers": {}}
    for peer in peers:
        cells = [peer.name]
        for order, values in peer.times.items():
            ratios = sorted(one / two for one, two in zip(base[order], values, strict=True))
            cells.append(f"{arguments['pictures'] / statistics.median(values):.1f}")
            cells.append(f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")
        print("| " + " | ".join([*cells, f"{peer.memory:.2f}"]) + " |")
        record["peers"][peer.name] = {"seconds": peer.times, "memory_gb": peer.memory}
        peer.process.stdin.close()
        peer.process.wait()
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

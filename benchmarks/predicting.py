"""How many images a second does a network of `unet-course train` segment? `python benchmarks/predicting.py`.

The same plain U-Net with random weights answers the same images in Keras, in PyTorch, and as the ONNX file that `train`
leaves, on ONNX Runtime; each in a process of its own with one thread, in turns. Beside the medians stand the ratios to
PyTorch within a turn. The last line is the most memory that `unet-course predict` holds for one image of 4,000 by 4,000
pixels in colour, and what the process held before.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

from unet_course import results

BATCH, FILTERS, DEPTH, SIDE, LARGE = 16, 16, 4, 256, 4000
TIMED = f"""
    import json, sys, time
    import numpy as np
    way, count, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    images = np.random.default_rng(0).random((count, {SIDE}, {SIDE}, 3), dtype=np.float32)
    if way == "onnx":
        from unet_course.shipping.onnx_files import OnnxModel
        file = OnnxModel(f"{{folder}}/model.onnx")

        def predict(images):
            return [file.logits(images[i : i + {BATCH}]) for i in range(0, len(images), {BATCH})]
    else:
        import importlib
        uc = importlib.import_module(f"unet_course.{{way}}")
        uc.set_seed(0)
        model = uc.unet(3, 1, base_filters={FILTERS}, depth={DEPTH})
        if way == "torch":
            from unet_course.shipping import onnx_files
            onnx_files.export(model, f"{{folder}}/model.onnx")

        def predict(images):
            return uc.predict(model, images, batch_size={BATCH})
    predict(images[:{BATCH}])
    started = time.perf_counter()
    predict(images)
    print(json.dumps(count / (time.perf_counter() - started)))
"""
PEAK = f"""
    import json, resource, sys
    import numpy as np
    from PIL import Image
    from unet_course import torch as uc
    from unet_course.own import prediction

    Image.MAX_IMAGE_PIXELS = None
    model = uc.unet(3, 1, base_filters={FILTERS}, depth={DEPTH})
    card = {{"threshold": 0.5, "own": {{"size": {SIDE}, "scale": 1, "channels": 3, "framework": "torch"}}}}
    prediction._load = lambda path: (lambda images, **options: uc.predict(model, images, batch_size=4, **options), card)
    out = sys.argv[1] + "/large"
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, ({LARGE}, {LARGE}, 3), dtype=np.uint8)).save(f"{{out}}.png")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    prediction.predict("model", [f"{{out}}.png"], out)
    print(json.dumps([before / 1e3, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3]))
"""


def run(script, *arguments):
    """What a process of its own prints last."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
    environment = os.environ | threads | {"TQDM_DISABLE": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    speeds = {way: [] for way in ("torch", "keras", "onnx")}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.turns):
            for way, found in speeds.items():
                found.append(run(TIMED, way, options.images, folder))
        before, peak = run(PEAK, folder)
    record = {
        "images": options.images,
        "side": SIDE,
        "filters": FILTERS,
        "depth": DEPTH,
        "images_per_second": {way: round(statistics.median(found), 1) for way, found in speeds.items()},
        "times_as_fast_as_torch": {
            way: [round(found / torch, 2) for found, torch in zip(speeds[way], speeds["torch"], strict=True)]
            for way in ("keras", "onnx")
        },
        "large_side": LARGE,
        "peak_mb": round(peak),
        "before_mb": round(before),
    }
    print(json.dumps(record, indent=1))
    results.write_benchmark(Path(__file__).stem, record)


if __name__ == "__main__":
    main()

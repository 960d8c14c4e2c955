"""Images per second from disk and from the cache, beside a plain scikit-image loop: `python benchmarks/reading.py`.

Each way reads images and masks of one real data set in one run, files warm, the cache in a folder of its own.
Ratios are to the plain loop, which decodes and does nothing else; the first load also checks, labels and hashes.
"""

import os
import statistics
import tempfile
import time

import numpy as np
from skimage.io import imread

from unet_course import paths, results
from unet_course.datasets import brain_tumor, lgg, locate, nuclei

READERS = {"nuclei": nuclei, "lgg": lgg, "brain_tumor": brain_tumor}
ENDINGS = (".png", ".tif", ".jpg")
REPEATS = 3


def plain(root):
    """Decode every image and mask file, as a notebook would."""
    for path in root.rglob("*"):
        if path.suffix in ENDINGS:
            imread(path)


def copy_all(dataset):
    """Bring everything from the memory-mapped cache into memory."""
    for array in (dataset.images, dataset.masks):
        if array is not None:
            for picture in array:
                np.array(picture)


def seconds(function, *arguments):
    started = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - started, result


def measure(key):
    """Seconds of each way to read a data set: a list of repeats."""
    root = locate(key, "real")
    seconds(plain, root)  # warms the files
    times = {"plain loop": [], "first load": [], "cache": []}
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            os.environ["UNET_COURSE_DATA"] = folder
            times["plain loop"].append(seconds(plain, root)[0])
            times["first load"].append(seconds(READERS[key].load, root)[0])
            times["cache"].append(seconds(lambda: copy_all(READERS[key].load(root)))[0])
            n = len(READERS[key].load(root))
    return n, times


def main():
    os.environ.setdefault("TQDM_DISABLE", "1")
    home, record = str(paths.data_root()), {}
    print(f"{'data set':<12} {'pictures':>8} {'way':<11} {'pictures/s':>10} {'times plain (min-max)':>22}")
    for key in READERS:
        os.environ["UNET_COURSE_DATA"] = home
        n, times = measure(key)
        for way, values in times.items():
            ratios = [base / value for base, value in zip(times["plain loop"], values, strict=True)]
            speed = n / statistics.median(values)
            print(f"{key:<12} {n:>8} {way:<11} {speed:>10.0f} {min(ratios):>13.1f} - {max(ratios):.1f}")
        record[key] = {"pictures": n, "seconds": times}
    results.write_benchmark("reading", record)


if __name__ == "__main__":
    main()

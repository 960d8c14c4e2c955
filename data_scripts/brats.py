"""Bring cases of the Decathlon, or BraTS 2020, to this machine: `python data_scripts/brats.py --help`."""

import sys

from unet_course.cli import app

if __name__ == "__main__":
    app(["data", "brats", *sys.argv[1:]])

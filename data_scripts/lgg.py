"""Bring the LGG MRI data set to this machine: `python data_scripts/lgg.py --help`."""

import sys

from unet_course.cli import app

if __name__ == "__main__":
    app(["data", "lgg", *sys.argv[1:]])

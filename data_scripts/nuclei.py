"""Bring the nuclei data set to this machine: `python data_scripts/nuclei.py --help`."""

import sys

from unet_course.cli import app

if __name__ == "__main__":
    app(["data", "nuclei", *sys.argv[1:]])

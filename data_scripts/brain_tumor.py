"""Bring the brain tumour image data set to this machine: `python data_scripts/brain_tumor.py --help`."""

import sys

from unet_course.cli import app

if __name__ == "__main__":
    app(["data", "brain_tumor", *sys.argv[1:]])

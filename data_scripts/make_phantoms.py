"""Write the synthetic data sets: python data_scripts/make_phantoms.py [--dest FOLDER]."""

import argparse
from pathlib import Path

from unet_course import paths, phantoms


def main():
    """Parse the command line and write every set below the folder."""
    parser = argparse.ArgumentParser(description="Write synthetic data sets in the layouts of the real ones.")
    parser.add_argument("--dest", type=Path, help="default: the folder 'phantoms' in the data folder")
    dest = parser.parse_args().dest or paths.data_root() / "phantoms"
    for folder in phantoms.write_all(dest):
        print(folder)


if __name__ == "__main__":
    main()

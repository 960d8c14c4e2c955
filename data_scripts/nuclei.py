"""Bring the nuclei data set to this machine: `python data_scripts/nuclei.py --help`."""

import argparse

from unet_course.datasets import download

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", choices=download.SOURCES, default="mirror", help="mirror needs no login")
    parser.add_argument("--archive", help="for --source local: stage1_train.zip or its unpacked folder")
    arguments = parser.parse_args()
    print(download.nuclei(arguments.source, archive=arguments.archive))

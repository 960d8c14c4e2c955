"""Write the manifest of a data set from whole copies: `python data_scripts/write_manifests.py --help`."""

import argparse
from pathlib import Path

from unet_course.datasets import DataError
from unet_course.datasets.published import download, manifest
from unet_course.datasets.published.sources import SOURCES


def main():
    """Parse the command line, hash each copy, and write one file."""
    parser = argparse.ArgumentParser(description="Write what each file of a data set holds, as hashes.")
    parser.add_argument("key", choices=[key for key, source in SOURCES.items() if source.files])
    parser.add_argument("--root", type=Path, action="append", required=True, help="a whole release; may be repeated")
    arguments = parser.parse_args()
    releases = {}
    for root in arguments.root:
        name = download.release(arguments.key, root)
        if name is None:
            parser.error(f"{root} is no whole release: {download.describe(arguments.key, root)}")
        releases[name] = manifest.content_hashes(root, manifest.listed(arguments.key, root))
        for error in releases[name].values():
            if isinstance(error, DataError):
                parser.error(str(error))
    file = manifest.manifest_file(arguments.key)
    manifest.write(arguments.key, releases, file)
    print(f"{file}: {', '.join(f'{name}, {len(files):,} files' for name, files in releases.items())}")


if __name__ == "__main__":
    main()

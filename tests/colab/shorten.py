"""Keep of Colab's published list the packages that the course could touch: `python shorten.py pip-freeze.txt`."""

import re
import sys
from pathlib import Path

LOCK = Path(__file__).parents[2] / "requirements.lock"
LINE = re.compile(r"([A-Za-z0-9._-]+)(?:==| @ \S*?-)(\d[\w.]*)")  # `torch @ https://.../torch-2.11.0+cpu-...whl`, too


def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    ours = {plain(line.split("==")[0]) for line in LOCK.read_text(encoding="utf-8").split()}
    for line in sorted(Path(sys.argv[1]).read_text(encoding="utf-8").splitlines(), key=str.lower):
        if (match := LINE.match(line)) and plain(match[1]) in ours:
            print(f"{plain(match[1])}=={match[2]}")

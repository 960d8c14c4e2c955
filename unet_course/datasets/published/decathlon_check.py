"""Check the Decathlon's cases: read every file, and compare it with what was fetched."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm.auto import tqdm

from .. import DataError
from ..brats import decathlon
from . import fetch
from .brats_check import reason
from .decathlon import CASES, PUBLISHED, read_sums
from .report import Report
from .sources import DECATHLON

CHECKED = (
    "Every file was unpacked with its checksum, and its grid and labels looked at. Those that `unet-course data` "
    "fetched were compared with the SHA-256 noted then. The publishers give none; of case BRATS_449 others have."
)


def check(root):
    """Read every case below a folder.

    Parameters
    ----------
    root : path
        Holds `Task01_BrainTumour`.

    Returns
    -------
    Report
        `missing` names files that were fetched and are gone; `extra` files that were not fetched by the course, where
        others were; `changed` those whose SHA-256 is another; `damaged` what a reader would refuse.
    """
    root = Path(root)
    top, sums = root / decathlon.NAME, read_sums(root)
    cases = decathlon.cases(root)
    damaged, changed, here = {}, {}, []
    with ThreadPoolExecutor(4) as pool:  # a case that is read takes some 300 MB of memory
        for files, faults in tqdm(pool.map(_look_at, cases), "verify", len(cases)):
            damaged |= {path.relative_to(root).as_posix(): reason for path, reason in faults.items()}
            here += [path.relative_to(top).as_posix() for path in files if path not in faults]
    expected = PUBLISHED | sums
    for path in here:
        if path in expected and fetch.file_sha256(top / path) != expected[path]:
            changed[f"{decathlon.NAME}/{path}"] = ""
    return Report(
        "brats",
        root,
        DECATHLON.releases[(CASES,)],
        {"cases": (len(cases), CASES)},
        missing=[f"{decathlon.NAME}/{path}" for path in sums if not (top / path).is_file()],
        extra=[f"{decathlon.NAME}/{path}" for path in here if sums and path not in sums],
        damaged=damaged,
        changed=changed,
        here=[f"{decathlon.NAME}/{path}" for path in here],
        verdict="all as fetched" if sums else "none damaged",
        checked=CHECKED,
        again=f"run `unet-course data brats --cases {max(len(cases), len(sums) // 2, 1)}`: it fetches bad files anew.",
    )


def _look_at(case):
    """The files of a case, and what is wrong with them, by path."""
    try:
        files = decathlon.files(case)
    except DataError as error:  # one is missing, or there twice
        return [], {case: reason(error, case)}
    try:
        decathlon.read(case)
    except DataError as error:
        bad = next(path for path in files if str(error).startswith(str(path)))
        return files, {bad: reason(error, bad)}
    return files, {}

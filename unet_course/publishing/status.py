"""What each page of the book takes: minutes to read, exercises, seconds to run, recorded runs, megabytes."""

import json
import re

from .. import results
from . import chapters, exercises, reading, recorded

MARK = "<!-- the table of all pages -->"  # stands in book/appendix/status.md where the table belongs


def table(executed):
    """Every page of the book as a row of a Markdown table.

    Parameters
    ----------
    executed : dict of str to dict of str to path
        For each chapter name, the executed notebook of each framework.

    Returns
    -------
    str
        Sizes are left open: `with_sizes` fills them in when the pages have been built.
    """
    rows = [
        "| page | reading, min | exercises | run, s | recorded runs | real run on the page | size, MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for file, page in chapters.pages():
        if "/api/" in file:  # to look things up, not to read
            continue
        runs = executed.get(page.name, {}) if file.startswith("notebooks/") else {}
        cells = (
            f"{{doc}}`{chapters.title(page)} </{file}>`",
            str(reading.minutes(page)),
            str(len(exercises.find(chapters.read(page))) or ""),
            _seconds(runs),
            _records(page),
            real_runs(page, runs),
            f'<span data-size-of="{file}.html"></span>',
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def with_sizes(page, site):
    """Fill the sizes of the built pages into the built table.

    Parameters
    ----------
    page : str
        HTML that holds the table.
    site : Path
        Folder of the built pages.

    Returns
    -------
    str
    """

    def size(match):
        return f"{match[1]}{megabytes(site / match[2]):.2f}"

    return re.sub(r'(<span data-size-of="([^"]+)">)[^<]*', size, page)


def megabytes(page):
    """Size of a built page with the images it shows, MB (10^6 bytes)."""
    sources = re.findall(r'<img[^>]* src="([^":]+)"', page.read_text(encoding="utf-8"))
    pictures = {page.parent / source for source in sources}
    return sum(file.stat().st_size for file in {page, *pictures}) / 1e6


def _seconds(runs):
    """Seconds of the run in each framework; a page that runs once has one number."""
    seconds = []
    for framework, path in sorted(runs.items()):
        minutes = json.loads(path.read_text(encoding="utf-8"))["metadata"]["unet_course"]["minutes"]
        seconds.append(f"{60 * minutes:.0f}" if framework == chapters.ONCE else f"{framework} {60 * minutes:.0f}")
    return ", ".join(seconds)


def real_runs(page, runs):
    """The date of the real run that a page shows in each framework; "due" where its code has changed since."""
    import nbformat

    kept = {name: path for name, path in runs.items() if recorded.file(page, name).exists()}
    shown = recorded.shown(page, {name: nbformat.read(path, 4) for name, path in kept.items()})
    facts = {name: notebook.metadata["unet_course"] for name, notebook in shown.items()}
    return ", ".join(f"{name} {run['recorded'] if recorded.is_real(run) else 'due'}" for name, run in facts.items())


def _records(page):
    found = [
        f"{profile} {framework}"
        for profile in ("laptop", "full")
        for framework in chapters.FRAMEWORKS
        if results.read(page.name, profile, framework)
    ]
    return ", ".join(found)

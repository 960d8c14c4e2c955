"""The command line `unet-course`: fetch data, run chapters, build the site, and say what this machine has."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from . import requirement

# The commands import what they need themselves: `--help` answers at once, and `doctor` works when things are missing.

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Profile = Annotated[str, typer.Option(help="smoke, laptop or full: a file in book/profiles.")]


@app.command()
def data(
    key: Annotated[str, typer.Argument(help="nuclei, lgg, brain_tumor or brats; or the word verify.")],
    which: Annotated[str | None, typer.Argument(help="After verify: one set. Default: all that are here.")] = None,
    source: Annotated[str | None, typer.Option(help="mirror (no login), kaggle (token), or local.")] = None,
    archive: Annotated[Path | None, typer.Option(help="A zip or tar file, or a folder, that you have.")] = None,
    report: Annotated[bool, typer.Option("--report", help="Nuclei: what it holds, which masks look wrong.")] = False,
    every: Annotated[bool, typer.Option("--all", help="After verify: name every file, not the first 20.")] = False,
):
    """Fetch a real data set, check it, and put it where chapters look.

    `data verify` compares what is here with the published files and names each that is missing, extra or changed.
    """
    with _plain_errors(ValueError, OSError):
        from .datasets import download

        if key == "verify":
            raise typer.Exit(_verify(which, every))
        if which is not None:
            raise ValueError(f"Give one data set: {key!r} or {which!r}.")
        if report and key != "nuclei":
            raise ValueError(f"There is a report for nuclei only, not for {key!r}.")
        folder = download.bring(key, source, archive=archive)
        print(f"{key}: {folder}")
        if report:
            _report(folder)


@app.command()
def run(
    chapter: Annotated[str, typer.Argument(help='Such as 03_nuclei, or "all".')],
    profile: Profile = "smoke",
    framework: Annotated[str, typer.Option(help="keras, torch or both; no matter for a page without.")] = "both",
    force: Annotated[bool, typer.Option("--force", help="Run even when nothing changed.")] = False,
):
    """Run a chapter with a profile, unless an up-to-date result is there."""
    with _plain_errors():
        from . import book, execution

        chapters = book.chapters() if chapter == "all" else [book.chapter(chapter)]
        _write_phantoms()
        for each in chapters:
            names = book.frameworks(each)
            for name in [framework] if framework != "both" and len(names) > 1 else names:
                print(execution.run(each, profile, name, force=force))


@app.command("book")
def build(profile: Profile = "smoke"):
    """Run what changed of every chapter, in both frameworks, and build the site."""
    with _plain_errors():
        from . import execution

        _write_phantoms()
        execution.build(profile)


@app.command(hidden=True)
def notebooks():
    """Write the committed notebooks anew."""
    with _plain_errors():
        from . import export

        _write_phantoms()
        for path in export.export():
            print(path)


@app.command()
def edition(
    name: Annotated[str, typer.Argument(help="student, instructor, or room: a folder that needs no internet.")],
    out: Annotated[Path | None, typer.Option(help="Where to write it. Default: _build/editions/NAME.")] = None,
):
    """Write a folder to hand out: notebooks, answers, slides, plans, or all that a room without internet needs."""
    with _plain_errors(ValueError):
        from . import book, editions

        writers = {"student": editions.student, "instructor": editions.instructor, "room": editions.room}
        if name not in writers:
            raise ValueError(f"There is no edition {name!r}: use {', '.join(writers)}.")
        _write_phantoms()
        print(writers[name](out or book.root() / "_build" / "editions" / name))


@app.command()
def doctor():
    """Say what is installed, which device trains, which data are here, and how to get what is missing."""
    from . import doctor

    print(doctor.examine())


@contextlib.contextmanager
def _plain_errors(*expected):
    """Turn the errors a reader can act on into one message without a traceback; `expected` adds to the usual ones."""
    from .book import BookError
    from .datasets import DataError
    from .site import SiteError

    try:
        yield
    except ModuleNotFoundError as error:
        package = requirement("keras,torch,beyond,book")
        remedy = f"`make env` in a clone of the course, or `pip install '{package}'`, brings it"
        _stop(f"The package {error.name} is not installed: {remedy}.")
    except (BookError, DataError, SiteError, FileNotFoundError, *expected) as error:
        _stop(error)


def _stop(message):
    typer.echo(f"Error: {message}", err=True)
    raise typer.Exit(1) from None


def _write_phantoms():
    from . import paths, phantoms

    with _plain_errors(ValueError):
        phantoms.write_all(paths.data_root() / "phantoms")


def _verify(which, every):
    """Compare one data set, or all that are here, with the published files; returns 1 where they differ."""
    from .datasets import locate, verify
    from .datasets.sources import SOURCES

    if which is not None and which not in SOURCES:
        raise ValueError(f"There is no data set {which!r}; there are: {', '.join(SOURCES)}.")
    differ = False
    for key in [which] if which else SOURCES:
        try:
            root = locate(key, "real")
        except FileNotFoundError as error:
            if which:
                raise
            print(error)
            continue
        report = verify.verify(key, root)
        print(verify.remember(report), *report.lines(every=every), sep="\n")
        differ = differ or not report.whole
    return int(differ)


def _report(folder):
    from .datasets import nuclei, quality

    dataset = nuclei.load(folder)
    for name, value in quality.metadata_log(dataset).items():
        print(f"{name}: {value}")
    report = quality.quality_report(dataset)
    suspicious = report[report.suspicious]
    print(f"\n{len(suspicious)} of {len(report)} pictures have masks worth a look:")
    for line in suspicious.itertuples():
        print(f"  {line.id}: {line.findings}")

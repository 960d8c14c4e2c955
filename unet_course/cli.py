"""The command line `unet-course`: fetch data, run chapters, build the site, and say what this machine has."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer

# The commands import what they need themselves: `--help` answers at once, and `doctor` works when things are missing.

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Profile = Annotated[str, typer.Option(help="smoke, laptop or full: a file in book/profiles.")]


@app.command()
def data(
    key: Annotated[str, typer.Argument(help="nuclei, lgg, brain_tumor or brats.")],
    source: Annotated[str | None, typer.Option(help="mirror (no login), kaggle (token), or local.")] = None,
    archive: Annotated[Path | None, typer.Option(help="A zip or tar file, or a folder, that you have.")] = None,
    report: Annotated[bool, typer.Option("--report", help="Nuclei: what it holds, which masks look wrong.")] = False,
):
    """Fetch a real data set, check it, and put it where chapters look."""
    with _plain_errors(ValueError, OSError):
        from .datasets import download

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
        from . import book

        chapters = book.chapters() if chapter == "all" else [book.chapter(chapter)]
        _write_phantoms()
        for each in chapters:
            names = book.frameworks(each)
            for name in [framework] if framework != "both" and len(names) > 1 else names:
                print(book.run(each, profile, name, force=force))


@app.command("book")
def build(profile: Profile = "smoke"):
    """Run what changed of every chapter, in both frameworks, and build the site."""
    with _plain_errors():
        from . import book

        _write_phantoms()
        book.build(profile)


@app.command(hidden=True)
def notebooks():
    """Write the committed notebooks anew."""
    with _plain_errors():
        from . import export

        _write_phantoms()
        for path in export.export():
            print(path)


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
        remedy = "`make env` in a clone of the course, or `pip install 'unet-course[keras,torch,book]'`, brings it"
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

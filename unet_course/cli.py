"""The command line `unet-course`: fetch data, run chapters, build the site, train on images of your own."""

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
    key: Annotated[str, typer.Argument(help="nuclei, lgg, brain_tumor, brats, or all; or the word verify.")],
    which: Annotated[str | None, typer.Argument(help="After verify: one set. Default: all that are here.")] = None,
    source: Annotated[str | None, typer.Option(help="mirror (no account), decathlon, kaggle, or local.")] = None,
    archive: Annotated[Path | None, typer.Option(help="A zip or tar file, or a folder, that you have.")] = None,
    cases: Annotated[int | None, typer.Option(help="Of the Decathlon, for brats: how many. Default: 24.")] = None,
    small: Annotated[bool, typer.Option("--small", help="After all: 24 cases for brats, not 484: 1.2 GB.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Nuclei: what it holds, which masks look wrong.")] = False,
    every: Annotated[bool, typer.Option("--all", help="After verify: name every file, not the first 20.")] = False,
):
    """Fetch a real data set, check it, and put it where chapters look. No account is needed.

    `data all --small` fetches what a class needs: nuclei, lgg, brain_tumor, and 24 cases of the Decathlon for brats.
    `data verify` compares what is here with the published files and names each that is missing, extra or changed.
    """
    with _plain_errors(ValueError, OSError):
        from .datasets.published import download

        if key == "verify":
            raise typer.Exit(_verify(which, every))
        if which is not None:
            raise ValueError(f"Give one data set: {key!r} or {which!r}.")
        if report and key != "nuclei":
            raise ValueError(f"There is a report for nuclei only, not for {key!r}.")
        if small and key != "all":
            raise ValueError(f"--small goes with `data all`, not with {key!r}.")
        if key == "all":
            if source or archive or cases:
                raise ValueError("`data all` takes every set from where no account is needed: give --small or nothing.")
            raise typer.Exit(_download_all(small))
        folder = download.download(key, source, archive=archive, cases=cases)
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
        from .publishing import chapters, execution

        wanted = chapters.listed() if chapter == "all" else [chapters.chapter(chapter)]
        _write_phantoms()
        for each in wanted:
            names = chapters.frameworks(each)
            for name in [framework] if framework != "both" and len(names) > 1 else names:
                print(execution.run(each, profile, name, force=force))


@app.command("book")
def book(profile: Profile = "smoke"):
    """Run what changed of every chapter, in both frameworks, and build the site."""
    with _plain_errors():
        from .publishing.build import build

        _write_phantoms()
        build(profile)


@app.command(hidden=True)
def notebooks():
    """Write the committed notebooks anew."""
    with _plain_errors():
        from .publishing import colab

        _write_phantoms()
        for path in colab.export():
            print(path)


@app.command()
def edition(
    name: Annotated[str, typer.Argument(help="student, instructor, pdf, or offline: a folder that needs no internet.")],
    out: Annotated[Path | None, typer.Option(help="Where to write it. Default: _build/editions/NAME.")] = None,
):
    """Write what is handed out: notebooks, answers, slides, plans, all that a room without internet needs, or a PDF."""
    with _plain_errors(ValueError):
        from .publishing import chapters, editions

        writers = {each: getattr(editions, each) for each in editions.__all__}
        if name not in writers:
            raise ValueError(f"There is no edition {name!r}: use {', '.join(writers)}.")
        _write_phantoms()
        print(writers[name](out or chapters.root() / "_build" / "editions" / name))


@app.command()
def doctor(
    chapter: Annotated[str | None, typer.Option(help="Only whether this chapter can run, such as 02_brats.")] = None,
    profile: Profile = "full",
    framework: Annotated[str | None, typer.Option(help="keras or torch. Default: the chapter's own.")] = None,
):
    """Say what is installed, which device trains, which data are here, and how to get what is missing.

    With a chapter: whether data, memory, disk and time fit a run of it, before a class begins.
    """
    from . import doctor

    if chapter is None:
        print(doctor.examine())
        return
    with _plain_errors():
        from .publishing import chapters

        each = chapters.chapter(chapter)
        used = framework or chapters.frameworks(each)[0]
        chapters.parameters(each, profile, used)  # refuses what does not exist
        used = None if used == chapters.ONCE else used
        print("\n".join(doctor.forecast(each.name, profile, used, chapters.data_sets(each))))


@app.command()
def train(
    folder: Annotated[Path, typer.Argument(help="images/ and masks/, x.png + x_mask.png, COCO, LabelMe, NIfTI, DICOM")],
    out: Annotated[Path | None, typer.Option(help="Where to write. Default: FOLDER_unet, here.")] = None,
    framework: Annotated[str | None, typer.Option(help="torch or keras. Default: what is installed.")] = None,
    group: Annotated[str | None, typer.Option(help="Regular expression: the patient in an image's name.")] = None,
    wanted: Annotated[str | None, typer.Option("--class", help="Of several classes, the one to find.")] = None,
    merge: Annotated[bool, typer.Option("--merge", help="All classes, or numbered objects, are foreground.")] = False,
    minutes: Annotated[float | None, typer.Option(help="Of training. Default: until it stops improving.")] = None,
    size: Annotated[int | None, typer.Option(help="Side of what the network sees, pixels.")] = None,
    filters: Annotated[int | None, typer.Option(help="Of the finest level.")] = None,
    depth: Annotated[int | None, typer.Option(help="Levels of the U.")] = None,
    batch: Annotated[int | None, typer.Option(help="Images an update.")] = None,
    rate: Annotated[float | None, typer.Option(help="Learning rate.")] = None,
    epochs: Annotated[int | None, typer.Option(help="At most.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out, after a kill.")] = False,
    seed: Annotated[int | None, typer.Option(help="Of split, weights and order. Default: 0.")] = None,
):
    """Train a U-Net on images and masks of your own, and say honestly how good it is.

    Looks at the folder first, chooses what you do not, and leaves weights, an ONNX file, a report and a demo page.
    """
    with _plain_errors(ValueError, OSError, FloatingPointError, MemoryError):
        from .own import report, training

        out = out or Path(f"{folder.resolve().name}_unet")
        choices = {"size": size, "filters": filters, "depth": depth, "batch": batch, "rate": rate, "epochs": epochs}
        done = training.train(
            folder,
            out,
            framework=framework,
            group=group,
            wanted=wanted,
            merge=merge,
            minutes=minutes,
            resume=resume,
            seed=seed,
            **choices,
        )
        print(f"\n{report.summary(done, done)}\n", *done["files"], sep="\n")


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(help="What `train` wrote: the folder, or model.npz in it.")],
    images: Annotated[list[Path], typer.Argument(help="Images, NIfTI files, DICOM series, or folders of them.")],
    out: Annotated[Path, typer.Option(help="A new folder for masks, overlays and a table.")],
    threshold: Annotated[float | None, typer.Option(help="Probability. Default: as chosen in training.")] = None,
    spacing: Annotated[float | None, typer.Option(help="Width of a pixel in mm, where images do not say it.")] = None,
):
    """Segment images with a network of your own: masks, overlays, areas and counts."""
    with _plain_errors(ValueError, OSError, MemoryError):
        from .own import prediction

        table, refused = prediction.predict(model, images, out, threshold=threshold, spacing=spacing)
        print(table.to_string(index=False) if len(table) else "No image was segmented.")
        print(f"\n{len(table)} masks and overlays, and {prediction.RESULTS}, are in {out}.")
    for reason in refused.values():
        typer.echo(f"Error: {reason}", err=True)
    raise typer.Exit(int(bool(refused)))


@contextlib.contextmanager
def _plain_errors(*expected):
    """Turn the errors a reader can act on into one message without a traceback; `expected` adds to the usual ones."""
    from .datasets import DataError
    from .publishing.chapters import BookError
    from .publishing.site import SiteError

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


def _download_all(small):
    """Fetch every data set; one that cannot be had does not stop the others. Returns 1 where one is missing."""
    from .datasets import DataError
    from .datasets.published import decathlon, download
    from .datasets.published.sources import SOURCES

    failed = {}
    for key in SOURCES:
        try:
            download.download(key, cases=(decathlon.FEW if small else decathlon.CASES) if key == "brats" else None)
        except (DataError, OSError) as error:
            failed[key] = error
    for key, error in failed.items():
        typer.echo(f"Error: {key} is missing. {error}", err=True)
    return int(bool(failed))


def _verify(which, every):
    """Compare one data set, or all that are here, with the published files; returns 1 where they differ."""
    from .datasets import locate
    from .datasets.published import verify
    from .datasets.published.sources import SOURCES

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
    print(f"\n{len(suspicious)} of {len(report)} images have masks worth a look:")
    for line in suspicious.itertuples():
        print(f"  {line.id}: {line.findings}")

"""Folders to hand out: the student edition, the instructor edition, and a room without internet."""

import re
import shutil
import subprocess
import sys

from ... import paths
from ...datasets.published.sources import SOURCES
from .. import chapters, colab, execution, status
from ..markdown import Plain
from . import answers, html_page, inventory, powerpoint, slides
from .cut import cut

STUDENT = """# U-Net on medical images: the student edition

- `site/index.html` is the whole course. Open it in a browser: it needs no network and no server.
- `notebooks/` holds the chapters to run, in Jupyter or on Colab. Solutions are folded away: click to read one.
"""
INSTRUCTOR = """# U-Net on medical images: the instructor edition

- `plans/`: what to teach in 5 sessions and in 12, with minutes.
- `slides/index.html`: a deck for each chapter. Arrow keys turn the slides, N shows notes, print gives one slide a page.
  Beside each the same slides as `.pptx`, to edit.
- `answers.html`: every exercise with its solution, the usual mistakes and the hint each of them gets, and the quizzes.
- `what_do_you_think.html`: twenty questions for the first session and the last, to print; `key.html` has the answers.
- `timings.html`: minutes of reading and seconds of running, chapter by chapter.
- `notebooks/`: the chapters as run, with images and with the solutions in full.
- `student/`: what to hand out.

For a room without internet, run `make offline` on a computer that has it, and copy the folder it names to a stick.
"""
ROOM = """# A room without internet

Everything lies in this folder. It was made for {python} on {system}; other computers need a folder of their own.

    python3 -m venv course
    course/bin/python -m pip install --no-index --find-links wheels -r requirements.lock
    course/bin/python -m pip install --no-index --find-links wheels --no-deps unet-course
    export UNET_COURSE_DATA="$PWD/data"
    course/bin/python -m pip install --no-index --find-links wheels jupyterlab    # or the notebook program you have
    course/bin/jupyter lab student/notebooks

`student/site/index.html` shows the course to those who only read. `data/` holds {data}.
"""


def student(out):
    """Write what a student gets: the site, and notebooks whose solutions are folded away.

    Parameters
    ----------
    out : path
        Replaced as a whole.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    chapters.BookError
        If the site has not been built.
    """
    executed = _executed()
    with paths.whole_folder(out) as part:
        _student(part, executed)
    return out


def instructor(out):
    """Write what an instructor gets: plans, slides, answers, timings, notebooks with solutions, the student edition."""
    plans = sorted((chapters.root() / "book" / "teaching").glob("plan_*.md"))
    executed = _executed()
    with paths.whole_folder(out) as part:
        _student(part / "student", executed)
        _write(part / "README.md", INSTRUCTOR)
        for plan in plans:
            text = Plain(plan)(plan.read_text(encoding="utf-8"))
            text = re.sub(r"\(\.\./\.\./(notebooks/.*?)\.ipynb\)", r"(../student/site/\1.html)", text)
            _write(part / "plans" / f"{plan.stem}.html", html_page.document(plan.stem, text))
        decks = []
        for chapter, framework, notebook in _runs(executed):
            opened = colab.for_colab(notebook, chapter, framework, pictures=True, hide_solutions=False)
            _write_notebook(part / "notebooks" / chapter.notebook(framework), opened)
            if framework == chapters.frameworks(chapter)[0]:
                deck = cut(notebook, chapter)
                _write(part / "slides" / f"{chapter.name}.html", slides.deck(deck))
                (part / "slides" / f"{chapter.name}.pptx").write_bytes(powerpoint.deck(deck))
                decks.append((chapter.name, chapters.title(chapter)))
        _write(part / "slides" / "index.html", slides.contents(decks))
        _write(part / "answers.html", answers.page())
        _write(part / "what_do_you_think.html", inventory.sheet())
        _write(part / "key.html", inventory.key())
        _write(part / "timings.html", html_page.document("Timings", status.table(executed)))
    return out


def offline(out):
    """Write a folder for a room without internet: wheels for this kind of computer, data, and the student edition.

    The wheels are 1.3 GB with PyTorch for processors, several with CUDA; those that are there already are kept. Of the
    data those go along that may be passed on as they are: phantoms, and sets in the public domain.
    """
    import platform

    root = chapters.root()
    wheels = out / "wheels"
    command = [sys.executable, "-m", "pip", "wheel", "--wheel-dir", str(wheels), "--find-links", str(wheels)]
    subprocess.run([*command, "-r", str(root / "requirements.lock")], check=True)
    subprocess.run([*command, "--no-deps", "--no-build-isolation", str(root)], check=True)
    subprocess.run([*command, "jupyterlab", "-c", str(root / "requirements.lock")], check=True)
    shutil.copy(root / "requirements.lock", out)
    data = paths.data_root()
    free = [key for key, source in SOURCES.items() if source.licence.startswith("CC0")]
    kept = [name for name in ("phantoms", *free) if (data / name).is_dir()]
    for key, source in SOURCES.items():
        if key not in free and (data / key).is_dir():
            print(f"left out: {key} ({source.licence})")
    for name in kept:
        shutil.copytree(data / name, out / "data" / name, dirs_exist_ok=True)
    student(out / "student")
    words = {"python": f"Python {platform.python_version()}", "system": platform.platform(terse=True)}
    _write(out / "README.md", ROOM.format(**words, data=", ".join(kept) or "nothing: run `make book` first"))
    return out


def _student(out, executed):
    site = chapters.root() / "_build" / "html"
    if not (site / "index.html").exists():
        raise chapters.BookError("The site has not been built: run `make book` first.")
    shutil.copytree(site, out / "site")
    for chapter, framework, notebook in _runs(executed):
        path = out / "notebooks" / chapter.notebook(framework)
        _write_notebook(path, colab.for_colab(notebook, chapter, framework, pictures=True))
    _write(out / "README.md", STUDENT)


def _runs(executed):
    """Every chapter in each of its frameworks, with the executed smoke run."""
    import nbformat

    for chapter in chapters.listed():
        for framework, path in executed[chapter.name].items():
            yield chapter, framework, nbformat.read(path, 4)


def _executed():
    """The smoke runs, as the site is built from them; those that are out of date are made anew."""
    return {
        chapter.name: {
            framework: execution.run(chapter, "smoke", framework) for framework in chapters.frameworks(chapter)
        }
        for chapter in chapters.listed()
    }


def _write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _write_notebook(path, notebook):
    import nbformat

    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)

"""All that `make book` does: run the chapters that have changed, several at a time, then build the site."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

from ..common import hardware
from . import chapters, execution, site

MOST_AT_A_TIME = 4  # each run holds a framework in memory, 1 to 2 GB


def build(profile="smoke"):
    """Run every chapter in its frameworks, where needed, and build the site; the path of its first page.

    Smoke runs use one thread each, so as many go on at a time as there are processor cores, at most `MOST_AT_A_TIME`.
    """
    wanted = [(chapter, framework) for chapter in chapters.listed() for framework in chapters.frameworks(chapter)]
    workers = min(hardware.cores(), MOST_AT_A_TIME) if profile == "smoke" else 1
    log = chapters.root() / "_build" / "kernels.log"
    log.parent.mkdir(exist_ok=True)
    log.unlink(missing_ok=True)
    start = {"mp_context": multiprocessing.get_context("spawn"), "initializer": _say_to, "initargs": (log,)}
    changed = [(chapter, framework) for chapter, framework in wanted if not execution.kept(chapter, profile, framework)]
    print(f"{len(wanted) - len(changed)} of {len(wanted)} runs: nothing changed, kept")
    with ProcessPoolExecutor(workers, **start) as pool:
        # By force: each has just been found to need it.
        running = [pool.submit(execution.run, chapter, profile, name, force=True) for chapter, name in changed]
        try:
            for one in running:
                one.result()
        except chapters.BookError:
            pool.shutdown(cancel_futures=True)
            raise
    executed = {}
    for chapter, framework in wanted:
        executed.setdefault(chapter.name, {})[framework] = chapter.executed(profile, framework)
    return site.build_site(executed, out=chapters.root() / "_build" / "html")


def _say_to(log):
    """Send what kernels say outside of their cells to a file: TensorFlow greets every start with a screenful."""
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)

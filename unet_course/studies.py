"""Many runs of one experiment: resumable after a kill, and read with intervals instead of single numbers."""

import hashlib
import itertools
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from tqdm.auto import tqdm

from . import paths


def folder(chapter, profile, framework):
    """Where the runs of a chapter are kept until all are done, below the data root.

    Parameters
    ----------
    chapter, profile, framework : str
        For instance "05_lgg_batchnorm", "laptop", "torch".

    Returns
    -------
    Path or None
        None for "smoke": that profile is there to show that every run still works, so it runs every one.
    """
    return None if profile == "smoke" else paths.data_root() / "studies" / chapter / profile / framework


def sweep(run, grid, *, protocol=None, folder=None, label="runs"):
    """Call `run(**settings)` for every combination in `grid` and put the results in one table.

    Parameters
    ----------
    run : callable
        Takes the names of `grid` and returns a dict of what it measured: numbers, texts, lists of them.
    grid : dict of str to sequence
        Values of each setting; the last name changes fastest. Or a list of dicts, one for each run.
    protocol : dict, optional
        What all runs share and a stored run must agree with: content hash of the data, image size, epochs.
    folder : Path, optional
        Each finished run is stored here at once, so a sweep that was killed goes on with the next run. Delete the
        folder to run all anew.
    label : str
        Shown beside the progress bar.

    Returns
    -------
    pandas.DataFrame
        One line for each run, in the order of `grid`: its settings, then its results.

    Raises
    ------
    Exception
        Whatever `run` raises, with a note that names the settings.
    """
    rows = []
    for settings in tqdm(_combinations(grid), desc=label):
        path = _path(folder, settings, protocol)
        result = _stored(path)
        if result is None:
            result = _plain(_named(run, settings))
            if path:
                stored = {"settings": settings, "protocol": protocol, "result": result}
                paths.write_whole(path, json.dumps(stored, indent=1, default=_listed))
        rows.append({**settings, **result})
    return pd.DataFrame(rows)


def interval(values, level=0.95):
    """Mean and half the width of its Student interval.

    Parameters
    ----------
    values : sequence of float
        One number for each independent run, usually one for each seed.
    level : float
        Probability that the interval covers the true mean, for values with a normal distribution.

    Returns
    -------
    tuple of float
        The half width is NaN for a single value: one run says nothing about the spread.

    References
    ----------
    Student (1908). The probable error of a mean. Biometrika 6, 1-25.
    """
    values = np.asarray(values, float)
    if len(values) < 2:
        return float(values.mean()), math.nan
    error = values.std(ddof=1) / math.sqrt(len(values))
    return float(values.mean()), float(stats.t.ppf((1 + level) / 2, len(values) - 1) * error)


def summarise(table, by, column, level=0.95):
    """Mean, interval and number of runs of `column` for each group of lines.

    Parameters
    ----------
    table : pandas.DataFrame
        From `sweep`.
    by : str or list of str
        Settings that stay apart; all others, the seed among them, are averaged over.
    column : str
    level : float
        As in `interval`.

    Returns
    -------
    pandas.DataFrame
        Columns `mean`, `low`, `high`, `runs`, in the order in which the groups appear.
    """
    return table.groupby(by, sort=False)[column].apply(lambda values: _line(values, level)).unstack()


def difference(table, column, setting, first, second, *, pair="seed", level=0.95):
    """How much better `second` is than `first`, run by run, and whether that is more than chance.

    Pairing the runs of one seed takes out what both have in common: the split and the order of the pictures.

    Parameters
    ----------
    table : pandas.DataFrame
        From `sweep`, with one line for each pair and value of `setting`.
    column, setting : str
        What was measured; what was changed.
    first, second : object
        Two values of `setting`.
    pair : str or list of str
        Lines that agree here belong together.
    level : float
        As in `interval`.

    Returns
    -------
    dict
        `mean`, `low`, `high` of second - first; `runs`; and `verdict`: "higher" or "lower" when the interval excludes
        0, else "undecided".

    Raises
    ------
    ValueError
        If no pair has both values, or one has a value twice.
    """
    two = table[table[setting].isin([first, second])]
    wide = two.pivot(index=pair, columns=setting, values=column).reindex(columns=[first, second]).dropna()
    if wide.empty:
        raise ValueError(f"no {pair} has runs with {setting} = {first!r} and {second!r}: nothing can be compared.")
    line = _line(wide[second] - wide[first], level)
    verdict = "higher" if line["low"] > 0 else "lower" if line["high"] < 0 else "undecided"
    return {**line, "verdict": verdict}


def _line(values, level):
    mean, half = interval(values, level)
    return pd.Series({"mean": mean, "low": mean - half, "high": mean + half, "runs": len(values)})


def _combinations(grid):
    if isinstance(grid, dict):
        return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    return list(grid)


def _named(run, settings):
    try:
        return run(**settings)
    except Exception as error:
        error.add_note(f"This happened in the run with {settings}.")
        raise


def _path(folder, settings, protocol):
    if folder is None:
        return None
    key = json.dumps([settings, protocol], sort_keys=True, default=_listed)
    return Path(folder) / f"{hashlib.sha256(key.encode()).hexdigest()[:20]}.json"


def _stored(path):
    try:
        return json.loads(path.read_text())["result"] if path else None
    except (FileNotFoundError, ValueError, KeyError):  # not there, or cut off by a full disk: run it again
        return None


def _plain(result):
    """The result as JSON would give it back, so that a stored run and a fresh one look the same."""
    return json.loads(json.dumps(result, default=_listed))


def _listed(array):
    """NumPy's numbers and arrays as Python's, for JSON."""
    return array.tolist()

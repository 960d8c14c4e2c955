"""Many runs of one experiment: resumable after a kill, and read with intervals instead of single numbers."""

import hashlib
import itertools
import json
import math
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from scipy import stats
from tqdm.auto import tqdm

from . import paths

LEARNED = 0.1  # so much better than an answer that learns nothing must a network be before it is compared
VERDICTS = ("higher", "lower", "undecided", "not learned", "not measured")  # of `difference`
WIDEST = 0.5  # an interval wider than this measures nothing on a scale from 0 to 1


def folder(chapter, profile, framework):
    """Where a chapter keeps what is large and can be made again, such as checkpoints: below the data root.

    Parameters
    ----------
    chapter, profile, framework : str
        For instance "05_lgg_batchnorm", "laptop", "torch".

    Returns
    -------
    Path or None
        None for "smoke": that profile is there to show that every run still works, so it runs every one.
    """
    return _place(paths.data_root(), chapter, profile, framework)


def finished(chapter, profile, framework):
    """Where a chapter keeps each run of its sweeps: small files, beside the records, so that a clone can carry them.

    A chapter that runs for hours then goes on after a kill, on another machine too, with the runs that are missing.

    Parameters
    ----------
    chapter, profile, framework : str
        As `folder` has them.

    Returns
    -------
    Path or None
        None for "smoke".
    """
    return _place(paths.own_results_root(), chapter, profile, framework)


def sweep(run, grid, *, protocol=None, folder=None, label="runs", n_jobs=1):
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
    n_jobs : int
        So many runs at a time, each in a process of its own (joblib's loky) that gets its share of the cores: two small
        networks on one core each learn faster than one after the other on two. What `run` needs is sent along; on
        Windows and macOS, too, it may be defined in a notebook. -1 takes all cores.

    Returns
    -------
    pandas.DataFrame
        One line for each run, in the order of `grid`: its settings, then its results.

    Raises
    ------
    Exception
        Whatever `run` raises, with a note that names the settings. Runs that had ended before are stored.

    Notes
    -----
    Inside `joblib.parallel_config(backend="dask")` the same sweep goes to a cluster, whatever `n_jobs` is.
    """
    chosen = _combinations(grid)
    files = [_path(folder, settings, protocol) for settings in chosen]
    results = {i: result for i, path in enumerate(files) if (result := _stored(path)) is not None}
    work = (joblib.delayed(_numbered)(i, run, one) for i, one in enumerate(chosen) if i not in results)
    with tqdm(total=len(chosen), initial=len(results), desc=label) as progress:
        # One by one: what joblib groups would come, and be stored, late. This process alone writes.
        for i, result in joblib.Parallel(n_jobs, batch_size=1, return_as="generator_unordered")(work):
            results[i] = result
            if files[i]:
                stored = {"settings": chosen[i], "protocol": protocol, "result": result}
                paths.write_whole(files[i], json.dumps(stored, indent=1, default=_listed))
            progress.update()
    return pd.DataFrame([{**settings, **results[i]} for i, settings in enumerate(chosen)])


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


def difference(table, column, setting, first, second, *, pair="seed", nothing=None, better="higher", level=0.95):
    """How much `second` differs from `first`, and whether that is more than chance.

    Pairing the runs of one seed takes out what both have in common: the split and the order of the images. Runs that
    share nothing but the number of their seed, those of two frameworks for instance, are compared with `pair=None`.

    Parameters
    ----------
    table : pandas.DataFrame
        From `sweep`, with one line for each pair and value of `setting`.
    column, setting : str
        What was measured; what was changed.
    first, second : object
        Two values of `setting`.
    pair : str, list of str or None
        Lines that agree here belong together. None compares two independent groups (Welch's interval).
    nothing : float, optional
        What an answer that has learned nothing reaches in `column`. A comparison of networks of which one has not
        learned says nothing about the setting, so it gets no verdict.
    better : {"higher", "lower"}
        "lower" for a loss. Used with `nothing`.
    level : float
        As in `interval`.

    Returns
    -------
    dict
        `mean`, `low`, `high` of second - first; `runs`, the pairs, or the runs of the smaller group; and `verdict`:
        "higher" or "lower" when the interval excludes 0, "undecided" when it does not; "not learned" when the mean of
        one side is less than `LEARNED` better than `nothing`; "not measured" when the interval is wider than `WIDEST`,
        there is but one pair, or one side has no number at all.

    Raises
    ------
    ValueError
        If no pair has both values, or one has a value twice.

    References
    ----------
    Welch (1947). The generalization of "Student's" problem when several different population variances are involved.
    Biometrika 34, 28-35.
    """
    found = [table.loc[table[setting] == value, column] for value in (first, second)]
    if any(len(side) and side.isna().all() for side in found):
        return {**dict.fromkeys(("mean", "low", "high"), math.nan), "runs": 0, "verdict": "not measured"}
    sides = _sides(table, column, setting, (first, second), pair)
    line = _line(sides[1] - sides[0], level) if pair is not None else _welch(*sides, level)
    return {**line, "verdict": _verdict(line, sides, nothing, better)}


def _sides(table, column, setting, values, pair):
    """The runs of both values of a setting; with `pair`, line beside line."""
    if pair is not None:
        two = table[table[setting].isin(values)]
        wide = two.pivot(index=pair, columns=setting, values=column).reindex(columns=list(values)).dropna()
        sides = [wide[value] for value in values]
    else:
        sides = [table.loc[table[setting] == value, column].dropna() for value in values]
    if min(map(len, sides)) == 0:
        raise ValueError(
            f"no {pair or 'line'} has runs with {setting} = {values[0]!r} and {values[1]!r}: nothing can be compared."
        )
    return sides


def _welch(first, second, level):
    mean, runs = second.mean() - first.mean(), min(len(first), len(second))
    errors = [side.var() / len(side) for side in (first, second)]  # NaN for a single run
    half = 0.0
    if sum(errors) != 0:
        parts = [error**2 / (len(side) - 1) for error, side in zip(errors, (first, second), strict=True) if error]
        half = stats.t.ppf((1 + level) / 2, sum(errors) ** 2 / sum(parts)) * math.sqrt(sum(errors))
    return pd.Series({"mean": mean, "low": mean - half, "high": mean + half, "runs": runs})


def _verdict(line, sides, nothing, better):
    gain = {"higher": 1, "lower": -1}[better]
    if nothing is not None and min(gain * (side.mean() - nothing) for side in sides) < LEARNED:
        return "not learned"
    if not line["high"] - line["low"] <= WIDEST:  # NaN of a single pair: its interval has no end
        return "not measured"
    return "higher" if line["low"] > 0 else "lower" if line["high"] < 0 else "undecided"


def _line(values, level):
    mean, half = interval(values, level)
    return pd.Series({"mean": mean, "low": mean - half, "high": mean + half, "runs": len(values)})


def _place(root, chapter, profile, framework):
    return None if profile == "smoke" else root / "studies" / chapter / profile / framework


def _combinations(grid):
    if isinstance(grid, dict):
        return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    return list(grid)


def _numbered(number, run, settings):
    """The number says whose result it is, for runs end in any order."""
    return number, _plain(_named(run, settings))


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
        return json.loads(path.read_text(encoding="utf-8"))["result"] if path else None
    except (FileNotFoundError, ValueError, KeyError):  # not there, or cut off by a full disk: run it again
        return None


def _plain(result):
    """The result as JSON would give it back, so that a stored run and a fresh one look the same."""
    return json.loads(json.dumps(result, default=_listed))


def _listed(array):
    """NumPy's numbers and arrays as Python's, for JSON."""
    return array.tolist()

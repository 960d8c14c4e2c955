"""Many runs: every combination once, resumed after a kill, and read with intervals that agree with SciPy."""

import json
import math
import os
import subprocess
import sys
import time

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from unet_course import paths, studies


def test_every_combination_runs_once_and_in_order():
    table = studies.sweep(lambda rate, seed: {"loss": rate + seed}, {"rate": [0.1, 0.2], "seed": [0, 1]})
    assert table.to_dict("list") == {"rate": [0.1, 0.1, 0.2, 0.2], "seed": [0, 1, 0, 1], "loss": [0.1, 1.1, 0.2, 1.2]}


def test_a_list_of_settings_need_not_be_a_grid():
    table = studies.sweep(lambda a: {"twice": 2 * a}, [{"a": 1}, {"a": 5}])
    assert list(table.twice) == [2, 10]


def test_settings_may_be_numbers_of_numpy(tmp_path):
    for _ in range(2):
        table = studies.sweep(lambda seed: {"loss": np.float32(seed)}, {"seed": np.arange(2)}, folder=tmp_path)
        assert list(table.loss) == [0, 1]
    assert len(list(tmp_path.iterdir())) == 2


def test_a_killed_sweep_goes_on_where_it_stopped(tmp_path):
    calls = []

    def run(seed, dies_at=2):
        if seed == dies_at:
            raise KeyboardInterrupt
        calls.append(seed)
        return {"score": np.float32(seed) / 2, "curve": np.arange(2)}

    with pytest.raises(KeyboardInterrupt):
        studies.sweep(run, {"seed": range(4)}, folder=tmp_path)
    resumed = studies.sweep(lambda seed: run(seed, None), {"seed": range(4)}, folder=tmp_path)
    fresh = studies.sweep(lambda seed: run(seed, None), {"seed": range(4)})
    assert calls[:4] == [0, 1, 2, 3]
    pd.testing.assert_frame_equal(resumed, fresh)


def test_a_stored_run_counts_only_for_the_same_protocol(tmp_path):
    studies.sweep(lambda seed: {"loss": 0.5}, {"seed": [0]}, protocol={"epochs": 1}, folder=tmp_path)
    longer = studies.sweep(lambda seed: {"loss": 0.2}, {"seed": [0]}, protocol={"epochs": 2}, folder=tmp_path)
    assert list(longer.loss) == [0.2]


def test_a_damaged_file_is_run_again(tmp_path):
    studies.sweep(lambda seed: {"score": 1}, {"seed": [0]}, folder=tmp_path)
    stored = next(tmp_path.iterdir())
    stored.write_text(stored.read_text(encoding="utf-8")[:10], encoding="utf-8")
    assert list(studies.sweep(lambda seed: {"score": 2}, {"seed": [0]}, folder=tmp_path).score) == [2]
    assert json.loads(stored.read_text(encoding="utf-8"))["result"] == {"score": 2}


def test_an_error_names_the_run():
    with pytest.raises(ZeroDivisionError) as caught:
        studies.sweep(lambda rate: {"x": 1 / rate}, {"rate": [1, 0]})
    assert "'rate': 0" in caught.value.__notes__[0]


def test_a_smoke_run_stores_nothing():
    assert studies.folder("05", "smoke", "torch") is None and studies.finished("05", "smoke", "torch") is None


def test_large_files_go_to_the_data_and_finished_runs_to_the_records():
    assert studies.folder("05", "laptop", "torch") == paths.data_root() / "studies" / "05" / "laptop" / "torch"
    records = paths.own_results_root()
    assert studies.finished("05", "laptop", "torch") == records / "studies" / "05" / "laptop" / "torch"


def test_the_interval_is_the_one_of_students_test():
    values = [0.71, 0.74, 0.69, 0.75]
    mean, half = studies.interval(values)
    expected = stats.ttest_1samp(values, 0).confidence_interval()
    assert (mean - half, mean + half) == pytest.approx(tuple(expected))
    assert math.isnan(studies.interval([0.7])[1])


def test_a_summary_keeps_the_order_of_the_runs():
    table = pd.DataFrame({"model": ["b", "b", "a", "a"], "dice": [0.5, 0.7, 0.8, 0.8]})
    summary = studies.summarise(table, "model", "dice")
    assert list(summary.index) == ["b", "a"] and list(summary["mean"]) == pytest.approx([0.6, 0.8])
    assert list(summary.runs) == [2, 2]


@pytest.mark.parametrize(("gain", "verdict"), [(0.05, "higher"), (-0.05, "lower"), (0.0, "undecided")])
def test_a_paired_difference_is_seen_through_a_large_spread_between_seeds(gain, verdict):
    common, noise = np.array([0.4, 0.6, 0.9, 0.5]), np.array([0.01, -0.01, 0.005, -0.005])
    table = pd.DataFrame(
        {"seed": [0, 1, 2, 3] * 2, "model": ["a"] * 4 + ["b"] * 4, "dice": [*common, *(common + gain + noise)]}
    )
    found = studies.difference(table, "dice", "model", "a", "b")
    assert found["verdict"] == verdict and found["mean"] == pytest.approx(gain) and found["runs"] == 4


def test_a_difference_without_pairs_is_refused():
    table = pd.DataFrame({"seed": [0, 1], "model": ["a", "b"], "dice": [0.1, 0.2]})
    with pytest.raises(ValueError, match="nothing can be compared"):
        studies.difference(table, "dice", "model", "a", "b")


def test_a_column_without_numbers_is_not_measured():
    table = pd.DataFrame({"seed": [0, 1] * 2, "model": ["a"] * 2 + ["b"] * 2, "dice": [0.1, 0.2, np.nan, np.nan]})
    found = studies.difference(table, "dice", "model", "a", "b")
    assert (found["verdict"], found["runs"]) == ("not measured", 0)
    with pytest.raises(ValueError, match="nothing can be compared"):  # nobody ran it
        studies.difference(table, "dice", "model", "a", "c")


def two_groups(a, b):
    seeds = [*range(len(a)), *range(len(b))]
    return pd.DataFrame({"seed": seeds, "model": ["a"] * len(a) + ["b"] * len(b), "dice": [*a, *b]})


def test_no_verdict_where_one_side_has_not_learned():
    table = two_groups([0.05, 0.08, 0.06], [0.71, 0.74, 0.72])
    assert studies.difference(table, "dice", "model", "a", "b")["verdict"] == "higher"
    assert studies.difference(table, "dice", "model", "a", "b", nothing=0)["verdict"] == "not learned"
    assert studies.difference(table, "dice", "model", "b", "a", nothing=0)["verdict"] == "not learned"
    assert studies.difference(table, "dice", "model", "a", "b", nothing=-0.1)["verdict"] == "higher"


def test_a_loss_has_learned_when_it_lies_below_that_of_nothing():
    table = two_groups([0.95, 0.93, 0.96], [0.31, 0.33, 0.30])
    found = studies.difference(table, "dice", "model", "a", "b", nothing=1, better="lower")
    assert found["verdict"] == "not learned"
    table.dice -= 0.2
    found = studies.difference(table, "dice", "model", "a", "b", nothing=1, better="lower")
    assert found["verdict"] == "lower"


def test_no_verdict_from_an_interval_that_spans_half_the_scale():
    table = two_groups([0.5, 0.5, 0.5], [0.5, 0.7, 0.9])
    assert studies.difference(table, "dice", "model", "a", "b")["verdict"] == "not measured"


def test_unpaired_runs_get_the_interval_of_welchs_test():
    a, b = [0.71, 0.74, 0.69, 0.75], [0.80, 0.79, 0.83]
    found = studies.difference(two_groups(a, b), "dice", "model", "a", "b", pair=None)
    expected = stats.ttest_ind(b, a, equal_var=False).confidence_interval()
    assert (found["low"], found["high"]) == pytest.approx(tuple(expected))
    assert found["verdict"] == "higher" and found["runs"] == 3
    single = studies.difference(two_groups(a, [0.8]), "dice", "model", "a", "b", pair=None)
    assert math.isnan(single["low"]) and single["verdict"] == "not measured"


@pytest.mark.slow
def test_two_jobs_give_the_table_of_one():
    shift = np.arange(3)  # a closure, as in a notebook, goes to the other processes too

    def run(rate, seed):
        time.sleep(0.2 * (seed == 0))  # those that start first end last
        return {"loss": rate + shift[seed], "curve": shift, "process": os.getpid()}

    grid = {"rate": [0.1, 0.2], "seed": [0, 1, 2]}
    one, two = (studies.sweep(run, grid, n_jobs=jobs) for jobs in (1, 2))
    assert set(one.process) == {os.getpid()} and os.getpid() not in set(two.process)
    pd.testing.assert_frame_equal(two.drop(columns="process"), one.drop(columns="process"))


KILLED = """
import os, sys, time
from pathlib import Path
from unet_course import paths, studies

parent = os.getpid()

def run(seed):
    if seed == 2:
        while len(list(Path(sys.argv[1]).glob("*.json"))) < 2:
            time.sleep(0.05)
        os.kill(parent, 9)  # as a machine that goes down: nobody can clean up
    return {"score": seed / 2}

studies.sweep(run, {"seed": range(3)}, folder=sys.argv[1], n_jobs=2)
time.sleep(60)
"""


@pytest.mark.slow
def test_a_sweep_with_two_jobs_goes_on_after_a_kill(tmp_path):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    assert subprocess.run([sys.executable, "-c", KILLED, tmp_path], **quiet, timeout=120).returncode == -9
    stored = {
        json.loads(path.read_text(encoding="utf-8"))["settings"]["seed"]: path.read_text(encoding="utf-8")
        for path in tmp_path.glob("*.json")
    }
    assert {0, 1} <= stored.keys()
    calls = tmp_path / "calls"

    def run(seed):
        calls.open("a").write(f"{seed}\n")
        return {"score": seed / 2}

    resumed = studies.sweep(run, {"seed": range(4)}, folder=tmp_path, n_jobs=2)
    assert list(resumed.score) == [0, 0.5, 1, 1.5]
    assert not {"0", "1"} & set(calls.read_text(encoding="utf-8").split())


@pytest.mark.slow
def test_an_error_in_another_process_names_the_run_too(tmp_path):
    with pytest.raises(ZeroDivisionError) as caught:
        studies.sweep(lambda rate: {"x": 1 / rate}, {"rate": [1, 2, 0]}, folder=tmp_path, n_jobs=2)
    assert "'rate': 0" in caught.value.__notes__[0]


@pytest.mark.slow
def test_a_sweep_goes_to_a_dask_cluster_as_it_is(tmp_path):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(1, threads_per_worker=2, processes=False, dashboard_address=None) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        table = studies.sweep(
            lambda seed: {"worker": distributed.get_worker().name, "twice": 2 * seed},
            {"seed": range(3)},
            folder=tmp_path,
        )
    assert list(table.twice) == [0, 2, 4] and table.worker.notna().all()
    assert len(list(tmp_path.iterdir())) == 3

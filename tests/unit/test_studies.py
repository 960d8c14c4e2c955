"""Many runs: every combination once, resumed after a kill, and read with intervals that agree with SciPy."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from unet_course import studies


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
    stored.write_text(stored.read_text()[:10])
    assert list(studies.sweep(lambda seed: {"score": 2}, {"seed": [0]}, folder=tmp_path).score) == [2]
    assert json.loads(stored.read_text())["result"] == {"score": 2}


def test_an_error_names_the_run():
    with pytest.raises(ZeroDivisionError) as caught:
        studies.sweep(lambda rate: {"x": 1 / rate}, {"rate": [1, 0]})
    assert "'rate': 0" in caught.value.__notes__[0]


def test_a_smoke_run_stores_nothing():
    assert studies.folder("05", "smoke", "torch") is None
    assert studies.folder("05", "laptop", "torch").parts[-3:] == ("05", "laptop", "torch")


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

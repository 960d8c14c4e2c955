import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unet_course.datasets import splits


def index(**counts):
    """Images of some kinds, each a group of its own."""
    kinds = [name for name, n in counts.items() for _ in range(n)]
    return pd.DataFrame({"kind": kinds, "group": range(len(kinds))})


def patients(*n_slices):
    """Patients with so many slices each, from two sites in turn."""
    groups = [patient for patient, n in enumerate(n_slices) for _ in range(n)]
    slices = [number for n in n_slices for number in range(n)]
    return pd.DataFrame({"group": groups, "slice": slices, "site": ["AB"[patient % 2] for patient in groups]})


@given(a=st.integers(3, 80), b=st.integers(0, 9), c=st.integers(0, 4), seed=st.integers(0, 99))
def test_every_picture_is_in_exactly_one_part(a, b, c, seed):
    table = index(a=a, b=b, c=c)
    parts = splits.split(table, stratify="kind", seed=seed)
    assert list(parts) == ["train", "validation", "test"]
    assert sorted(np.concatenate(list(parts.values()))) == list(range(len(table)))
    assert all(len(part) for part in parts.values())


def test_types_keep_their_shares():
    table = index(a=136, b=31, c=3)
    parts = splits.split(table, stratify="kind", seed=0)
    assert {name: len(part) for name, part in parts.items()} == {"train": 109, "validation": 27, "test": 34}
    for part in parts.values():
        assert np.mean(table.kind[part] == "a") == pytest.approx(0.8, abs=0.05)


def test_seed_decides():
    table = index(a=50)
    first, same, other = (splits.split(table, seed=seed)["test"].tolist() for seed in (1, 1, 2))
    assert first == same != other


@pytest.mark.parametrize(
    ("table", "arguments", "message"),
    [
        (index(a=9), {"test": 1.2}, "1.2 does not lie between 0 and 1"),
        (index(a=9), {"stratify": "typ"}, "no column 'typ'"),
        (index(a=2), {}, "2 values of 'group' cannot make three parts"),
        (index(a=2), {"group": None}, "2 images cannot make three parts"),
    ],
)
def test_errors_name_the_value(table, arguments, message):
    with pytest.raises(ValueError, match=message):
        splits.split(table, **arguments)


@given(n_slices=st.lists(st.integers(1, 12), min_size=3, max_size=20), seed=st.integers(0, 9))
def test_slices_of_a_patient_stay_together(n_slices, seed):
    table = patients(*n_slices)
    parts = splits.split(table, seed=seed)
    sets = [set(table.group[positions]) for positions in parts.values()]
    assert not sets[0] & sets[1] and not sets[0] & sets[2] and not sets[1] & sets[2]
    assert sorted(np.concatenate(list(parts.values()))) == list(range(len(table)))


def test_without_groups_patients_are_on_both_sides():
    table = patients(20, 20, 20, 20)
    parts = splits.split(table, group=None)
    assert set(table.group[parts["test"]]) & set(table.group[parts["train"]])


def test_groups_are_stratified_by_their_usual_value():
    table = patients(*[5] * 40)
    test = splits.split(table, stratify="site")["test"]
    assert table.site[test].value_counts().tolist() == [20, 20]


def test_one_rare_value_does_not_cost_the_others_their_shares():
    table = patients(*[5] * 41)
    table.loc[table.group == table.group.iloc[-1], "site"] = "C"
    for seed in range(5):
        shares = table.site[splits.split(table, stratify="site", seed=seed)["test"]].value_counts()
        assert abs(shares["A"] - shares["B"]) <= 5


def test_hold_out_tests_on_one_site_and_validates_by_patient():
    table = patients(3, 4, 5, 6, 7, 8, 9, 2)
    parts = splits.hold_out(table, "site", ["B"])
    assert set(table.site[parts["test"]]) == {"B"} and set(table.site[parts["train"]]) == {"A"}
    assert not set(table.group[parts["train"]]) & set(table.group[parts["validation"]])
    assert sum(map(len, parts.values())) == len(table)


def test_hold_out_errors_name_the_value():
    with pytest.raises(ValueError, match="no value 'C'; it has A, B"):
        splits.hold_out(patients(3, 3, 3), "site", ["C"])
    with pytest.raises(ValueError, match="it would be on both sides"):
        splits.hold_out(patients(3, 3, 3), "slice", [1])

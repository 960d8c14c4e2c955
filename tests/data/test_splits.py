import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unet_course.datasets import splits


def index(**counts):
    return pd.DataFrame({"kind": [name for name, n in counts.items() for _ in range(n)]})


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
        (index(a=9), {"test": 1.2}, "test=1.2 must lie between 0 and 1"),
        (index(a=9), {"stratify": "typ"}, "no column 'typ'"),
        (index(a=2), {}, "2 pictures cannot make three parts"),
    ],
)
def test_errors_name_the_value(table, arguments, message):
    with pytest.raises(ValueError, match=message):
        splits.split(table, **arguments)

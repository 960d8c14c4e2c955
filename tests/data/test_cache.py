import multiprocessing

import numpy as np
import pytest

from unet_course import paths
from unet_course.datasets import cache


def build(writer):
    writer.add(x=np.arange(6, dtype=np.int16).reshape(2, 3))
    writer.add(x=np.arange(4, dtype=np.int16).reshape(1, 4))
    return {"made": True}


def build_slowly(name):
    """In a process of its own: build a cache of a thousand pieces and read the first."""

    def pieces(writer):
        for _ in range(1000):
            build(writer)
        return {}

    return int(cache.cached(name, pieces)[0]["x"][0].sum())


def test_ragged_arrays_come_back(data_root):
    arrays, notes = cache.cached("a", build)
    assert notes == {"made": True}
    assert [x.tolist() for x in arrays["x"]] == [[[0, 1, 2], [3, 4, 5]], [[0, 1, 2, 3]]]
    assert arrays["x"][-1].shape == (1, 4)
    turned = arrays["x"][[1, 0, 1]]
    assert [x.shape for x in turned] == [(1, 4), (2, 3), (1, 4)]
    assert [x.shape for x in turned[[-2]]] == [(2, 3)], "a choice can be chosen from again"
    with pytest.raises(IndexError):
        arrays["x"][2]
    with pytest.raises(ValueError, match="read-only"):
        arrays["x"][0][0, 0] = 9


def test_second_use_does_not_build(data_root):
    cache.cached("a", build)

    def refuse(writer):
        raise AssertionError("built twice")

    cache.cached("a", refuse)


@pytest.mark.parametrize("damage", ["truncate", "delete", "garble"])
def test_a_damaged_cache_is_built_again(data_root, damage):
    cache.cached("a", build)
    folder = paths.data_root() / "cache" / "a"
    if damage == "truncate":
        (folder / "x.bin").write_bytes((folder / "x.bin").read_bytes()[:-3])
    elif damage == "delete":
        (folder / "x.bin").unlink()
    else:
        (folder / "cache.json").write_text('{"dtypes"', encoding="utf-8")
    arrays, _ = cache.cached("a", build)
    assert arrays["x"][1].tolist() == [[0, 1, 2, 3]]


def test_a_build_that_fails_leaves_nothing(data_root):
    def fail(writer):
        writer.add(x=np.zeros(3))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.cached("a", fail)
    assert list((data_root / "cache").iterdir()) == []


def test_key_changes_with_files_and_facts(tmp_path):
    (tmp_path / "x").write_text("1", encoding="utf-8")
    before = cache.key_of(tmp_path, 1)
    assert before == cache.key_of(tmp_path, 1) != cache.key_of(tmp_path, 2)
    (tmp_path / "x").write_text("12", encoding="utf-8")
    assert cache.key_of(tmp_path, 1) != before


def test_two_processes_may_build_at_once(data_root):
    started = multiprocessing.get_context("spawn")
    with started.Pool(2) as pool:
        sums = pool.map(build_slowly, ["a", "a"])
    assert sums == [15, 15]
    assert [path.name for path in (data_root / "cache").iterdir()] == ["a"]


def test_a_slower_process_keeps_what_the_faster_one_left(data_root, monkeypatch):
    def overtaken(writer):
        notes = build(writer)
        with monkeypatch.context() as patch:
            patch.setattr(cache, "_complete", lambda folder: False)
            cache.cached("a", build)
        return notes

    arrays, _ = cache.cached("a", overtaken)
    assert arrays["x"][0].sum() == 15
    assert [path.name for path in (data_root / "cache").iterdir()] == ["a"]

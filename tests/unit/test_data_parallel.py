"""Several processes train as one does, and none is left behind."""

import numpy as np
import psutil
import pytest

pytest.importorskip("accelerate")
pytest.importorskip("torch")

from unet_course.torch import data_parallel

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(0)
IMAGES = RNG.random((8, 16, 16, 1), dtype=np.float32)
MASKS = (IMAGES[..., 0] > 0.5).astype(np.int64)


def difference(first, second):
    assert first.keys() == second.keys()
    return max(np.abs(first[name] - second[name]).max() for name in first)


def test_two_processes_end_where_one_with_twice_the_batch_ends():
    two = data_parallel.launch(2, IMAGES, MASKS, [{"batch_size": 2}, {"batch_size": 2, "batch_norm": True}])
    one = [data_parallel.train(IMAGES, MASKS, batch_size=4, batch_norm=norm) for norm in (False, True)]
    start = data_parallel.train(IMAGES, MASKS, batch_size=4, learning_rate=0.0)
    assert difference(one[0], start) > 1e-3
    assert difference(one[0], two[0]) < 1e-5
    assert difference(one[1], two[1]) > 1e-4  # batch norm sees the half of a batch


def test_a_process_that_fails_ends_all_and_says_why():
    with pytest.raises(RuntimeError, match="no_such_setting"):
        data_parallel.launch(2, IMAGES, MASKS, [{"batch_size": 2, "no_such_setting": 1}])
    ours = psutil.Process().children(recursive=True)
    assert [child for child in ours if "unet_course.torch.data_parallel" in child.cmdline()] == []

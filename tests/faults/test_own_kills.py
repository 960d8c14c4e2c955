"""A training on images of your own that is killed loses at most one epoch, and ends where an unbroken one ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from unet_course import shipping
from unet_course.common import checkpoints

pytestmark = pytest.mark.slow
pytest.importorskip("torch")
WORKER = Path(__file__).with_name("own_worker.py")


def run(folder, out, last=0):
    environment = os.environ | {"TQDM_DISABLE": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, WORKER, folder, out, str(last)]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_a_killed_training_goes_on_and_ends_with_the_weights_of_an_unbroken_one(data_root, tmp_path, write_own):
    folder = write_own(tmp_path / "mine", 12)
    assert run(folder, tmp_path / "unbroken").returncode == 0
    for last, epochs in ((3, 2), (1, 2)):  # killed while the third epoch is written, twice
        assert run(folder, tmp_path / "killed", last).returncode == -signal.SIGKILL
        assert len(checkpoints.read(tmp_path / "killed" / "checkpoint")["history"]) == epochs
        assert not (tmp_path / "killed" / "model.npz").exists()
    done = run(folder, tmp_path / "killed")
    assert done.returncode == 0, done.stderr[-2000:]
    states = [shipping.load(tmp_path / name / "model.npz")[0] for name in ("unbroken", "killed")]
    assert [name for name in states[0] if not np.array_equal(states[0][name], states[1][name])] == []
    for name in ("scores.csv", "card.json"):
        assert (tmp_path / "unbroken" / name).read_bytes() == (tmp_path / "killed" / name).read_bytes()

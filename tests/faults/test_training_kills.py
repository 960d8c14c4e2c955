"""A training run that is killed, anywhere and as often as you like, ends with the weights of an unbroken one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.slow

WORKER = Path(__file__).with_name("training_worker.py")


def run(framework, folder, result, *, updates=0, place="step", backend="tensorflow"):
    """Exit status of one process: 0, or minus the signal that ended it."""
    environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "TQDM_DISABLE": "1"}
    arguments = [framework, folder, str(updates), place, result]
    done = subprocess.run([sys.executable, WORKER, *arguments], env=environment, capture_output=True, text=True)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr[-2000:]
    return done.returncode


def results_of(path):
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


def killed_run_against_unbroken(framework, kills, folder, **options):
    pytest.importorskip(framework)
    run(framework, folder / "unbroken", folder / "unbroken.npz", **options)
    rng = np.random.default_rng(kills)
    for _ in range(kills):
        updates, place = int(rng.integers(1, 4)), str(rng.choice(["step", "write"]))
        status = run(framework, folder / "killed", folder / "killed.npz", updates=updates, place=place, **options)
        assert status == -signal.SIGKILL
    assert run(framework, folder / "killed", folder / "killed.npz", **options) == 0
    unbroken, killed = results_of(folder / "unbroken.npz"), results_of(folder / "killed.npz")
    assert unbroken.keys() == killed.keys()
    assert [name for name in unbroken if not np.array_equal(unbroken[name], killed[name])] == []


@pytest.mark.parametrize("framework", ["keras", "torch"])
def test_a_run_killed_twice_ends_with_the_same_weights(framework, tmp_path):
    killed_run_against_unbroken(framework, 2, tmp_path)


@pytest.mark.skipif(not os.environ.get("UNET_COURSE_TEN_KILLS"), reason="minutes: set UNET_COURSE_TEN_KILLS=1")
@pytest.mark.parametrize("framework", ["keras", "torch"])
def test_a_run_killed_ten_times_ends_with_the_same_weights(framework, tmp_path):
    killed_run_against_unbroken(framework, 10, tmp_path)


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_a_killed_run_of_keras_on_another_backend_ends_with_the_same_weights(backend, tmp_path):
    pytest.importorskip(backend)
    killed_run_against_unbroken("keras", 1, tmp_path, backend=backend)

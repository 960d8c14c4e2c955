"""One training in several processes of this machine, with accelerate: each takes its share of every batch.

`launch` starts the processes; each runs `python -m unet_course.torch.data_parallel JOB`. Explained in the chapter
"When one machine is not enough". PyTorch only.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

_HERE = "127.0.0.1"  # this machine: nothing outside can connect


def train(images, masks, *, batch_size, batch_norm=False, base_filters=4, depth=2, learning_rate=0.1, seed=0):
    """Go once through the images in their order with plain gradient descent; every process calls this.

    Parameters
    ----------
    images : array of float32, shape (N, H, W, C)
    masks : array of int, shape (N, H, W)
    batch_size : int
        Of each process: with two processes an update sees twice as many images.
    batch_norm, base_filters, depth
        As in `unet`.
    learning_rate : float
    seed : int
        Of the first weights, the same in every process.

    Returns
    -------
    dict of str to array
        The weights at the end, the same in every process.
    """
    import torch
    from accelerate import Accelerator

    from .. import shipping
    from .. import torch as uc
    from ..common.batches import Batches
    from .inputs import check_batches

    accelerator = Accelerator(cpu=True)
    uc.set_seed(seed)
    model = uc.unet(
        images.shape[-1],
        1,
        base_filters=base_filters,
        depth=depth,
        batch_norm=batch_norm,
    )
    check_batches(model, uc.bce_loss, Batches(images, masks, batch_size))
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    pairs = torch.utils.data.TensorDataset(torch.from_numpy(images), torch.from_numpy(masks))
    batches = torch.utils.data.DataLoader(pairs, batch_size=batch_size)
    model, optimizer, batches = accelerator.prepare(model, optimizer, batches)
    for some_images, some_masks in batches:
        optimizer.zero_grad()
        # Averages the slopes of all processes.
        accelerator.backward(uc.bce_loss(model(some_images), some_masks))
        optimizer.step()
    return shipping.get_state(accelerator.unwrap_model(model))


def launch(processes, images, masks, runs, *, timeout=300):
    """Start processes on this machine that train together, wait, and return what each of the runs gave.

    Parameters
    ----------
    processes : int
    images, masks : array
        As for `train`.
    runs : sequence of dict
        Settings of `train`, one dict for each training.
    timeout : float
        Seconds, after which all processes are ended.

    Returns
    -------
    list of dict of str to array
        The weights of each run, written by the first process alone.

    Raises
    ------
    RuntimeError
        If a process fails; ends with what it wrote last.
    """
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        np.savez(folder / "data.npz", images=images, masks=masks)
        (folder / "job.json").write_text(json.dumps(list(runs)), encoding="utf-8")
        shared = {
            **os.environ,
            "MASTER_ADDR": _HERE,
            "MASTER_PORT": str(_free_port()),
            "WORLD_SIZE": str(processes),
            "ACCELERATE_USE_CPU": "true",
            "GLOO_SOCKET_IFNAME": _loopback(),
        }
        started = []
        try:
            for rank in range(processes):
                names = {"RANK": str(rank), "LOCAL_RANK": str(rank)}
                with open(folder / f"{rank}.log", "w", encoding="utf-8") as log:
                    command = [sys.executable, "-m", __name__, str(folder)]
                    started.append(
                        subprocess.Popen(
                            command, env=shared | names, stdout=log, stderr=log
                        )
                    )
            _wait(started, folder, time.monotonic() + timeout)
        finally:
            for process in started:
                process.kill()
                process.wait()
        return [_read(folder / f"run{number}.npz") for number in range(len(runs))]


def work(folder):
    """What one process does: all runs of the job; the first one writes the weights."""
    from accelerate import Accelerator

    folder = Path(folder)
    data = _read(folder / "data.npz")
    for number, settings in enumerate(json.loads((folder / "job.json").read_text(encoding="utf-8"))):
        state = train(data["images"], data["masks"], **settings)
        if Accelerator(cpu=True).is_main_process:
            np.savez(folder / f"run{number}.npz", **state)
    Accelerator(cpu=True).end_training()


def _wait(processes, folder, until):
    """Until all have ended; when one fails the others would wait for it for ever, so that ends all."""
    while (codes := [process.poll() for process in processes]) != [0] * len(processes):
        for rank, code in enumerate(codes):
            if code:
                said = (folder / f"{rank}.log").read_text(encoding="utf-8")
                raise RuntimeError(f"process {rank} failed:\n{said[-2000:]}")
        if time.monotonic() > until:
            raise RuntimeError("the processes did not end in time.")
        time.sleep(0.05)


def _read(path):
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _free_port():
    with socket.socket() as probe:
        probe.bind((_HERE, 0))
        return probe.getsockname()[1]


def _loopback():
    """The name of the network interface that leads nowhere but back: "lo" on Linux, "lo0" on macOS."""
    names = {name for _, name in socket.if_nameindex()} if hasattr(socket, "if_nameindex") else set()
    return "lo0" if "lo0" in names else "lo"


if __name__ == "__main__":
    work(sys.argv[1])

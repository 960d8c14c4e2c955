"""The chapter on several processes: solutions, and typical mistakes with the hint each must get."""

import numpy as np


def shard(n, workers, worker, seed, epoch):
    order = np.random.default_rng([seed, epoch]).permutation(n)
    return order[: n - n % workers][worker::workers]


def own_order(n, workers, worker, seed, epoch):
    order = np.random.default_rng([seed, epoch, worker]).permutation(n)
    return order[: n // workers]


def one_order(n, workers, worker, seed, epoch):
    return np.random.default_rng(seed).permutation(n)[: n - n % workers][worker::workers]


def new_order(n, workers, worker, seed, epoch):
    return np.random.default_rng().permutation(n)[: n // workers]


SOLUTIONS = {
    "updates_an_epoch": lambda n, batch_size, workers: int(np.ceil(n / (batch_size * workers))),
    "average_gradients": lambda gradients, sizes: np.average(gradients, axis=0, weights=sizes),
    "shard": shard,
}
MISTAKES = [
    ("updates_an_epoch", lambda n, batch_size, workers: int(np.ceil(n / batch_size)), "divide by both"),
    ("updates_an_epoch", lambda n, batch_size, workers: n // (batch_size * workers), "round up"),
    ("average_gradients", lambda gradients, sizes: np.mean(gradients), "for each column"),
    ("average_gradients", lambda gradients, sizes: np.sum(gradients, axis=0), "mean over the workers"),
    ("average_gradients", lambda gradients, sizes: np.mean(gradients, axis=0), "counts 6/8"),
    ("shard", lambda n, workers, worker, seed, epoch: np.arange(n), "each visits 4"),
    ("shard", new_order, "same seed and epoch"),
    ("shard", own_order, "All must draw the same order"),
    ("shard", one_order, "does your generator know the epoch"),
    (
        "shard",
        lambda n, workers, worker, seed, epoch: np.random.default_rng([seed, epoch]).permutation(n)[worker::workers],
        "2 are left out",
    ),
]

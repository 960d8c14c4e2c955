"""Checks for the chapter on several processes and machines."""

import numpy as np

from .check import check


def updates_an_epoch(function):
    """Check `function(n, batch_size, workers)`: updates in an epoch, the last one small."""
    cases = [
        ((64, 16, 1), 4, "64 images in batches of 16 are 4 updates."),
        ((64, 16, 2), 2, "Two workers take 32 images an update: divide by both numbers."),
        ((65, 16, 2), 3, "65 images need a third, small update: round up."),
        ((5, 16, 4), 1, "Even a few images make one update."),
    ]
    check("updates_an_epoch", function, cases)


def average_gradients(function):
    """Check `function(gradients, sizes)`: the gradient of the whole batch."""
    cases = [
        (
            (np.array([[1.0, 2.0], [3.0, 6.0]]), [4, 4]),
            [2.0, 4.0],
            "With equal shares it is the mean over the workers, weight by weight: the answer has one number for each "
            "column.",
        ),
        (
            (np.array([[1.0, 2.0], [3.0, 6.0]]), [6, 2]),
            [1.5, 3.0],
            "The first worker saw 6 of the 8 images, so its gradient counts 6/8: weight the mean by the sizes.",
        ),
        ((np.array([[1.0], [3.0], [5.0]]), [1, 1, 0]), [2.0], "A worker without images has nothing to say."),
    ]
    check("average_gradients", function, cases)


def shard(function):
    """Check `function(n, workers, worker, seed, epoch)`: what is true of all shards together."""

    def tried(what, *arguments):
        if what == "repeat":
            return np.array_equal(function(*arguments), function(*arguments))
        if what == "epochs differ":
            return not np.array_equal(function(*arguments, 0), function(*arguments, 1))
        n, workers, seed, epoch = arguments
        shards = [np.asarray(function(n, workers, worker, seed, epoch)) for worker in range(workers)]
        if what == "sizes":
            return [len(each) for each in shards]
        visited = np.concatenate(shards)
        return np.sort(visited) if what == "all" else len(np.unique(visited))

    cases = [
        (("sizes", 12, 3, 0, 0), [4, 4, 4], "12 images and 3 workers: each visits 4."),
        (
            ("repeat", 12, 3, 1, 0, 0),
            True,
            "The same seed and epoch must give the same shard: no other random numbers.",
        ),
        (
            ("all", 12, 3, 0, 0),
            np.arange(12),
            "Together the workers must visit each image once. All must draw the same order, from seed and epoch "
            "without the worker, and then take different parts of it.",
        ),
        (
            ("epochs differ", 50, 2, 0, 0),
            True,
            "The order must change with the epoch: does your generator know the epoch?",
        ),
        (
            ("sizes", 14, 4, 0, 0),
            [3, 3, 3, 3],
            "14 images and 4 workers: each visits 3, and 2 are left out. A worker with more would wait for the "
            "others for ever.",
        ),
        (("distinct", 14, 4, 0, 0), 12, "No image may be visited twice."),
    ]
    check("shard", tried, cases)

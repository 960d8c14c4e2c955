"""Exercises of the chapter on training."""

from .check import check


def updates(function):
    """Check `function(pictures, batch_size, epochs)`: how many updates a training makes."""
    cases = [
        ((32, 8, 1), 4, "32 images in batches of 8 make 4 batches, and each batch makes one update."),
        ((32, 8, 10), 40, "Every epoch goes through all batches once more."),
        ((33, 8, 1), 5, "The image that is left over makes a batch of its own: round up, not down."),
        ((33, 8, 10), 50, "Round up in each epoch, then multiply: the next epoch starts with a new batch."),
        ((3, 8, 2), 2, "A batch that is larger than the set still makes one update an epoch."),
    ]
    check("updates", function, cases)


def stops_at(function):
    """Check `function(losses, patience)`: the epoch that early stopping keeps, and the last one that it trains."""
    late = [0.9, 0.5, 0.6, 0.6, 0.1]
    cases = [
        (([0.5, 0.4, 0.3], 2), (3, 3), "While the loss improves, nothing stops: the last epoch is kept and trained."),
        (
            ([0.5, 0.3, 0.4, 0.4, 0.4, 0.4], 2),
            (2, 4),
            "Epoch 2 is the best; with a patience of 2, epoch 4 is the last.",
        ),
        ((late, 2), (2, 4), "After stopping nobody sees what would have come: the 0.1 of epoch 5 is never trained."),
        ((late, 3), (5, 5), "With a patience of 3 the run is still alive in epoch 5, and that one is the best."),
        (
            ([0.5, 0.4, 0.5, 0.3, 0.4, 0.4, 0.2], 2),
            (4, 6),
            "Patience starts anew at each best epoch; it counts epochs without a new best, not all bad ones.",
        ),
        (([0.5, 0.5, 0.5], 2), (1, 3), "An equal loss is no improvement: the earlier epoch is kept."),
    ]
    check("stops_at", function, cases)


def adam_update(function):
    """Check `function(gradients, rate)`: how far Adam moves a weight."""
    cases = [
        (([2.0], 0.1), -0.1, "The first update has the size of the rate, against the gradient: both hats matter here."),
        (
            ([2000.0], 0.1),
            -0.1,
            "A gradient a thousand times as large moves the weight just as far: divide by the root.",
        ),
        (([-1.0], 0.1), 0.1, "A gradient below 0 moves the weight up."),
        (([1.0, 1.0, 1.0], 0.1), -0.3, "Equal gradients give equal steps: correct with 1 - 0.9^n, n the step from 1."),
        (
            ([1.0, -1.0], 0.1),
            -0.1 * (1 + (0.9 * 0.1 - 0.1) / (1 - 0.9**2)),
            "When the gradient turns, the running mean turns slowly: it keeps 0.9 of what it was.",
        ),
        (([0.0, 0.0], 0.1), 0.0, "Without a gradient nothing moves: epsilon keeps 0/0 away."),
    ]
    check("adam_update", function, cases)

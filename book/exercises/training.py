"""The chapter on training: solutions, and typical mistakes with the hint each must get."""

import numpy as np


def stops_at(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best >= patience:
            break
    return best + 1, epoch + 1


def counts_all_bad_epochs(losses, patience):
    best, bad = 0, 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        elif epoch:
            bad += 1
        if bad >= patience:
            break
    return best + 1, epoch + 1


def takes_equal_losses(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss <= losses[best]:
            best = epoch
        if epoch - best >= patience:
            break
    return best + 1, epoch + 1


def sees_the_future(losses, patience):
    best = int(np.argmin(losses))
    return best + 1, min(best + 1 + patience, len(losses))


def adam_update(gradients, rate, hats=True, root=True, sign=-1, turn=0.9):
    moved = mean = square = 0
    for n, gradient in enumerate(gradients, start=1):
        mean = turn * mean + (1 - turn) * gradient
        square = 0.999 * square + 0.001 * gradient**2
        m, v = (mean / (1 - turn**n), square / (1 - 0.999**n)) if hats else (mean, square)
        moved += sign * rate * m / (np.sqrt(v) + 1e-8 if root else 2)
    return moved


SOLUTIONS = {
    "updates": lambda pictures, batch_size, epochs: epochs * -(-pictures // batch_size),
    "stops_at": stops_at,
    "adam_update": adam_update,
}
MISTAKES = [
    ("updates", lambda pictures, batch_size, epochs: pictures * epochs, "4 batches"),
    ("updates", lambda pictures, batch_size, epochs: pictures // batch_size * epochs, "round up"),
    ("updates", lambda pictures, batch_size, epochs: -(-pictures * epochs // batch_size), "Round up in each epoch"),
    ("stops_at", lambda losses, patience: (int(np.argmin(losses)), len(losses)), "nothing stops"),
    ("stops_at", sees_the_future, "never trained"),
    ("stops_at", counts_all_bad_epochs, "starts anew"),
    ("stops_at", takes_equal_losses, "no improvement"),
    ("adam_update", lambda gradients, rate: adam_update(gradients, rate, hats=False), "both hats"),
    ("adam_update", lambda gradients, rate: adam_update(gradients, rate, root=False), "divide by the root"),
    ("adam_update", lambda gradients, rate: adam_update(gradients, rate, sign=1), "against the gradient"),
    ("adam_update", lambda gradients, rate: adam_update(gradients, rate, turn=0), "turns slowly"),
    ("adam_update", lambda gradients, rate: sum(-rate * np.sign(g) for g in gradients), "turns slowly"),
]

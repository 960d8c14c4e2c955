"""The chapter on batch norm, learning rate and batch size: solutions, and typical mistakes with their hints."""

import numpy as np
from scipy import stats


def batch_norm(x, epsilon):
    return (x - x.mean(axis=(0, 1, 2))) / np.sqrt(x.var(axis=(0, 1, 2)) + epsilon)


def paired_interval(first, second, factor=None):
    differences = second - first
    n = len(differences)
    factor = factor or stats.t.ppf(0.975, n - 1)
    half = factor * differences.std(ddof=1) / np.sqrt(n)
    return differences.mean() - half, differences.mean() + half


def interval_of_unpaired_runs(first, second):
    half = stats.t.ppf(0.975, 2) * np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / len(first))
    return second.mean() - first.mean() - half, second.mean() - first.mean() + half


def changed_layers(first, second):
    return [kind for kind in sorted(set(first) | set(second)) if first.get(kind, 0) != second.get(kind, 0)]


def epoch_draws(n, draws, epochs, seed):
    return np.stack([np.random.default_rng([seed, epoch]).integers(n, size=draws) for epoch in range(epochs)])


def seeded_each_epoch(n, draws, epochs, seed):
    return np.stack([np.random.default_rng(seed).integers(n, size=draws) for _ in range(epochs)])


def seed_plus_epoch(n, draws, epochs, seed):
    return np.stack([np.random.default_rng(seed + epoch).integers(n, size=draws) for epoch in range(epochs)])


def never_seeded(n, draws, epochs, seed):
    return np.random.default_rng().integers(n, size=(epochs, draws))


def without_replacement(n, draws, epochs, seed):
    rngs = [np.random.default_rng([seed, epoch]) for epoch in range(epochs)]
    return np.stack([rng.permutation(n)[:draws] for rng in rngs])


def batch_losses(prediction, truth, batch_size, axis=None):
    for start in range(0, len(truth), batch_size):
        p, t = prediction[start : start + batch_size], truth[start : start + batch_size]
        yield np.mean(1 - (2 * (p * t).sum(axis) + 1) / (p.sum(axis) + t.sum(axis) + 1))


def without_the_last_batch(prediction, truth, batch_size):
    whole = len(truth) // batch_size * batch_size
    return np.mean(list(batch_losses(prediction[:whole], truth[:whole], batch_size)))


SOLUTIONS = {
    "changed_layers": changed_layers,
    "epoch_draws": epoch_draws,
    "mean_batch_loss": lambda p, t, batch_size: np.mean(list(batch_losses(p, t, batch_size))),
    "scaled_rate": lambda rate, batch_size, new_batch_size: rate * new_batch_size / batch_size,
    "batch_norm": batch_norm,
    "ensemble_mask": lambda probabilities: (probabilities.mean(axis=0) > 0.5).astype(int),
    "paired_interval": paired_interval,
}
MISTAKES = [
    ("changed_layers", lambda a, b: sorted(kind for kind in a if a[kind] != b.get(kind, 0)), "kinds of both networks"),
    ("changed_layers", lambda a, b: sorted(set(a) ^ set(b)), "compare the counts"),
    ("changed_layers", lambda a, b: changed_layers(a, b)[::-1], "sorted by name"),
    ("epoch_draws", seeded_each_epoch, "copies of each other"),
    ("epoch_draws", seed_plus_epoch, "share no epoch"),
    ("epoch_draws", never_seeded, "nobody can repeat"),
    ("epoch_draws", without_replacement, "with replacement"),
    ("mean_batch_loss", lambda p, t, b: np.mean(list(batch_losses(p, t, b, (1, 2)))), "over all images of a batch"),
    ("mean_batch_loss", without_the_last_batch, "do not drop it"),
    ("scaled_rate", lambda rate, batch_size, new_batch_size: rate, "four times the rate"),
    ("scaled_rate", lambda rate, old, new: rate * max(new / old, 1), "whichever is larger"),
    ("batch_norm", lambda x, epsilon: (x - x.mean()) / np.sqrt(x.var() + epsilon), "Each channel has one mean"),
    ("batch_norm", lambda x, epsilon: batch_norm(x, 1e-5), "Epsilon stands under the root"),
    ("ensemble_mask", lambda p: (np.median(p, axis=0) > 0.5).astype(int), "A vote of the three masks"),
    ("ensemble_mask", lambda p: p.mean(axis=0), "as 0 and 1"),
    ("paired_interval", lambda first, second: paired_interval(first, second, factor=2), "4.30 for three runs"),
    ("paired_interval", interval_of_unpaired_runs, "run by run"),
    ("paired_interval", lambda first, second: paired_interval(second, first), "second minus first, run by run"),
]

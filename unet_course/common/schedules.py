"""How the learning rate moves during training, as plain numbers: both twins take them from here."""

import math
from dataclasses import dataclass, field

import numpy as np

_SMOOTHING = 0.9  # weight of the past in the running mean of the losses
_DIVERGED = 4.0  # a search ends when the loss is so many times the best one


def triangle(step, lowest, highest, half_cycle):
    """Learning rate that climbs from `lowest` to `highest` in `half_cycle` steps and falls back in as many, for ever.

    Parameters
    ----------
    step : int
        Updates done so far, from 0.
    lowest, highest : float
    half_cycle : int
        Steps of the climb; Smith advises 2 to 10 epochs' worth.

    Returns
    -------
    float

    References
    ----------
    Smith (2017), Cyclical learning rates for training neural networks, section 3.1, https://arxiv.org/abs/1506.01186.
    """
    position = step / half_cycle % 2
    return lowest + (highest - lowest) * (1 - abs(1 - position))


def ladder(lowest, highest, steps):
    """`steps` learning rates from `lowest` to `highest`, each the same factor above the one before."""
    if not 0 < lowest < highest or steps < 2:
        raise ValueError(f"rates from {lowest:g} to {highest:g} in {steps} steps are no ladder: 0 < lowest < highest.")
    return np.geomspace(lowest, highest, steps)


@dataclass
class RateSearch:
    """What `find_learning_rate` saw: the loss at every rate it tried.

    Attributes
    ----------
    rates, losses : list of float
        One entry per batch; the loss is measured before the update with that rate.
    """

    rates: list = field(default_factory=list)
    losses: list = field(default_factory=list)

    def add(self, rate, loss):
        """Note one batch; True when the loss has exploded and the search should end."""
        self.rates.append(float(rate))
        self.losses.append(float(loss))
        smooth = self.smooth
        return not math.isfinite(loss) or smooth[-1] > _DIVERGED * min(smooth)

    @property
    def smooth(self):
        """Running mean of the losses, so that one lucky batch does not decide."""
        mean, result = 0.0, []
        for n, loss in enumerate(self.losses, start=1):
            mean = _SMOOTHING * mean + (1 - _SMOOTHING) * loss
            result.append(mean / (1 - _SMOOTHING**n))
        return result

    @property
    def suggestion(self):
        """A tenth of the rate at which the smoothed loss was smallest: below the edge, with room to move."""
        finite = [value if math.isfinite(value) else math.inf for value in self.smooth]
        return self.rates[finite.index(min(finite))] / 10

    def frame(self):
        """A pandas DataFrame with the columns `learning_rate`, `loss` and `smooth_loss`, one row per batch."""
        import pandas as pd

        return pd.DataFrame({"learning_rate": self.rates, "loss": self.losses, "smooth_loss": self.smooth})

"""The chapter on a recipe: solutions, and typical mistakes with the hint each must get."""

import math


def _halving(scores, *, keep=lambda n: (n + 1) // 2, back=False):
    alive, spent = list(range(len(scores))), 0
    for column in zip(*scores, strict=True):
        spent += len(alive)
        among = range(len(scores)) if back else alive
        alive = sorted(among, key=lambda run: -column[run])[: keep(len(alive))]
        if len(alive) == 1:
            break
    return alive[0], spent


def _tries(share, chance):
    return math.ceil(math.log(1 - chance) / math.log(1 - share) - 1e-9)


SOLUTIONS = {
    "log_uniform": lambda u, low, high: low * (high / low) ** u,
    "tries_needed": _tries,
    "halving": _halving,
}
MISTAKES = [
    ("log_uniform", lambda u, low, high: low + u * (high - low), "interpolate the exponents"),
    ("log_uniform", lambda u, low, high: high * (low / high) ** u, "u = 0 gives"),
    ("log_uniform", lambda u, low, high: low * 100**u, "no powers of ten"),
    ("tries_needed", lambda share, chance: math.ceil(chance / share), "0.95 to the power"),
    ("tries_needed", lambda share, chance: math.floor(math.log(1 - chance) / math.log(1 - share)), "one draw more"),
    ("tries_needed", lambda share, chance: math.ceil(math.log(chance) / math.log(1 - share)), "The misses multiply"),
    ("halving", lambda scores: (max(range(len(scores)), key=lambda i: scores[i][-1]), len(scores)), "ends there"),
    ("halving", lambda scores: _halving(scores, keep=lambda n: max(1, n // 2)), "rounded up"),
    ("halving", lambda scores: _halving(scores, back=True), "cannot come back"),
]

"""The chapter on backpropagation: solutions, and typical mistakes with the hint each must get."""

import numpy as np


def weight_slopes(weights, b, x, d_h, bias=1):
    return np.outer(d_h * (weights @ x + bias * b > 0), x)


def softmax_slope(logits, label, largest=np.max):
    weights = np.exp(logits - largest(logits))
    p = weights / weights.sum()
    return p - (np.arange(len(p)) == label)


def overflows(logits, label):
    with np.errstate(all="ignore"):
        return softmax_slope(logits, label, largest=lambda logits: 0)


SOLUTIONS = {
    "tanh_slope": lambda h: 1 - h**2,
    "weight_slopes": weight_slopes,
    "softmax_slope": softmax_slope,
}
MISTAKES = [
    ("tanh_slope", lambda h: h * (1 - h), "In the middle"),
    ("tanh_slope", lambda h: 1 - np.tanh(h) ** 2, "once more"),
    ("tanh_slope", lambda h: (1 - h**2) * np.where(h < 0, -1, 1), "never negative"),
    ("weight_slopes", lambda weights, b, x, d_h: np.outer(x, d_h), "times x_j"),
    ("weight_slopes", lambda weights, b, x, d_h: np.outer(d_h, x), "The second unit is off"),
    ("weight_slopes", lambda weights, b, x, d_h: weight_slopes(weights, b, x, d_h, bias=0), "bias counts too"),
    ("softmax_slope", lambda logits, label: softmax_slope(logits, label) + (np.arange(len(logits)) == label), "less 1"),
    ("softmax_slope", lambda logits, label: 1 / len(logits) - (np.arange(len(logits)) == label), "p - t"),
    ("softmax_slope", overflows, "infinite"),
]

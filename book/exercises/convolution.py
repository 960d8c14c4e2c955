"""The chapter on convolution: solutions, and typical mistakes with the hint each must get."""

import numpy as np


def strided_filter(picture, kernel, stride, padding, mode="constant"):
    padded = np.pad(picture, padding, mode=mode)
    windows = np.lib.stride_tricks.sliding_window_view(padded, np.shape(kernel))
    return (windows[::stride, ::stride] * kernel).sum(axis=(2, 3))


def field_of_view(layers):
    sees, step = 1, 1
    for kernel, stride, dilation in layers:
        sees += dilation * (kernel - 1) * step
        step *= stride
    return sees


def square_filter(picture, kernel, stride, padding):
    return strided_filter(picture, kernel, stride, padding)[: len(picture[0]), : len(picture)]


def stride_too_early(layers):
    sees, step = 1, 1
    for kernel, stride, _ in layers:
        step *= stride
        sees += (kernel - 1) * step
    return sees


def last_stride_only(layers):
    sees, step = 1, 1
    for kernel, stride, _ in layers:
        sees += (kernel - 1) * step
        step = max(step, stride)
    return sees


def no_dilation(layers):
    return field_of_view([(kernel, stride, 1) for kernel, stride, _ in layers])


def dilation_as_stride(layers):
    sees, step = 1, 1
    for kernel, stride, dilation in layers:
        sees += dilation * (kernel - 1) * step
        step *= stride * dilation
    return sees


SOLUTIONS = {
    "output_side": lambda side, kernel, stride, padding: (side + 2 * padding - kernel) // stride + 1,
    "strided_filter": strided_filter,
    "field_of_view": field_of_view,
}
MISTAKES = [
    ("output_side", lambda side, kernel, stride, padding: (side + 2 * padding - kernel) // stride, "forget the 1"),
    ("output_side", lambda side, kernel, stride, padding: (side + padding - kernel) // stride + 1, "both borders"),
    ("output_side", lambda side, kernel, stride, padding: side + 2 * padding - kernel + 1, "every s-th place"),
    ("output_side", lambda side, kernel, stride, padding: (side + 2 * padding - kernel) / stride + 1, "rounds down"),
    (
        "strided_filter",
        lambda picture, kernel, stride, padding: strided_filter(picture, kernel[::-1, ::-1], stride, padding),
        "turned half round",
    ),
    (
        "strided_filter",
        lambda picture, kernel, stride, padding: strided_filter(picture, kernel, stride, 0),
        "keeps its size",
    ),
    (
        "strided_filter",
        lambda picture, kernel, stride, padding: strided_filter(picture, kernel, stride, padding, "edge"),
        "not copies",
    ),
    (
        "strided_filter",
        lambda picture, kernel, stride, padding: strided_filter(picture, kernel, 1, padding),
        "every second place",
    ),
    ("strided_filter", square_filter, "not be square"),
    ("field_of_view", lambda layers: sum(kernel for kernel, *_ in layers), "itself"),
    ("field_of_view", lambda layers: sum(kernel for kernel, *_ in layers) or 1, "they overlap"),
    ("field_of_view", lambda layers: 1 + sum(kernel - 1 for kernel, *_ in layers), "stands for two"),
    ("field_of_view", stride_too_early, "Behind a stride of 2"),
    ("field_of_view", last_stride_only, "Strides multiply"),
    ("field_of_view", no_dilation, "kernel - 1 gaps"),
    ("field_of_view", dilation_as_stride, "its own kernel only"),
]

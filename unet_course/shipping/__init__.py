"""Pass a trained model on: its weights without pickle, and a card that says how to use it.

Nothing here needs a framework. A state is a dict of arrays with PyTorch's names, such as `encoder.0.conv1.weight`;
`get_state` and `set_state` read and write it in a model of either twin.
"""

import json
import os
from pathlib import Path

import numpy as np

from .. import paths
from ..common import convert
from ..preprocessing import to_unit_range

# What a card must say. Each key answers a question that somebody will ask who has nothing but the file.
CARD = {
    "name": "what it is called",
    "task": "what it finds, in one sentence",
    "network": "the function that builds it, and its arguments",
    "input": "size, channels and what they are, range",
    "pixel_spacing": "millimetres a pixel, or that they do not matter",
    "preprocessing": "what happens to an image first, in order",
    "output": "what the numbers mean, and the order of the labels",
    "threshold": "above which probability a pixel counts",
    "data": "what it was trained on, how that was split, and its licence",
    "scores": "on what, and how well",
    "limits": "what it must not be used for",
    "licence": "of the weights",
}

LUMINANCE = (299, 587, 114)  # of red, green and blue, in thousandths

_BATCH_NORM = ("weight", "bias", "running_mean", "running_var")
_EPSILON = 1e-5  # of every batch norm in the course
_CARD_FIELD = "card"


def check_card(card):
    """Refuse a card that leaves a question open.

    Parameters
    ----------
    card : dict
        The keys of `CARD`; more are welcome.

    Returns
    -------
    dict
        The same card.

    Raises
    ------
    ValueError
        Names what is missing or empty, and the question it would answer.
    """
    missing = [f"{key} ({question})" for key, question in CARD.items() if card.get(key) in (None, "", [], {})]
    if missing:
        raise ValueError(f"the card does not say: {'; '.join(missing)}.")
    return card


def get_state(model):
    """Copies of the weights and batch-norm statistics of a model of either twin, by PyTorch's names.

    Parameters
    ----------
    model : torch.nn.Module or keras.Model
        Of this package.

    Returns
    -------
    dict of str to array of float32
        Kernels as PyTorch keeps them, whichever twin they come from. Later training does not change them.
    """
    if not hasattr(model, "trainable_weights"):
        return {name: tensor.cpu().numpy().copy() for name, tensor in _tensors(model).items()}
    state, nested = {}, any(layer.name.startswith("node_") for layer in model.layers)
    for layer in model.layers:
        for weight in layer.weights:
            if leaf := convert.LEAVES.get(weight.name):
                value = np.asarray(weight.numpy(), np.float32)
                state[f"{convert.torch_name(layer.name, nested)}.{leaf}"] = np.ascontiguousarray(
                    convert.transpose_kernel(value)
                )
    return state


def set_state(model, state):
    """Put a state into a model of either twin.

    Parameters
    ----------
    model : torch.nn.Module or keras.Model
        Of this package; its weights and batch-norm statistics change.
    state : dict of str to array of float32
        As `get_state` returns it, from a model of either twin.

    Returns
    -------
    torch.nn.Module or keras.Model
        The same model.

    Raises
    ------
    ValueError
        If the state belongs to another network; names what does not fit.
    """
    if hasattr(model, "trainable_weights"):
        for weight, name in convert.match_weights(model.layers, state):
            weight.assign(convert.transpose_kernel(state[name], back=True))
        return model
    import torch

    tensors = _tensors(model)
    if tensors.keys() != state.keys():
        raise ValueError(f"not the same network: {sorted(tensors.keys() ^ state.keys())[0]!r} is on one side only.")
    with torch.no_grad():
        for name, tensor in tensors.items():
            if tuple(tensor.shape) != state[name].shape:
                raise ValueError(f"{name}: the file has {state[name].shape}, the model {tuple(tensor.shape)}.")
            tensor.copy_(torch.from_numpy(state[name]))
    return model


def save(path, state, card):
    """Write a state and its card as one .npz file: arrays and text, nothing that could be run.

    Parameters
    ----------
    path : path
    state : dict of str to array
    card : dict
        Checked by `check_card`.

    Returns
    -------
    Path
    """
    path = Path(path)
    text = np.frombuffer(json.dumps(check_card(card), sort_keys=True).encode(), np.uint8)
    part = path.with_name(f"part-{path.name}")
    with open(part, "wb") as file:
        np.savez_compressed(file, **{_CARD_FIELD: text}, **state)
    os.replace(part, path)
    return path


def load(path=None):
    """Read back what `save` wrote, or the small nuclei network that comes with the course.

    Parameters
    ----------
    path : path, optional
        Default: the file in the package, trained by `benchmarks/live_unet.py`.

    Returns
    -------
    state : dict of str to array of float32
    card : dict

    Raises
    ------
    ValueError
        If the file holds anything but arrays, or its card leaves a question open.
    """
    path = Path(path) if path else paths.PACKAGE / "widgets" / "live_unet.npz"
    with np.load(path, allow_pickle=False) as file:
        state = {name: file[name] for name in file.files}
    if _CARD_FIELD not in state:
        raise ValueError(f"{path} has no card: nobody can know what these weights expect.")
    return state, check_card(json.loads(state.pop(_CARD_FIELD).tobytes()))


def fold_batch_norm(state):
    """Put every batch norm into the convolution before it: the same answers, fewer numbers, fewer steps.

    In use, batch norm multiplies each channel by a constant and adds one: gamma / sqrt(variance + epsilon), and beta
    less mean times that. A convolution can do both, with other weights and a bias.

    Parameters
    ----------
    state : dict of str to array
        Of a `unet`, where the batch norm `...norm1` follows the convolution `...conv1`.

    Returns
    -------
    dict of str to array of float32
        The state of the same network built with `batch_norm=False`. A state without batch norm comes back as it is.

    Notes
    -----
    Explained in the chapter "Shipping a model", section "A network in the page".
    """
    folded = {name: value for name, value in state.items() if ".norm" not in name}
    for norm in sorted({name.rpartition(".")[0] for name in state if ".norm" in name}):
        convolution = norm.replace(".norm", ".conv")
        gamma, beta, mean, variance = (
            state[f"{norm}.{leaf}"].astype(np.float64) for leaf in _BATCH_NORM
        )
        factor = gamma / np.sqrt(variance + _EPSILON)
        kernel = state[f"{convolution}.weight"]
        folded[f"{convolution}.weight"] = (
            kernel * factor.reshape(-1, *[1] * (kernel.ndim - 1))
        ).astype(np.float32)
        folded[f"{convolution}.bias"] = (beta - mean * factor).astype(np.float32)
    return folded


def prepare(images, *, colour=False):
    """What the networks in a page expect, the small nuclei network among them: images, each with its full range.

    Percentile 1 of an image becomes 0 and percentile 99 becomes 1. The page in the browser does the same, so the
    weights of red, green and blue (ITU-R BT.601) are whole thousandths: no two machines then round differently.

    Parameters
    ----------
    images : array of uint8, shape (N, H, W, 3) or (N, H, W, 1)
    colour : bool
        Keep the channels, which share the two percentiles, as the nuclei network does not.

    Returns
    -------
    array of float32 in [0, 1], shape (N, H, W, 1), or that of `images`
    """
    grey = images
    if images.shape[-1] == 3 and not colour:
        grey = ((images.astype(np.int64) @ np.array(LUMINANCE) + 500) // 1000)[..., None]
    return to_unit_range(grey, 1, 99, axis=(1, 2, 3), least=1).astype(np.float32)


def _tensors(model):
    """State dict of a PyTorch model without the counters of its batch norms, which nothing reads."""
    return {name: value for name, value in model.state_dict().items() if not name.endswith("num_batches_tracked")}

"""Carry weights between the twins, layer by layer, by name.

`encoder.0.conv1` in PyTorch is `encoder_0_conv1` in Keras. A convolution kernel is stored (height, width, in, out)
in Keras and (out, in, height, width) in PyTorch; a transposed one (height, width, out, in) and (in, out, height,
width): reversing the two pairs serves both.
"""

import numpy as np

_BATCH_NORM = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def keras_to_torch(keras_model, torch_model):
    """Copy the weights of a Keras model into its PyTorch twin, which is returned.

    Raises
    ------
    ValueError
        If the two are not the same network; names the first layer that differs.
    """
    import torch

    target = torch_model.state_dict()
    for weight, name in _pairs(keras_model, target):
        value = _turn(np.asarray(_to_numpy(weight)))
        target[name].copy_(torch.from_numpy(np.ascontiguousarray(value)))
    return torch_model


def torch_to_keras(torch_model, keras_model):
    """Copy the weights of a PyTorch model into its Keras twin, which is returned.

    Raises
    ------
    ValueError
        If the two are not the same network; names the first layer that differs.
    """
    source = torch_model.state_dict()
    for weight, name in _pairs(keras_model, source):
        weight.assign(_turn(source[name].detach().cpu().numpy(), back=True))
    return keras_model


def _pairs(keras_model, state):
    """Every Keras weight with the name of its PyTorch tensor; both sides must be used up and fit."""
    by_layer = {}
    for name in state:
        layer, _, leaf = name.rpartition(".")
        if leaf != "num_batches_tracked":
            by_layer.setdefault(layer.replace(".", "_"), {})[leaf] = name
    pairs = []
    for layer in keras_model.layers:
        for weight in layer.weights:
            leaf = _BATCH_NORM.get(weight.name) or {"kernel": "weight", "bias": "bias"}[weight.name]
            name = by_layer.get(layer.name, {}).pop(leaf, None)
            if name is None:
                raise ValueError(f"The PyTorch model has no {leaf} for the Keras layer {layer.name!r}.")
            shape = tuple(state[name].shape)
            if _turn(np.empty(weight.shape, np.bool_)).shape != shape:
                raise ValueError(f"{layer.name}: Keras has {tuple(weight.shape)}, PyTorch has {shape} for {name}.")
            pairs.append((weight, name))
    left = [name for leaves in by_layer.values() for name in leaves.values()]
    if left:
        raise ValueError(f"The Keras model has no weight for {left[0]!r} of the PyTorch model.")
    return pairs


def _turn(value, back=False):
    if value.ndim != 4:
        return value
    return value.transpose(2, 3, 1, 0) if back else value.transpose(3, 2, 0, 1)


def _to_numpy(weight):
    from keras import ops

    return ops.convert_to_numpy(weight)

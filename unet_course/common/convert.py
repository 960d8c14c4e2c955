"""Carry weights between the twins, layer by layer, by name.

`encoder.0.conv1` in PyTorch is `encoder_0_conv1` in Keras; the layers of published encoders keep their published names
in both (`layer_name`). A kernel is stored (sides..., in, out) in Keras and (out, in, sides...) in PyTorch, a transposed
one (sides..., out, in) and (in, out, sides...), a dense one (in, out) and (out, in): `turn` serves all three.
"""

import re

import numpy as np

LEAVES = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def keras_to_torch(keras_model, torch_model):
    """Copy the weights of a Keras model into its PyTorch twin.

    Parameters
    ----------
    keras_model : keras.Model
    torch_model : torch.nn.Module
        Changed in place.

    Returns
    -------
    torch.nn.Module
        The same `torch_model`.

    Raises
    ------
    ValueError
        If the two are not the same network; names the first layer that differs.
    """
    import torch
    from keras import ops

    target = torch_model.state_dict()
    for weight, name in match_weights(keras_model.layers, target):
        value = transpose_kernel(np.asarray(ops.convert_to_numpy(weight)))
        target[name].copy_(torch.from_numpy(np.ascontiguousarray(value)))
    return torch_model


def torch_to_keras(torch_model, keras_model):
    """Copy the weights of a PyTorch model into its Keras twin.

    Parameters
    ----------
    torch_model : torch.nn.Module
    keras_model : keras.Model
        Changed in place.

    Returns
    -------
    keras.Model
        The same `keras_model`.

    Raises
    ------
    ValueError
        If the two are not the same network; names the first layer that differs.
    """
    source = torch_model.state_dict()
    for weight, name in match_weights(keras_model.layers, source):
        weight.assign(transpose_kernel(source[name].detach().cpu().numpy(), back=True))
    return keras_model


def match_weights(layers, state):
    """Every weight of Keras layers with the name of its PyTorch tensor; both sides must be used up and fit.

    Parameters
    ----------
    layers : list of keras.layers.Layer
    state : dict of str to tensor or array
        A PyTorch state dict.

    Returns
    -------
    list of tuple
        A Keras weight and a key of `state`.

    Raises
    ------
    ValueError
        If they are not of the same network; names the first layer that differs.
    """
    by_layer = {}
    for name in state:
        layer, _, leaf = name.rpartition(".")
        if leaf != "num_batches_tracked":
            by_layer.setdefault(layer_name(layer), {})[leaf] = name
    found = []
    for layer in layers:
        for weight in layer.weights:
            if weight.name not in LEAVES:
                continue  # the random state of a dropout layer
            leaf = LEAVES[weight.name]
            name = by_layer.get(layer.name, {}).pop(leaf, None)
            if name is None:
                raise ValueError(f"The PyTorch model has no {leaf} for the Keras layer {layer.name!r}.")
            shape = tuple(state[name].shape)
            if transpose_kernel(np.empty(weight.shape, np.bool_)).shape != shape:
                raise ValueError(f"{layer.name}: Keras has {tuple(weight.shape)}, PyTorch has {shape} for {name}.")
            found.append((weight, name))
    left = [name for leaves in by_layer.values() for name in leaves.values()]
    if left:
        raise ValueError(f"The Keras model has no weight for {left[0]!r} of the PyTorch model.")
    return found


def transpose_kernel(value, back=False):
    """Kernels from Keras' order of axes to PyTorch's, or back; vectors stay as they are."""
    sides = range(value.ndim - 2)
    if value.ndim < 2:
        return value
    return value.transpose(*(side + 2 for side in sides), 1, 0) if back else value.transpose(-1, -2, *sides)


def layer_name(torch_name):
    """Name of a layer in Keras, from its name in PyTorch."""
    return ENCODER_LAYERS.get(torch_name) or torch_name.replace(".", "_")


def torch_name(layer, nested=False):
    """Name of a layer in PyTorch, from its name in Keras; `nested` for a U-Net++, whose ways up have two numbers."""
    if layer in _PUBLISHED_LAYERS:
        return _PUBLISHED_LAYERS[layer]
    name = layer.replace("_", ".").replace("shortcut.norm", "shortcut_norm")
    return re.sub(r"^(up|node)\.(\d+)\.(\d+)", r"\1.\2_\3", name) if nested else name


def _encoder_layers():
    """The layers of the published encoders: PyTorch's names below `encoder`, and those in Keras.

    VGG16 and ResNet50 have the names of torchvision and of keras.applications; those of EfficientNet-Lite0 in Keras are
    ours, and say the stage in the same way.
    """
    names, position = {}, 0
    for block, convolutions in enumerate((2, 2, 3, 3, 3), start=1):
        for i in range(1, convolutions + 1):
            names[f"encoder.features.{position}"] = f"block{block}_conv{i}"
            position += 2  # a ReLU follows each convolution ...
        position += 1  # ... and a pooling each block
    names |= {"encoder.conv1": "conv1_conv", "encoder.bn1": "conv1_bn"}
    for layer, blocks in enumerate((3, 4, 6, 3), start=1):
        for block in range(blocks):
            torch_block, keras_block = f"encoder.layer{layer}.{block}", f"conv{layer + 1}_block{block + 1}"
            for i in (1, 2, 3):
                names[f"{torch_block}.conv{i}"] = f"{keras_block}_{i}_conv"
                names[f"{torch_block}.bn{i}"] = f"{keras_block}_{i}_bn"
        names[f"encoder.layer{layer}.0.downsample.0"] = f"conv{layer + 1}_block1_0_conv"
        names[f"encoder.layer{layer}.0.downsample.1"] = f"conv{layer + 1}_block1_0_bn"
    names |= {"encoder.conv_stem": "conv1_stem_conv", "encoder.bn0": "conv1_stem_bn"}
    position = 0
    for stage, blocks in enumerate((1, 2, 2, 6, 5), start=1):
        for block in range(1, blocks + 1):
            for norm, part in (("bn0", "expand"), ("bn1", "depthwise"), ("bn2", "project")):
                names[f"encoder.blocks.{position}.{part}_conv"] = f"conv{stage}_block{block}_{part}_conv"
                names[f"encoder.blocks.{position}.{norm}"] = f"conv{stage}_block{block}_{part}_bn"
            position += 1
    return names


ENCODER_LAYERS = _encoder_layers()
_PUBLISHED_LAYERS = {ours: theirs for theirs, ours in ENCODER_LAYERS.items()}

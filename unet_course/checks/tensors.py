"""Layers and tensors of either framework seen as NumPy arrays, so that one check serves both.

Arrays are (N, H, W, C), kernels in PyTorch's order of axes. `framework` is "torch" or "keras": only that is imported.
"""

from typing import NamedTuple

import numpy as np

from ..common import convert

_NORM = {"weight", "bias", "running_mean", "running_var"}


def tensor(array, framework):
    """An array (N, H, W, C) as a tensor of the framework, with the axes as its layers want them."""
    array = np.ascontiguousarray(array, np.float32)
    if framework == "keras":
        from keras import ops

        return ops.convert_to_tensor(array)
    import torch

    return torch.from_numpy(array).movedim(-1, 1)


def array(tensor, framework):
    """The other way round: an array (N, H, W, C) of what a block put out; None stays None."""
    if tensor is None:
        return None
    if framework == "keras":
        from keras import ops

        return ops.convert_to_numpy(tensor)
    return tensor.detach().movedim(1, -1).numpy()


def lift(function, framework):
    """A function of arrays as one of tensors, to stand in for a block."""
    return lambda *tensors: tensor(function(*(array(one, framework) for one in tensors)), framework)


def lower(function, framework):
    """A function of tensors as one of arrays, to compare with NumPy."""
    return lambda *arrays: array(function(*(tensor(one, framework) for one in arrays)), framework)


def plain(array, framework):
    """An array as a tensor with the same axes and the same kind of numbers."""
    if framework == "keras":
        from keras import ops

        return ops.convert_to_tensor(array)
    import torch

    return torch.from_numpy(np.ascontiguousarray(array))


def numbers(tensor):
    """The numbers in a tensor of any shape, as an array."""
    return tensor.detach().numpy() if hasattr(tensor, "detach") else np.asarray(tensor)


def call(layer, images, framework, *, training=False):
    """What a layer makes of images, as an array."""
    if framework == "keras":
        return array(layer(tensor(images, framework), training=training), framework)
    layer.train(training)
    return array(layer(tensor(images, framework)), framework)


class Layer(NamedTuple):
    """The weights of one layer, by PyTorch's names: views of its variables, and how to write them."""

    variables: dict

    @property
    def values(self):
        """Arrays in PyTorch's order of axes."""
        return {name: _read(variable) for name, variable in self.variables.items()}

    @property
    def is_norm(self):
        """Whether this is a batch norm, which alone keeps running means."""
        return set(self.variables) == _NORM

    def put(self, name, value):
        """Overwrite one of its weights."""
        variable = self.variables[name]
        if hasattr(variable, "assign"):
            variable.assign(convert.transpose_kernel(value, back=True))
        else:
            import torch

            with torch.no_grad():
                variable.copy_(torch.from_numpy(value))


def layers(block, framework):
    """Every layer with weights in a block that was called once, each once, in the order in which they were made.

    Parameters
    ----------
    block : torch.nn.Module or keras.layers.Layer
    framework : str

    Returns
    -------
    list of Layer
    """
    found = {}
    if framework == "keras":
        for weight in block.weights:
            if weight.name in convert.LEAVES:  # a dropout has a random state
                found.setdefault(weight.path.rpartition("/")[0], {})[convert.LEAVES[weight.name]] = weight
    else:
        for name, module in block.named_modules():
            own = dict(module.named_parameters(recurse=False)) | dict(module.named_buffers(recurse=False))
            own.pop("num_batches_tracked", None)
            found |= {name: own} if own else {}
    return [Layer(variables) for variables in found.values()]


def fill(found, seed=0):
    """Give layers numbers of every sign and size, so that no mistake hides behind zeros and ones.

    The variances of batch norms are small: then its epsilon shows.
    """
    rng = np.random.default_rng(seed)
    for layer in found:
        for name, value in layer.values.items():
            new = rng.normal(scale=0.5, size=value.shape)
            if layer.is_norm and name in ("weight", "running_var"):
                new = rng.uniform(*((0.5, 1.5) if name == "weight" else (0.001, 0.01)), size=value.shape)
            layer.put(name, new.astype(np.float32))


def _read(variable):
    if hasattr(variable, "assign"):
        from keras import ops

        return convert.transpose_kernel(ops.convert_to_numpy(variable))
    return variable.detach().numpy().copy()


def pixelwise(weight, bias, framework):
    """The smallest network there is, logits = weight * images + bias, and SGD.

    Returns
    -------
    torch.nn.Module or keras.Model
        Its list `modes` notes for each call whether it was one of training. It begins in the mode of prediction, and in
        Keras without weights, as every model does before its first call.
    """
    if framework == "keras":
        import keras
        from keras.initializers import Constant

        class Pixelwise(keras.Model):
            def __init__(self):
                super().__init__()
                start = {"kernel_initializer": Constant(weight), "bias_initializer": Constant(bias)}
                self.dense, self.modes = keras.layers.Dense(1, **start), []

            def call(self, images, training=False):
                self.modes.append(bool(training))
                return self.dense(images)

        return Pixelwise()
    import torch

    class Pixelwise(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.dense, self.modes = torch.nn.Linear(1, 1), []
            torch.nn.init.constant_(self.dense.weight, weight)
            torch.nn.init.constant_(self.dense.bias, bias)

        def forward(self, images):
            self.modes.append(self.training)
            return self.dense(images)

    return Pixelwise().eval()


def sgd(model, rate, framework):
    """Plain gradient descent for a model."""
    if framework == "keras":
        import keras

        return keras.optimizers.SGD(rate)
    import torch

    return torch.optim.SGD(model.parameters(), lr=rate)

"""What a run holds, as NumPy arrays, and back; `unet_course/torch/checkpoints.py` is the same file in PyTorch.

`unet_course/common/checkpoints.py` writes these arrays to disk.
"""

import numpy as np
from keras import ops

from ..common.checkpoints import check_shapes


def get_weights(model):
    """Copies of all weights, batch-norm statistics and random states, by number and name."""
    return {name: _array(variable) for name, variable in _variables(model).items()}


def set_weights(model, arrays):
    """Put back what `get_weights` returned; ValueError when it belongs to another network."""
    target = _variables(model)
    check_shapes(
        {name: array.shape for name, array in arrays.items()}, {name: tuple(v.shape) for name, v in target.items()}
    )
    for name, variable in target.items():
        variable.assign(arrays[name])


def get_optimizer(optimizer):
    """Copies of the learning rate, and of the moments and the step count."""
    moments = {str(number): _array(variable) for number, variable in enumerate(optimizer.variables)}
    return {"learning_rate": get_learning_rate(optimizer), "moments": moments}


def set_optimizer(optimizer, state):
    """Put back what `get_optimizer` returned."""
    for number, variable in enumerate(optimizer.variables):
        variable.assign(state["moments"][str(number)])
    set_learning_rate(optimizer, state["learning_rate"])


def get_learning_rate(optimizer):
    """The learning rate of the next update."""
    return float(ops.convert_to_numpy(optimizer.learning_rate))


def set_learning_rate(optimizer, value):
    """Change the learning rate from the next update on."""
    optimizer.learning_rate = value


def seed_states(model):
    """Variables from which dropout draws."""
    return [variable for variable in model.non_trainable_variables if variable.name == "seed_generator_state"]


def get_scores(scores):
    """What running scores have counted so far in this epoch."""
    return {score.name: [_array(variable) for variable in score.variables] for score in scores}


def set_scores(scores, state):
    """Put back what `get_scores` returned."""
    for score in scores:
        arrays = state[score.name]
        if len(score.variables) < len(arrays):  # it makes its variables at its first batch
            channels = arrays[0].shape[-1]
            score.update_state(ops.zeros((1,), "int32"), ops.zeros((1, channels)))
        for variable, array in zip(score.variables, arrays, strict=True):
            variable.assign(array)


def _array(variable):
    return np.array(ops.convert_to_numpy(variable))


def _variables(model):
    # Numbered: Keras counts up the names of layers when a model is built a second time.
    return {f"{n} {variable.name}": variable for n, variable in enumerate([*model.weights, *seed_states(model)])}

"""What a run holds, as NumPy arrays, and back; `unet_course/keras/checkpoints.py` is the same file in Keras.

`unet_course/common/checkpoints.py` writes these arrays to disk.
"""

import torch

from ..common.checkpoints import check_shapes


def get_weights(model):
    """Copies of all weights and batch-norm statistics, by name."""
    return {name: _array(tensor) for name, tensor in model.state_dict().items()}


def set_weights(model, arrays):
    """Put back what `get_weights` returned; ValueError when it belongs to another network."""
    target = model.state_dict()
    check_shapes(
        {name: array.shape for name, array in arrays.items()}, {name: tuple(t.shape) for name, t in target.items()}
    )
    with torch.no_grad():
        for name, tensor in target.items():
            tensor.copy_(torch.from_numpy(arrays[name]))


def get_optimizer(optimizer):
    """Copies of the learning rate, and of the moments and the step count of every weight that has had an update."""
    moments = {}
    for number, parameter in enumerate(_parameters(optimizer)):
        for name, tensor in optimizer.state[parameter].items():
            moments[f"{number}/{name}"] = _array(tensor)
    return {"learning_rate": get_learning_rate(optimizer), "moments": moments}


def set_optimizer(optimizer, state):
    """Put back what `get_optimizer` returned."""
    parameters = _parameters(optimizer)
    optimizer.state.clear()
    for key, array in state["moments"].items():
        number, _, name = key.partition("/")
        parameter = parameters[int(number)]
        if name == "step":
            # The fused optimizer counts on the device, the other one on the processor.
            device = parameter.device if optimizer.defaults["fused"] else "cpu"
            tensor = torch.tensor(array, device=device)
        else:
            tensor = torch.zeros_like(parameter).copy_(torch.from_numpy(array))  # laid out in memory like the weight
        optimizer.state[parameter][name] = tensor
    set_learning_rate(optimizer, state["learning_rate"])


def get_learning_rate(optimizer):
    """The learning rate of the next update."""
    return float(optimizer.param_groups[0]["lr"])


def set_learning_rate(optimizer, value):
    """Change the learning rate from the next update on."""
    for group in optimizer.param_groups:
        group["lr"] = value


def get_scores(scores):
    """What running scores have counted so far in this epoch."""
    return {
        score.name: {name: _array(value) for name, value in vars(score).items() if torch.is_tensor(value)}
        for score in scores
    }


def set_scores(scores, state, device):
    """Put back what `get_scores` returned."""
    for score in scores:
        for name, array in state[score.name].items():
            setattr(score, name, torch.from_numpy(array).to(device))


def _array(tensor):
    return tensor.detach().to("cpu", copy=True).contiguous().numpy()


def _parameters(optimizer):
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]

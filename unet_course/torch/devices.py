"""Where PyTorch computes, and how precisely; `unet_course/keras/devices.py` is the same file in Keras."""

import torch

from ..common.hardware import has_bfloat16
from ..common.hardware import peak_memory_gb as process_peak_memory_gb

PRECISIONS = ("auto", "float32", "bfloat16")


def describe_device():
    """Framework, backend and device that train here, for the record of a run.

    Returns
    -------
    dict of str to str
        `framework`, `backend` with its version, and `device`.
    """
    device = best_device()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper()
    return {"framework": "torch", "backend": f"torch {torch.__version__}", "device": name}


def set_seed(seed):
    """Fix the weights that the next model starts from; two runs on one machine are then identical.

    Parameters
    ----------
    seed : int
    """
    torch.manual_seed(seed)


def best_device():
    """The GPU where there is one, else the processor."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def place(model):
    """Move a model to the best device, and return that: what the model gets must go there too.

    Kernels lie channels-last there: convolutions then read the pixels in the order they lie in.
    """
    layouts, device = {4: torch.channels_last, 5: torch.channels_last_3d}, best_device()
    model.to(device)
    for parameter in model.parameters():
        if parameter.dim() in layouts:
            parameter.data = parameter.data.to(memory_format=layouts[parameter.dim()])
    return device


def choose_precision(precision):
    """Turn "auto" into "bfloat16" where the device multiplies it itself, and into "float32" elsewhere."""
    if precision not in PRECISIONS:
        raise ValueError(f"precision={precision!r} is not known: use one of {', '.join(PRECISIONS)}.")
    if precision != "auto":
        return precision
    device = best_device()
    able = {"cuda": lambda: torch.cuda.get_device_capability() >= (8, 0), "cpu": has_bfloat16}
    return "bfloat16" if able.get(device.type, lambda: False)() else "float32"


def computing_in(model, precision):
    """Context in which the layers of a model multiply in `precision`; weights, batch norm and losses stay float32."""
    device = next(model.parameters()).device
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bfloat16")


def peak_memory_gb():
    """Largest memory held since `forget_peak_memory`, GB (10^9 bytes): of the GPU, or of this process without one."""
    if best_device().type == "cuda":
        return torch.cuda.max_memory_allocated() / 1e9
    return process_peak_memory_gb()


def forget_peak_memory():
    """Measure the GPU's peak from now on; a process' peak cannot be forgotten."""
    if best_device().type == "cuda":
        torch.cuda.reset_peak_memory_stats()

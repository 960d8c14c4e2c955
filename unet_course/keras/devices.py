"""Where Keras computes, and how precisely; `unet_course/torch/devices.py` is the same file in PyTorch."""

import contextlib
import importlib

import keras
from keras import ops

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
    # What the backend itself calls the place of a new tensor: "cpu", "cuda:0", "/job:localhost/.../device:GPU:0".
    place = str(ops.zeros(1).device).rpartition("device:")[2]
    return {
        "framework": "keras",
        "backend": f"keras {keras.__version__} on {keras.backend.backend()}",
        "device": place.upper().removesuffix(":0"),
    }


def set_seed(seed):
    """Fix the weights that the next model starts from; two runs on one machine are then identical.

    Parameters
    ----------
    seed : int
    """
    keras.utils.set_random_seed(seed)


def choose_precision(precision):
    """Turn "auto" into "bfloat16" where the device multiplies it itself, and into "float32" elsewhere."""
    if precision not in PRECISIONS:
        raise ValueError(f"precision={precision!r} is not known: use one of {', '.join(PRECISIONS)}.")
    if precision != "auto":
        return precision
    capability = _gpu_capability()
    able = has_bfloat16() if capability is None else capability >= (8, 0)
    return "bfloat16" if able else "float32"


@contextlib.contextmanager
def computing_in(model, precision):
    """Context in which the layers of a model multiply in `precision`; weights, batch norm and losses stay float32.

    Keras fixes the precision when a layer is made. Here it is lent to the layers for a while, and what was compiled
    with it is put aside afterwards, so that one model serves both.
    """
    if precision == "float32":
        yield
        return
    layers = [layer for layer in model._flatten_layers() if not isinstance(layer, keras.Model)]
    policies = [layer.dtype_policy for layer in layers]
    try:
        for layer in layers:
            layer.dtype_policy = "mixed_bfloat16"
        _swap_functions(model)
        yield
    finally:
        for layer, policy in zip(layers, policies, strict=True):
            layer.dtype_policy = policy
        _swap_functions(model)


def peak_memory_gb():
    """Largest memory held since `forget_peak_memory`, GB (10^9 bytes): of the GPU, or of this process without one."""
    if _gpu_capability() is None:
        return process_peak_memory_gb()
    name, library = library_below()
    if name == "tensorflow":
        peak = library.config.experimental.get_memory_info("GPU:0")["peak"]
    elif name == "torch":
        peak = library.cuda.max_memory_allocated()
    else:
        peak = library.devices()[0].memory_stats()["peak_bytes_in_use"]
    return peak / 1e9


def forget_peak_memory():
    """Measure the GPU's peak from now on; the peak of a process, and JAX's, cannot be forgotten."""
    if _gpu_capability() is None:
        return
    name, library = library_below()
    if name == "tensorflow":
        library.config.experimental.reset_memory_stats("GPU:0")
    elif name == "torch":
        library.cuda.reset_peak_memory_stats()


def _gpu_capability():
    """Compute capability of the first NVIDIA GPU, for instance (9, 0); None where the backend uses none."""
    name, library = library_below()
    if name == "tensorflow":
        gpus = library.config.list_physical_devices("GPU")
        return library.config.experimental.get_device_details(gpus[0]).get("compute_capability") if gpus else None
    if name == "torch":
        return library.cuda.get_device_capability() if library.cuda.is_available() else None
    device = library.devices()[0]
    return tuple(map(int, device.compute_capability.split("."))) if device.platform == "gpu" else None


def library_below():
    """Name and module of the library below Keras, which alone knows the GPU."""
    name = keras.backend.backend()
    return name, importlib.import_module(name)


def _swap_functions(model):
    # Compiling the prediction takes longer than predicting a few images: both precisions keep theirs.
    other = getattr(model, "_other_predict_function", None)
    model._other_predict_function, model.predict_function = model.predict_function, other
    model.train_function = model.test_function = None  # they belong to one `compile` of the model

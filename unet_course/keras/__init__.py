"""The Keras twin: the same names and arguments as `unet_course.torch`."""

import importlib.util
import os

if importlib.util.find_spec("keras") is None:
    raise ModuleNotFoundError(
        "unet_course.keras needs Keras 3, which is not installed. "
        "Install it with `pip install keras tensorflow`, or use the other twin: `from unet_course import torch as uc`."
    )
if "KERAS_BACKEND" not in os.environ and importlib.util.find_spec("tensorflow") is None:
    # Keras would fall back on TensorFlow and fail with a long traceback.
    present = [name for name in ("torch", "jax") if importlib.util.find_spec(name)]
    if not present:
        raise ModuleNotFoundError(
            "Keras is installed but none of its backends is. Install one with `pip install tensorflow` "
            "(or `torch`, or `jax`)."
        )
    os.environ["KERAS_BACKEND"] = present[0]

from .augmentation import augment
from .losses import bce_loss, dice_loss
from .metrics import Confusion
from .models import count_parameters, load_weights, save_weights, unet
from .training import EarlyStopping, ModelCheckpoint, describe_device, fit, predict, set_seed

__all__ = [
    "Confusion",
    "EarlyStopping",
    "ModelCheckpoint",
    "augment",
    "bce_loss",
    "count_parameters",
    "describe_device",
    "dice_loss",
    "fit",
    "load_weights",
    "predict",
    "save_weights",
    "set_seed",
    "unet",
]

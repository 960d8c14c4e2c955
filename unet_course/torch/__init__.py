"""The PyTorch twin: the same names and arguments as `unet_course.keras`."""

try:
    import torch as _torch  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "unet_course.torch needs PyTorch, which is not installed. "
        "Install it with `pip install torch`, or use the other twin: `from unet_course import keras as uc`."
    ) from error

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

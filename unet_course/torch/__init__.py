"""The PyTorch twin: the same names and arguments as `unet_course.keras`."""

try:
    import torch as _torch  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "unet_course.torch needs PyTorch, which is not installed. "
        "Install it with `pip install torch`, or use the other twin: `from unet_course import keras as uc`."
    ) from error

from .augmentation import augment
from .callbacks import Callback, CyclicalLearningRate, DwellLearningRate, EarlyStopping, ModelCheckpoint
from .denoising import denoise_tv
from .devices import describe_device, set_seed
from .encoder_unet import encoder_classifier, encoder_unet, freeze_stages, unfreeze
from .losses import bce_dice_loss, bce_loss, cross_entropy_loss, dice_loss, focal_loss, tversky_loss
from .metrics import PooledScore
from .models import count_parameters, load_weights, save_weights, unet, unet_classifier
from .prediction import predict, predict_ensemble
from .rate_finder import find_learning_rate
from .saliency import grad_cam
from .training import fit
from .trans_unet import trans_unet
from .unet_3d import unet_3d
from .variants import attention_unet, residual_unet, unet_plus_plus

__all__ = [
    "Callback",
    "PooledScore",
    "CyclicalLearningRate",
    "DwellLearningRate",
    "EarlyStopping",
    "ModelCheckpoint",
    "attention_unet",
    "augment",
    "bce_dice_loss",
    "bce_loss",
    "count_parameters",
    "cross_entropy_loss",
    "denoise_tv",
    "describe_device",
    "dice_loss",
    "encoder_classifier",
    "encoder_unet",
    "find_learning_rate",
    "fit",
    "focal_loss",
    "freeze_stages",
    "grad_cam",
    "load_weights",
    "predict",
    "predict_ensemble",
    "residual_unet",
    "save_weights",
    "set_seed",
    "trans_unet",
    "tversky_loss",
    "unet",
    "unet_3d",
    "unet_classifier",
    "unet_plus_plus",
    "unfreeze",
]

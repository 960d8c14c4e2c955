"""The Keras twin: the same names and arguments as `unet_course.torch`."""

import importlib.util
import logging
import os

from ..common.hardware import hold_tensorflow_back

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
if importlib.util.find_spec("tensorflow"):
    hold_tensorflow_back()
    # Its advice against retracing, in tones of alarm: many models, one after another, are meant here.
    logging.getLogger("tensorflow").addFilter(lambda record: "retracing" not in record.getMessage())

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

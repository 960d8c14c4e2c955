"""U-Net on medical images, in Keras and in PyTorch: the package behind every chapter of the course.

`from unet_course import keras as uc` or `from unet_course import torch as uc`: below that line everything has the same
names. Nothing heavy is imported here, so the command line answers at once and each framework can be missing.
"""

import importlib

__version__ = "0.1.0"

REPOSITORY = "https://github.com/unet-course/unet-course"


def requirement(extras=""):
    """What pip has to be told: no package index has the course, and a stranger's package may bear its name one day."""
    return f"unet-course{f'[{extras}]' if extras else ''} @ git+{REPOSITORY}"


def __getattr__(name):
    """`from unet_course import onnx_files` works too: it is what people look for, and where they look first."""
    if name == "onnx_files":
        return importlib.import_module(".shipping.onnx_files", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

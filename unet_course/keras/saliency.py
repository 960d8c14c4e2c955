"""Where a classifier looks, in Keras; `unet_course/torch/saliency.py` is the same file in PyTorch."""

import keras
from keras import ops

from ..common import inputs
from ..common.batches import as_float
from ..common.saliency import class_activation
from .inputs import as_images


def grad_cam(model, images, class_index, layer=None):
    """Map which parts of images spoke for a class (Grad-CAM).

    Parameters
    ----------
    model : keras.Model
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
    images = ops.convert_to_tensor(as_float(as_images(model, images)))
    chosen = inputs.as_classes(class_index, (len(images), *model.output_shape[1:]))
    place = _features(model, layer)
    features = keras.Model(model.input, place)(images, training=False)
    rest = keras.Model([model.input, place], model.output)

    def score(features):
        logits = rest([images, features], training=False)
        return ops.sum(logits * ops.one_hot(chosen, logits.shape[-1]))

    gradient = ops.convert_to_numpy(_slope(score, features))
    return class_activation(ops.convert_to_numpy(features), gradient, images.shape[1:3])


def _features(model, layer):
    if layer is None:
        return [one.output for one in model.layers if len(one.output.shape) == 4][-1]
    names = [one.name for one in model.layers]
    if layer not in names:
        raise ValueError(f"The model has no layer {layer!r}.")
    return model.get_layer(layer).output


def _slope(score, features):
    """How the score changes with each feature: one way for each backend."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(features)
            value = score(features)
        return tape.gradient(value, features)
    if keras.backend.backend() == "torch":
        features = features.detach().requires_grad_()
        score(features).backward(inputs=[features])
        return features.grad
    import jax

    return jax.grad(score)(features)

"""Batch norm: that of Keras, where TensorFlow trains images with one operation instead of a dozen."""

import keras
from keras import layers

from .devices import library_below


@keras.saving.register_keras_serializable("unet_course")
class BatchNorm(layers.BatchNormalization):
    """`keras.layers.BatchNormalization` with the same numbers; on TensorFlow a network of images trains faster with it.

    Keras composes mean, variance and scaling of a batch from single operations, each of which walks over all values.
    TensorFlow has one operation for all of them, and one for its gradient. Volumes, float64 and the other backends
    inherit what Keras does. So does prediction: TensorFlow would fuse it with the ReLU, and there NaN becomes 0, which
    hides a spoilt network.
    """

    def call(self, inputs, training=None, mask=None):
        name, tensorflow = library_below()
        images = len(inputs.shape) == 4 and inputs.dtype != "float64"
        if name != "tensorflow" or not (images and training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance, *_ = tensorflow.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tensorflow.convert_to_tensor(self.gamma),
            offset=tensorflow.convert_to_tensor(self.beta),
            mean=[],
            variance=[],
            epsilon=self.epsilon,
            is_training=True,
        )
        values = tensorflow.cast(tensorflow.size(inputs) / inputs.shape[-1], "float32")
        biased = variance * (values - 1) / values  # Keras divides by the number of values, TensorFlow by one less
        for kept, new in ((self.moving_mean, mean), (self.moving_variance, biased)):
            kept.assign(kept * self.momentum + new * (1 - self.momentum))
        return outputs

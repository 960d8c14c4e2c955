"""Batch norm: that of Keras, where TensorFlow computes images with one operation instead of a dozen."""

import keras
from keras import layers

from .devices import library_below


@keras.saving.register_keras_serializable("unet_course")
class BatchNorm(layers.BatchNormalization):
    """`keras.layers.BatchNormalization` with the same numbers; on TensorFlow a network of images is faster with it.

    Keras composes mean, variance and scaling of a batch from single operations, each of which walks over all values.
    TensorFlow has one operation for all of them, and one for its gradient. Volumes, float64 and the other backends
    inherit what Keras does.
    """

    def call(self, inputs, training=None, mask=None):
        name, tensorflow = library_below()
        if name != "tensorflow" or len(inputs.shape) != 4 or inputs.dtype == "float64":
            return super().call(inputs, training=training, mask=mask)
        learns = bool(training and self.trainable)
        scale, offset, *stored = map(
            tensorflow.convert_to_tensor, (self.gamma, self.beta, self.moving_mean, self.moving_variance)
        )
        outputs, mean, variance, *_ = tensorflow.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=scale,
            offset=offset,
            mean=[] if learns else stored[0],
            variance=[] if learns else stored[1],
            epsilon=self.epsilon,
            is_training=learns,
        )
        if learns:
            values = tensorflow.cast(tensorflow.size(inputs) / inputs.shape[-1], "float32")
            biased = variance * (values - 1) / values  # Keras divides by the number of values, TensorFlow by one less
            for kept, new in ((self.moving_mean, mean), (self.moving_variance, biased)):
                kept.assign(kept * self.momentum + new * (1 - self.momentum))
        return outputs

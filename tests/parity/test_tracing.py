"""On TensorFlow the time before the first step goes into tracing: a step is traced once, not once more."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")
pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="only TensorFlow traces steps")


def traced_steps(model, monkeypatch):
    from unet_course import keras as uc

    trace, seen = keras.Model.train_step, []
    monkeypatch.setattr(keras.Model, "train_step", lambda self, data: seen.append(1) or trace(self, data))
    images = np.random.default_rng(0).random((5, 16, 16, 3), np.float32)
    data = images, (images[..., 0] > 0.5).astype(int)
    uc.fit(model, data, data, loss=uc.bce_loss, epochs=2, batch_size=2)
    return len(seen)


def test_a_step_is_traced_once(monkeypatch):
    from unet_course import keras as uc

    assert traced_steps(uc.unet(base_filters=2, depth=2), monkeypatch) == 1


def test_a_model_that_does_not_know_its_channels_is_trained_all_the_same(monkeypatch):
    class Subclassed(keras.Model):
        def __init__(self):
            super().__init__()
            self.last = keras.layers.Conv2D(1, 1)

        def call(self, images):
            return self.last(images)

    model = Subclassed()
    model(np.zeros((1, 16, 16, 3), np.float32))
    assert traced_steps(model, monkeypatch) > 0

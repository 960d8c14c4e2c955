"""The search for a learning rate in Keras; `unet_course/torch/rate_finder.py` is the same file in PyTorch."""

import keras

from ..common import inputs
from ..common.batches import Batches
from ..common.schedules import RateSearch, ladder
from .checkpoints import get_weights, set_learning_rate, set_weights
from .devices import set_seed
from .inputs import check_batches
from .losses import MaskLoss


def find_learning_rate(model, train, *, loss, lowest=1e-6, highest=1.0, steps=100, batch_size=16, seed=0):
    """Try learning rates from small to large, one batch each, and see where the loss falls and where it explodes.

    Parameters
    ----------
    model : keras.Model
        Left as it was: weights and batch-norm statistics are put back.
    train : tuple of arrays
        Images and masks, as for `fit`.
    loss : callable
    lowest, highest : float
        First and last rate; each step multiplies by the same factor. The search ends early when the loss explodes.
    steps : int
        Batches to train on, at most.
    batch_size : int
        The one you mean to train with: a good rate grows with it.
    seed : int
        Order of the images.

    Returns
    -------
    unet_course.common.schedules.RateSearch
        `frame()` is the table to plot, `suggestion` a rate to begin with.

    Raises
    ------
    ValueError
        If the model cannot be trained on these arrays, as for `fit`.

    References
    ----------
    Smith (2017), Cyclical learning rates for training neural networks, section 3.3, https://arxiv.org/abs/1506.01186.
    """
    set_seed(seed)
    batches = Batches(*inputs.as_pair(train, "train"), batch_size, seed=seed)
    check_batches(model, loss, batches)
    before = get_weights(model)
    inputs.check_weights(before)
    model.compile(
        optimizer=keras.optimizers.Adam(epsilon=1e-8),  # PyTorch's; Keras' own is 1e-7
        loss=MaskLoss(loss),
        jit_compile=keras.backend.backend() == "jax",  # as in `fit`
    )
    search = RateSearch()
    try:
        for step, rate in enumerate(ladder(lowest, highest, steps)):
            images, masks = batches.batch(*divmod(step, len(batches)))
            set_learning_rate(model.optimizer, rate)
            model.reset_metrics()  # else the loss is the mean of all batches so far
            # By name: a model that was trained before still has its scores, and returns them too.
            results = model.train_on_batch(images, masks[..., None], return_dict=True)
            if search.add(rate, results["loss"]):
                break
    finally:
        set_weights(model, before)
    return search

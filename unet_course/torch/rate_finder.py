"""The search for a learning rate in PyTorch; `unet_course/keras/rate_finder.py` is the same file in Keras."""

import torch

from ..common import inputs
from ..common.batches import Batches
from ..common.schedules import RateSearch, ladder
from .checkpoints import get_weights, set_learning_rate, set_weights
from .devices import place, set_seed
from .inputs import check_batches


def find_learning_rate(model, train, *, loss, lowest=1e-6, highest=1.0, steps=100, batch_size=16, seed=0):
    """Try learning rates from small to large, one batch each, and see where the loss falls and where it explodes.

    Parameters
    ----------
    model : torch.nn.Module
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
    device = place(model)
    batches = Batches(*inputs.as_pair(train, "train"), batch_size, seed=seed)
    check_batches(model, loss, batches)
    before, training = get_weights(model), model.training
    inputs.check_weights(before)
    optimizer = torch.optim.Adam([parameter for parameter in model.parameters() if parameter.requires_grad])
    search = RateSearch()
    model.train()
    try:
        for step, rate in enumerate(ladder(lowest, highest, steps)):
            images, masks = (torch.from_numpy(array).to(device) for array in batches.batch(*divmod(step, len(batches))))
            value = loss(model(images), masks)
            if search.add(rate, value.item()):
                break
            set_learning_rate(optimizer, rate)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
    finally:
        optimizer.zero_grad()
        model.train(training)
        set_weights(model, before)
    return search

"""Training in PyTorch; `unet_course/keras/training.py` is the same file in Keras. The loop is in `loop.py`."""

import warnings

import torch

from ..common import inputs, messages
from ..common.batches import Batches
from .devices import choose_precision, place, set_seed
from .inputs import check_batches
from .loop import Trainer
from .metrics import PooledScore
from .models import count_parameters


def fit(
    model,
    train,
    validation,
    *,
    loss,
    learning_rate=1e-3,
    epochs=10,
    batch_size=16,
    metrics=("accuracy", "dice"),
    callbacks=(),
    augment=False,
    sampling_weights=None,
    accumulate=1,
    precision="float32",
    compile=False,
    checkpoint_dir=None,
    checkpoint_every=None,
    resume=True,
    seed=0,
):
    """Train a model with Adam.

    Parameters
    ----------
    model : torch.nn.Module
        Maps images (N, H, W, C) to logits.
    train, validation : tuple of arrays
        Images (N, H, W, C), uint8 or float in [0, 1], and masks (N, H, W); volumes have one axis more; a classifier
        takes labels (N,) in place of masks.
    loss : callable
        `loss(logits, masks)`, for instance `bce_loss`.
    learning_rate : float
    epochs, batch_size : int
    metrics : sequence
        Pooled running scores: names from `unet_course.metrics.NAMES`, or `PooledScore` with other options.
    callbacks : sequence
        `ModelCheckpoint`, `EarlyStopping`, `DwellLearningRate`, `CyclicalLearningRate`, or any `Callback`.
    augment : bool or unet_course.augmentation.Augmentation
        True: random flips and quarter turns of the training images. An `Augmentation` changes whole batches on the
        device.
    sampling_weights : array of float, shape (N,), optional
        How often each training image is drawn, relative to the others; see `unet_course.common.batches.Batches`.
    accumulate : int
        Compute every batch in so many equal pieces, for a device that cannot hold it at once. The update is the same
        for a loss that is a plain mean over images. Batch norm, a Dice of the whole batch, class weights and an ignored
        label see one piece at a time, and dropout and augmentation draw anew for each.
    precision : {"float32", "bfloat16", "auto"}
        What convolutions multiply in; weights and losses are float32 always. "auto" takes bfloat16 where the device is
        faster with it. The results of the two differ as those of two seeds do. In "float32", GPUs with TF32 cut the
        factors of a convolution to 10 bits: both frameworks do so unless you tell them otherwise.
    compile : bool
        Compile the model first: about a minute, which pays in long runs on a GPU. On a CPU it is left out, with a
        warning: code that PyTorch compiles for processors may write past the end of its arrays (its issues 181618 and
        196681).
    checkpoint_dir : path-like, optional
        Where to write, after every epoch, all that is needed to go on after a kill.
    checkpoint_every : int, optional
        Write also after so many updates within an epoch.
    resume : bool
        Go on from the checkpoint in `checkpoint_dir`, if there is one. The weights at the end are those of a run that
        was never interrupted. False starts again.
    seed : int
        Order of the images, augmentation and dropout: two CPU runs with one seed and as many threads are identical.

    Returns
    -------
    History
        One line of numbers per epoch.

    Raises
    ------
    FloatingPointError
        If the training or validation loss becomes NaN or infinite. The model then has the weights from before that
        epoch, and `fit` can be called again.
    MemoryError
        If a batch does not fit on the device; says what to try.
    ValueError
        If the images or masks of either part cannot be trained on, all of them looked at first, see
        `unet_course.common.inputs`; if the model's weights are no numbers, or the checkpoint is of another run.
    """
    set_seed(seed)
    messages.check_trainable(count_parameters(model))
    device = place(model)
    precision = choose_precision(precision)
    batches = Batches(
        *inputs.as_pair(train, "train"),
        batch_size,
        seed=seed,
        augment=augment,
        weights=sampling_weights,
        pieces=accumulate,
        part="training",
    )
    watched = Batches(*inputs.as_pair(validation, "validation"), batch_size // accumulate, part="validation")
    for part in (batches, watched):
        check_batches(model, loss, part)
    trainer = Trainer(
        model,
        loss,
        [PooledScore(one) if isinstance(one, str) else one for one in metrics],
        callbacks,
        batches,
        watched,
        learning_rate=learning_rate,
        precision=precision,
        checkpoint_dir=checkpoint_dir,
        checkpoint_every=checkpoint_every,
        network=compiled(model, device) if compile else model,
        optimizer=torch.optim.Adam(
            [parameter for parameter in model.parameters() if parameter.requires_grad],
            lr=learning_rate,
            fused=device.type != "mps",
        ),
        device=device,
    )
    with messages.about_memory(batch_size, batches.images.shape[1:], accumulate):
        trainer.train(epochs, resume)
    return trainer.history


def compiled(model, device):
    """The model as PyTorch compiles it for a GPU; the model itself on a CPU, see `fit`."""
    if device.type == "cpu":
        warnings.warn(
            "compile=True is left out on a CPU, where code that PyTorch compiles may write past the end of its arrays. "
            "The training goes on without it.",
            stacklevel=3,
        )
        return model
    return torch.compile(model)

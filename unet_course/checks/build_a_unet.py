"""Exercises of the chapter "Build a U-Net yourself": fourteen blocks, in PyTorch or in Keras.

The learner's layers get numbers of our own and are compared with the same layers in NumPy. Where a wrong answer is
known, the check asks whether it is that one, so that the hint can name it.
"""

from typing import NamedTuple

import numpy as np

from ..shipping import numpy_unet
from . import tensors
from .check import check

_EPSILON, _MOMENTUM = 1e-5, 0.1  # of batch norm, as the whole course has it
_RATE = 0.5  # of the training step that is tried
_RNG = np.random.default_rng(7)
_IN_AND_OUT = "`channels` come in, and `filters` go out."
_IMAGES = _RNG.normal(size=(2, 6, 8, 8))
_LOGITS = _RNG.normal(scale=2, size=(4, 4, 4, 1))
_MASKS = (_RNG.random((4, 4, 4)) > np.array([0.3, 0.5, 0.7, 0.9])[:, None, None]).astype(int)


# Layers


def conv3x3(function, framework):
    """Check `function(channels, filters)`: a convolution of 3 by 3 that keeps the size and has no bias."""
    cases = [
        (_runs, True, _IN_AND_OUT),
        (_channels, 5, _IN_AND_OUT),
        (
            lambda block: block.answer.shape[1] > 3,
            True,
            "Your layer leaves out every second place. A convolution of the U-Net has a stride of 1.",
        ),
        (_kernel_sides, [(3, 3)], "The kernel must be 3 pixels high and 3 wide."),
        (
            _sides,
            (6, 8),
            "Without padding a kernel of 3 loses a row and a column at each border. Pad, so that the size stays.",
        ),
        (
            lambda block: len(block.layers[0].values),
            1,
            "Batch norm comes next and subtracts the mean, and any bias with it: leave the bias out.",
        ),
        (
            lambda block: block.answer.min() < 0,
            True,
            "No number below 0 comes out. The activation belongs behind the batch norm: the next block adds it.",
        ),
        (
            lambda block: _close(block.answer, _convolve(block.images, block.layers[0])),
            True,
            "The inside is right and the border is not: beyond it there must be zeros, not copies of the image.",
        ),
    ]
    _check_layer("conv3x3", function, framework, (3, 5), cases)


def norm_relu(function, framework):
    """Check `function(filters)`: batch norm, then ReLU."""
    cases = [
        (_runs, True, "It must take `filters` channels."),
        (
            _norms,
            1,
            "There is no batch norm in it. That is the layer with two learned numbers for each channel and two running "
            "ones; layer, group and instance norm look at one image at a time and keep no running means.",
        ),
        (
            lambda block: _close(block.answer, _normalise(np.maximum(block.images, 0), block.layers[0])),
            False,
            "ReLU comes first in yours. It must come after the batch norm, which would make numbers below 0 again.",
        ),
        (lambda block: block.answer.min() >= 0, True, "Numbers below 0 come out: the ReLU is missing."),
        (
            lambda block: _close(block.answer, np.maximum(_normalise(block.images, block.layers[0]), 0)),
            True,
            "Your batch norm adds another epsilon to the variance. Take 1e-5: the default of PyTorch, not that of "
            "Keras.",
        ),
        (
            lambda block: _close(
                block.after_training_call("running_mean"), _MOMENTUM * block.images.mean(axis=(0, 1, 2))
            ),
            True,
            "In each training step the running mean must go a tenth of the way. PyTorch calls that a momentum of 0.1, "
            "Keras one of 0.9.",
        ),
    ]
    _check_layer("norm_relu", function, framework, (5,), cases)


def double_conv(function, framework):
    """Check `function(channels, filters)`: convolution, batch norm, ReLU, and all three again."""
    cases = [
        (_runs, True, "The first convolution takes `channels`, and the second takes what the first has made."),
        (lambda block: len(_kernels(block)), 2, "There must be two convolutions, each with weights of its own."),
        (
            lambda block: [kernel.shape[:2] for kernel in _kernels(block)],
            [(5, 3), (5, 5)],
            "The first convolution makes `filters` channels already: channels -> filters -> filters.",
        ),
        (_norms, 2, "Behind each of the two convolutions there is a batch norm, and each has numbers of its own."),
        (
            lambda block: _close(block.answer, _double(block.images, block.layers)),
            True,
            "The layers are there, but not in this order: convolution, batch norm, ReLU; convolution, batch norm, "
            "ReLU.",
        ),
    ]
    _check_layer("double_conv", function, framework, (3, 5), cases)


def enlarge(function, framework):
    """Check `function(channels, filters)`: a transposed convolution of 2 by 2 that doubles both sides."""
    cases = [
        (_runs, True, _IN_AND_OUT),
        (
            lambda block: len(_kernels(block)),
            1,
            "Repeating pixels learns nothing, and keeps all channels. Use one transposed convolution, which has "
            "weights.",
        ),
        (
            _kernel_sides,
            [(2, 2)],
            "The kernel must be 2 x 2: then every pixel becomes a square of its own, and no two squares overlap.",
        ),
        (_channels, 4, _IN_AND_OUT),
        (_sides, (12, 16), "The sides must double: with a stride of 2 the squares lie side by side."),
        (
            lambda block: len(block.layers[0].values),
            2,
            "No batch norm follows here, so nothing would replace the bias: keep it.",
        ),
        (
            lambda block: _close(block.answer, numpy_unet.enlarge(block.images, *block.layers[0].values.values())),
            True,
            "The shapes are right and the numbers are not: no activation here, the double convolution brings its own.",
        ),
    ]
    _check_layer("enlarge", function, framework, (6, 4), cases)


def head(function, framework):
    """Check `function(channels, classes)`: a convolution of 1 by 1 that gives logits."""
    cases = [
        (_runs, True, "It takes `channels` channels and gives `classes`."),
        (
            _kernel_sides,
            [(1, 1)],
            "The kernel must be 1 x 1: the head looks at one pixel at a time. The blocks before it saw the "
            "surroundings.",
        ),
        (_channels, 3, "One channel for each class must come out: `classes`, whatever their number."),
        (
            lambda block: len(block.layers[0].values),
            2,
            "The head has no batch norm behind it: keep the bias, which says how rare a class is.",
        ),
        (
            lambda block: block.answer.max() > 1,
            True,
            "All numbers lie below 1: these are probabilities. The network returns logits; the sigmoid belongs to "
            "the loss.",
        ),
        (lambda block: block.answer.min() < 0, True, "A logit may be below 0, which means background: no ReLU here."),
    ]
    _check_layer("head", function, framework, (6, 3), cases)


# Functions of tensors


def halve(function, framework):
    """Check `function(x)`: the largest of each square of 2 by 2."""
    first, last, middle = (np.zeros((1, 4, 6, 3)) for _ in range(3))
    first[:, ::2, ::2], last[:, 1::2, 1::2] = 4, 4
    middle[:, 1, 1], middle[:, 2, 2] = 4, 5  # neighbours in two squares
    cases = [
        (
            (np.ones((1, 4, 6, 3)),),
            np.ones((1, 2, 3, 3)),
            "4 x 6 pixels with 3 channels must become 2 x 3 with 3: half of height and width, and every channel.",
        ),
        ((first,), np.full((1, 2, 3, 3), 4), "Take the largest of the four pixels, not their mean."),
        ((last,), np.full((1, 2, 3, 3), 4), "Look at all four pixels of a square, not at the first of them only."),
        (
            (middle,),
            numpy_unet.pool(middle),
            "A pixel was counted in two squares: they are 2 x 2 and must not overlap.",
        ),
        (
            (np.ones((1, 5, 7, 3)),),
            np.ones((1, 2, 3, 3)),
            "5 x 7 pixels must become 2 x 3: a last row or column without a partner is left out.",
        ),
    ]
    check("halve", tensors.lower(function, framework), cases)


def centre_crop(function, framework):
    """Check `function(skip, x)`: the middle of the skip, as large as x."""
    skip = np.arange(6 * 8 * 2, dtype=float).reshape(1, 6, 8, 2)
    cases = [
        (
            (skip, -np.ones((1, 6, 8, 2))),
            skip,
            "Nothing is to be cut, so the skip must come back. x only tells the size.",
        ),
        (
            (skip, -np.ones((1, 6, 8, 1))),
            skip,
            "Cut height and width, never channels. PyTorch's order is (N, C, H, W), that of Keras (N, H, W, C).",
        ),
        (
            (skip, -np.ones((1, 4, 6, 1))),
            skip[:, 1:5, 1:7],
            "Cut as much on both sides: the middle of the skip, not its corner.",
        ),
        (
            (skip, -np.ones((1, 4, 4, 1))),
            skip[:, 1:5, 2:6],
            "Height and width differ by 2 and by 4: take each border by itself.",
        ),
        (
            (skip, -np.ones((1, 5, 5, 1))),
            skip[:, 0:5, 1:6],
            "Differences of 1 and 3: cut 0 and 1 at the upper and left border, half of each rounded down.",
        ),
    ]
    check("centre_crop", tensors.lower(function, framework), cases)


def join_skip(function, framework):
    """Check `function(skip, x)`: the cropped skip and x, channel beside channel."""
    skip, x = _IMAGES[..., :2], -_IMAGES[..., 2:4]
    small = x[:, 1:5, :6]

    def ask(question, *arrays):
        joined = tensors.lower(function, framework)(*arrays)
        return None if joined is None else question(joined)

    cases = [
        (
            (lambda joined: joined.shape[:3], skip, x),
            (2, 6, 8),
            "Join along the axis of the channels, which is 1 in PyTorch and 3, the last, in Keras.",
        ),
        (
            (lambda joined: joined.shape[3], skip, x),
            4,
            "2 and 2 channels must become 4. Lay them side by side and do not add them: then the next block can tell "
            "them apart.",
        ),
        ((_itself, skip, x), _joined(skip, x), "The channels of the skip come first, then those of x."),
        (
            (_itself, skip, small),
            _joined(skip[:, 1:5, 1:7], small),
            "Here the skip is larger than x: crop it to the size of x first.",
        ),
    ]
    check("join_skip", ask, cases)


# The network, from its parts or from stand-ins for them


def way_down(function, framework):
    """Check `function(blocks, x)`: what each level's block gives, with pooling between the levels."""
    pool, blocks = numpy_unet.pool, [lambda a, add=add: add - a for add in (2, 3, 5)]
    image = np.resize(_IMAGES, (1, 8, 8, 1))
    first = blocks[0](image)
    second = blocks[1](pool(first))
    third = blocks[2](pool(second))

    def make():
        lifted = [tensors.lift(block, framework) for block in blocks]
        results = function(lifted, tensors.tensor(image, framework))
        return None if results is None else [tensors.array(result, framework) for result in results]

    cases = [
        (len, 3, "One result for each block: the deepest too, for it is the one that goes up again."),
        (lambda found: found[0].size >= found[-1].size, True, "The finest level comes first in the list."),
        (
            lambda found: _close(found[0], pool(first)),
            False,
            "Keep what comes out of a block, before it is pooled: pooling loses the fine things that a skip is for.",
        ),
        (
            lambda found: [result.shape[1] for result in found],
            [8, 4, 2],
            "The first block sees the image at its full size. Pool between two levels, and nowhere else.",
        ),
        (
            lambda found: _close(found[1], blocks[1](pool(image))),
            False,
            "The second block got the pooled image. It must get the pooled result of the block above.",
        ),
        (
            lambda found: all(map(_close, found, (first, second, third))),
            True,
            "Each level has a block of its own, in the order of the list.",
        ),
    ]
    _check_made("way_down", make, cases)


def step_up(function, framework):
    """Check `function(enlarge, block, x, skip)`: enlarge, join with the skip, then the block."""
    x, skip = _IMAGES[:, :3, :4, :2], _IMAGES[..., 2:5]

    def make():
        blocks = [tensors.lift(one, framework) for one in (_larger, _mixed)]
        result = function(*blocks, *(tensors.tensor(one, framework) for one in (x, skip)))
        return tensors.array(result, framework)

    early = _joined(skip[:, 1:4, 2:6], x)
    cases = [
        (_mixed(_larger(x)), False, "The skip was left out: without it the block sees only what came up."),
        (
            _mixed(_larger(early)),
            False,
            "Enlarge first. Here the skip was cut down to the few pixels from below, and then enlarged again.",
        ),
        (_mixed(_joined(_larger(x), skip)), False, "Join in the order of `join_skip`: the skip, then what came up."),
        (_joined(skip, _larger(x)), False, "After the join the block is missing, which mixes both."),
        (_joined(skip, _mixed(_larger(x))), False, "The block must come after the join: it has to see both."),
        (
            _mixed(_joined(skip, _larger(x))),
            True,
            "Enlarge x, join it with the skip, and give the result to the block.",
        ),
    ]
    _check_made("step_up", make, [(_equals(known), is_it, hint) for known, is_it, hint in cases])


def make_parts(function, framework):
    """Check `function(channels, classes, base_filters, depth)`: the layers of a U-Net, by their names."""
    taken = {"encoder_0": 2, "encoder_1": 4, "encoder_2": 8, "up_0": 8, "up_1": 16, "decoder_0": 8, "decoder_1": 16}
    taken["head"] = 4

    def kernels(parts, kind):
        """Channels out and in of every kernel, or in and out where it is transposed."""
        named = [name for name in sorted(taken) if name.startswith(kind)]
        return [_kernel_channels(parts[name], taken[name], framework) for name in named]

    cases = [
        (
            lambda parts: sum(name.startswith("encoder") for name in parts),
            3,
            "`depth` counts the levels, the deepest included: so many encoder blocks, and one way up less.",
        ),
        (sorted, sorted(taken), f"The names for a depth of 3 must be {', '.join(taken)}."),
        (
            lambda parts: len({id(part) for part in parts.values()}),
            len(taken),
            "One layer stands in two places. Every level learns weights of its own: make a new block for each.",
        ),
        (
            lambda parts: [made[-1][0] for made in kernels(parts, "encoder")],
            [4, 8, 16],
            "The filters must double from level to level: base_filters * 2**level.",
        ),
        (
            lambda parts: kernels(parts, "encoder"),
            [[(4, 2), (4, 4)], [(8, 4), (8, 8)], [(16, 8), (16, 16)]],
            "A block takes as many channels as the block above gives, and the first takes those of the image.",
        ),
        (
            lambda parts: kernels(parts, "up"),
            [[(8, 4)], [(16, 8)]],
            "On the way up to a level the channels become those of that level: half of what comes from below.",
        ),
        (
            lambda parts: kernels(parts, "decoder"),
            [[(4, 8), (4, 4)], [(8, 16), (8, 8)]],
            "The join doubles the channels: a decoder block takes 2 * filters and gives filters.",
        ),
        (
            lambda parts: kernels(parts, "head"),
            [[(3, 4)]],
            "The head stands on the finest level: it takes base_filters channels and gives `classes`.",
        ),
    ]
    _check_made("make_parts", lambda: function(2, 3, 4, 3), cases)


def through(function, framework):
    """Check `function(parts, x)`: a whole U-Net, of any depth, from its parts."""
    image = np.resize(_IMAGES, (1, 16, 16, 1))

    def attempt(depth):
        parts = {name: tensors.lift(part, framework) for name, part in _stand_ins(depth).items()}
        try:
            result = function(parts, tensors.tensor(image, framework))
        except NotImplementedError:
            raise
        except Exception:  # at which depths a network stops tells what is wrong with it
            return np.nan
        return tensors.array(result, framework)

    def make():
        found = {depth: attempt(depth) for depth in (1, 2, 3, 4)}
        return None if any(made is None for made in found.values()) else found

    def right(found):
        return [depth for depth, made in found.items() if _close(made, _u(image, depth))]

    cases = [
        (
            lambda found: _close(found[2], _u(image, 2, headless=True)),
            False,
            "The head is missing: the last step turns features into logits.",
        ),
        (
            lambda found: right(found) in ([2], [3], [4]),
            False,
            "It works for one depth only. Count the encoders among the names, and let that number lead the loops.",
        ),
        (
            lambda found: right(found) == [1, 2],
            False,
            "With one copy it works, with two it does not. Go up from the bottom: what was kept last is joined first.",
        ),
        (
            lambda found: right(found) == [1],
            False,
            "It works only where nothing goes up. What the deepest block gives is enlarged at once; the copies to "
            "join are those of the levels above it.",
        ),
        (right, [1, 2, 3, 4], "Down with `way_down`, up with `step_up` from the bottom, and the head at the end."),
    ]
    _check_made("through", make, cases)


# Loss and training


def bce_dice(function, framework):
    """Check `function(logits, masks)`: cross-entropy of the pixels, plus one minus the soft Dice of each image."""

    def ask(question, logits, masks):
        loss = function(tensors.plain(np.asarray(logits, np.float32), framework), tensors.plain(masks, framework))
        return None if loss is None else question(tensors.numbers(loss))

    check("bce_dice", ask, [*_cases_of_one_pixel(), *_cases_of_images()])


def _cases_of_one_pixel():
    """Where the formula of the loss is wrong."""
    one, hard = ((np.full((1, 1, 1, 1), logit), np.ones((1, 1, 1), int)) for logit in (0.7, -200))
    p = _sigmoid(one[0])[..., 0]
    entropy, dice = _cross_entropy(*one).mean(), _soft_dice(p, one[1]).mean()
    of_logits, of_p = _soft_dice(one[0][..., 0], one[1]).mean(), _cross_entropy(p[..., None], one[1]).mean()
    wrong = [
        (entropy, "This is the cross-entropy alone: add one minus the Dice."),
        (1 - dice, "This is the Dice loss alone. Add the cross-entropy, which also pulls where Dice is flat."),
        (entropy + dice, "A high Dice is good and a high loss is bad: add 1 minus the Dice."),
        (entropy + 1 - of_logits, "The Dice wants probabilities: send the logits through the sigmoid first."),
        (of_p + 1 - dice, "The sigmoid is applied twice: the cross-entropy for logits brings its own."),
    ]
    return [
        ((lambda loss: loss.shape == (), *one), True, "One number must come out, for all pixels of all images."),
        *(((_differs(known), *one), True, hint) for known, hint in wrong),
        ((_equals(_loss(*one)), *one), True, "An image's soft Dice is (2 sum(p t) + 1) / (sum(p) + sum(t) + 1)."),
        (
            (_equals(_loss(*hard)), *hard),
            True,
            "A logit of -200 must cost 200: the logarithm of a sigmoid overflows. Use the framework's loss for logits.",
        ),
    ]


def _cases_of_images():
    """Where pixels and images are put together wrongly."""
    many, p = (_LOGITS, _MASKS), _sigmoid(_LOGITS)[..., 0]
    entropy = _cross_entropy(*many)
    return [
        (
            (_differs(entropy.sum() + 1 - _soft_dice(p, _MASKS).mean()), *many),
            True,
            "The cross-entropy is summed over the pixels, and the Dice hardly counts beside it. Take the mean.",
        ),
        (
            (_differs(entropy.mean() + 1 - _soft_dice(p, _MASKS, axis=(0, 1, 2))), *many),
            True,
            "One Dice is taken of the whole batch: sum over height and width only, and take the mean over the images.",
        ),
        (
            (_equals(_loss(*many)), *many),
            True,
            "Right for one pixel, wrong for images: logits (N, H, W, 1) and masks (N, H, W) were multiplied, and "
            "silently every row met every other. Take logits[..., 0].",
        ),
    ]


def train_step(function, framework):
    """Check `function(model, optimizer, images, masks)`: one step; returns the loss before it, as a number."""
    images, start = _LOGITS.astype(np.float32), np.array([0.4, -0.3])
    first = start - _RATE * _slopes(start, images)
    second = first - _RATE * _slopes(first, images)

    def make():
        model = tensors.pixelwise(*start, framework)
        optimizer = tensors.sgd(model, _RATE, framework)
        batch = tensors.plain(images, framework), tensors.plain(_MASKS, framework)
        losses, weights = [], []
        for _ in range(2):
            losses.append(function(model, optimizer, *batch))
            weights.append([value.item() for value in tensors.layers(model, framework)[0].values.values()])
        return None if losses[0] is None else (losses, weights, model.modes)

    cases = [
        (
            lambda made: True,
            True,
            "Four things, in this order: logits, loss, slopes, step. In Keras the first two belong inside the tape; "
            "and the model has no weights before it was called.",
        ),
        (
            lambda made: isinstance(made[0][0], float),
            True,
            "Return the loss as a plain number, float(loss): a tensor keeps the whole way forwards in memory.",
        ),
        (
            lambda made: _close(made[1][0], start),
            False,
            "No weight has moved: find the slopes first, then let the optimizer step.",
        ),
        (
            lambda made: _close(made[0][0], _loss(images * first[0] + first[1], _MASKS)),
            False,
            "This is the loss after the step. Return the one before it, which you have anyway: the other costs a "
            "pass more.",
        ),
        (
            lambda made: _close(made[1][0], first),
            True,
            "The weights have moved, but not one step of the optimizer along the slopes of the loss.",
        ),
        (
            lambda made: all(made[2]),
            True,
            "The network was in the mode of prediction, where batch norm does not look at the batch: model.train() in "
            "PyTorch, training=True in Keras.",
        ),
        (
            lambda made: _close(made[1][1], second),
            True,
            "The second step is wrong: the slopes of the first were still there and were added. Set them to zero "
            "each time.",
        ),
    ]
    _check_made("train_step", make, cases)


# What the checks share


class _Block(NamedTuple):
    """A learner's layer with numbers of our own, and what it makes of images."""

    layer: object
    layers: list
    images: np.ndarray
    answer: np.ndarray
    framework: str

    def after_training_call(self, name):
        """A batch norm's running number when it was 0 and has then seen the images once."""
        norm = self.layers[0]
        norm.put(name, np.zeros_like(norm.values[name]))
        tensors.call(self.layer, self.images, self.framework, training=True)
        return norm.values[name]


def _check_layer(name, function, framework, sizes, cases):
    """Check a function that makes a layer: questions are asked of a `_Block`."""

    def make():
        layer = function(*sizes)
        if layer is None:
            return None
        images = _IMAGES[..., : sizes[0]]
        tensors.call(layer, images, framework)  # Keras makes the weights only now
        found = tensors.layers(layer, framework)
        tensors.fill(found)
        return _Block(layer, found, images, tensors.call(layer, images, framework), framework)

    _check_made(name, make, cases)


def _check_made(name, make, cases):
    """Ask questions of what `make` gives: cases are (question, answer that it must have, hint)."""

    def ask(question, answer):
        made = make()
        return None if made is None else question(made) == answer

    check(name, ask, [((question, answer), True, hint) for question, answer, hint in cases])


def _runs(block):
    return True


def _itself(result):
    return result


def _channels(block):
    return block.answer.shape[3]


def _sides(block):
    return block.answer.shape[1:3]


def _kernels(block):
    """Every kernel, (out, in, height, width), or (in, out, height, width) where it is transposed."""
    return [layer.values["weight"] for layer in block.layers if layer.values["weight"].ndim == 4]


def _kernel_sides(block):
    return [kernel.shape[2:] for kernel in _kernels(block)]


def _kernel_channels(layer, channels, framework):
    if framework == "keras":  # which makes its weights when it sees how many channels come in
        tensors.call(layer, np.zeros((1, 4, 4, channels)), framework)
    values = [found.values["weight"] for found in tensors.layers(layer, framework)]
    return [value.shape[:2] for value in values if value.ndim == 4]


def _norms(block):
    return sum(layer.is_norm for layer in block.layers)


def _close(a, b):
    """Whether two arrays have one shape and the same numbers, but for rounding."""
    return bool(np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-4, atol=1e-4))


def _equals(known):
    return lambda result: _close(result, known)


def _differs(known):
    return lambda result: not _close(result, known)


def _convolve(images, layer):
    return numpy_unet.convolve(images, layer.values["weight"], 0)


def _normalise(images, layer):
    gamma, beta, mean, variance = (layer.values[name] for name in ("weight", "bias", "running_mean", "running_var"))
    return gamma * (images - mean) / np.sqrt(variance + _EPSILON) + beta


def _double(images, layers):
    convolutions, norms = ([layer for layer in layers if layer.is_norm is kind] for kind in (False, True))
    for convolution, norm in zip(convolutions, norms, strict=True):
        images = np.maximum(_normalise(_convolve(images, convolution), norm), 0)
    return images


def _joined(skip, x):
    return np.concatenate([skip, x], axis=-1)


def _larger(a):
    """Stands in for a way up: tells pixels from below by a shift."""
    return 10 + a.repeat(2, axis=1).repeat(2, axis=2)


def _mixed(a):
    """Stands in for a decoder block: each channel has its own weight, so that their order shows."""
    return (a * np.arange(1, a.shape[-1] + 1)).sum(axis=-1, keepdims=True)


def _stand_ins(depth):
    """Parts of a U-Net that are functions of arrays, by the names of `make_parts`."""
    parts = {f"encoder_{level}": lambda a, level=level: level + 2 - a for level in range(depth)}
    for level in range(depth - 1):
        parts |= {f"up_{level}": _larger, f"decoder_{level}": _mixed}
    return parts | {"head": lambda a: 3 * a + 7}


def _u(image, depth, *, headless=False):
    """What a U-Net of the stand-ins answers."""
    parts, x, kept = _stand_ins(depth), image, []
    for level in range(depth):
        x = parts[f"encoder_{level}"](numpy_unet.pool(x) if level else x)
        kept.append(x)
    for level in reversed(range(depth - 1)):
        x = parts[f"decoder_{level}"](_joined(kept[level], parts[f"up_{level}"](x)))
    return x if headless else parts["head"](x)


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


def _cross_entropy(logits, masks):
    return np.logaddexp(0, logits[..., 0]) - logits[..., 0] * masks


def _soft_dice(p, masks, axis=(1, 2)):
    return (2 * (p * masks).sum(axis) + 1) / (p.sum(axis) + masks.sum(axis) + 1)


def _loss(logits, masks):
    return _cross_entropy(logits, masks).mean() + 1 - _soft_dice(_sigmoid(logits)[..., 0], masks).mean()


def _slopes(weights, images, little=1e-5):
    """Slopes of the loss of logits = weight * images + bias, by finite differences."""
    moved = [weights + sign * little * direction for direction in np.eye(2) for sign in (1, -1)]
    up_1, down_1, up_2, down_2 = (_loss(images.astype(float) * weight + bias, _MASKS) for weight, bias in moved)
    return np.array([up_1 - down_1, up_2 - down_2]) / (2 * little)

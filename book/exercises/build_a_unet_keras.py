"""The chapter on building a U-Net, in Keras: solutions, and typical mistakes with the hint each must get."""

import keras
import tensorflow as tf
from keras import layers, ops

FRAMEWORK = "keras"


def conv3x3(channels, filters):
    return layers.Conv2D(filters, 3, padding="same", use_bias=False)


def mirrored(channels, filters):
    border = layers.Lambda(lambda x: ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect"))
    return keras.Sequential([border, layers.Conv2D(filters, 3, use_bias=False)])


def norm_relu(filters):
    return keras.Sequential([layers.BatchNormalization(epsilon=1e-5, momentum=0.9), layers.ReLU()])


def double_conv(channels, filters):
    first = conv3x3(channels, filters), norm_relu(filters)
    second = conv3x3(filters, filters), norm_relu(filters)
    return keras.Sequential([*first, *second])


def one_norm_for_both(channels, filters):
    norm = norm_relu(filters)
    x = features = keras.Input((None, None, channels))
    for convolution in (conv3x3(channels, filters), conv3x3(filters, filters)):
        x = norm(convolution(x))
    return keras.Model(features, x)


def halve(x):
    return ops.max_pool(x, 2)


def wrong_axes_pooled(x):
    return ops.moveaxis(layers.MaxPooling2D(2)(ops.moveaxis(x, 1, -1)), -1, 1)


def enlarge(channels, filters):
    return layers.Conv2DTranspose(filters, 2, strides=2)


def overlapping(channels, filters):
    return layers.Conv2DTranspose(filters, 3, strides=2, padding="same")


def centre_crop(skip, x):
    height, width = x.shape[1:3]
    top, left = (skip.shape[1] - height) // 2, (skip.shape[2] - width) // 2
    return skip[:, top : top + height, left : left + width]


def as_in_pytorch(skip, x):
    height, width = x.shape[2:]
    top, left = (skip.shape[2] - height) // 2, (skip.shape[3] - width) // 2
    return skip[:, :, top : top + height, left : left + width]


def from_the_corner(skip, x):
    return skip[:, : x.shape[1], : x.shape[2]]


def same_border_twice(skip, x):
    border = (skip.shape[1] - x.shape[1]) // 2
    return skip[:, border : border + x.shape[1], border : border + x.shape[2]]


def rounded_up(skip, x):
    top, left = ((a - b + 1) // 2 for a, b in zip(skip.shape[1:3], x.shape[1:3], strict=True))
    return skip[:, top : top + x.shape[1], left : left + x.shape[2]]


def join_skip(skip, x):
    return ops.concatenate([centre_crop(skip, x), x], axis=-1)


def way_down(blocks, x):
    kept = []
    for level, block in enumerate(blocks):
        if level > 0:
            x = halve(x)
        x = block(x)
        kept.append(x)
    return kept


def pooled_first(blocks, x):
    kept = []
    for block in blocks:
        x = block(halve(x))
        kept.append(x)
    return kept


def kept_too_late(blocks, x):
    kept = []
    for block in blocks:
        x = halve(block(x))
        kept.append(x)
    return kept


def image_only(blocks, x):
    kept = []
    for level, block in enumerate(blocks):
        if level > 0:
            x = halve(x)
        kept.append(block(x))
    return kept


def step_up(enlarge, block, x, skip):
    return block(join_skip(skip, enlarge(x)))


def head(channels, classes):
    return layers.Conv2D(classes, 1)


def make_parts(channels, classes, base_filters, depth, *, growth=2, more=0, up=0):
    filters = [base_filters * growth**level for level in range(depth + more)]
    parts = {}
    for level in range(depth + more):
        taken = channels if level == 0 else filters[level - 1]
        parts[f"encoder_{level}"] = double_conv(taken, filters[level])
    for level in reversed(range(depth + more - 1)):
        parts[f"up_{level}"] = enlarge(filters[level + 1], filters[level + up])
        parts[f"decoder_{level}"] = double_conv(2 * filters[level], filters[level])
    return parts | {"head": head(base_filters, classes)}


def one_block_on_all_levels(channels, classes, base_filters, depth):
    parts = make_parts(channels, classes, base_filters, depth)
    return parts | {"encoder_2": parts["encoder_1"]}


def other_names(channels, classes, base_filters, depth):
    parts = make_parts(channels, classes, base_filters, depth)
    return {name.replace("_", "."): part for name, part in parts.items()}


def count_levels(parts):
    return sum(name.startswith("encoder") for name in parts)


def through(parts, x, *, depth=None, head=True):
    depth = depth or count_levels(parts)
    *copies, x = way_down([parts[f"encoder_{level}"] for level in range(depth)], x)
    for level in reversed(range(depth - 1)):
        x = step_up(parts[f"up_{level}"], parts[f"decoder_{level}"], x, copies[level])
    return parts["head"](x) if head else x


def first_copy_first(parts, x):
    depth = count_levels(parts)
    *copies, x = way_down([parts[f"encoder_{level}"] for level in range(depth)], x)
    for level in reversed(range(depth - 1)):
        x = step_up(parts[f"up_{level}"], parts[f"decoder_{level}"], x, copies.pop(0))
    return parts["head"](x)


def from_the_top(parts, x):
    depth = count_levels(parts)
    *copies, x = way_down([parts[f"encoder_{level}"] for level in range(depth)], x)
    for level in range(depth - 1):
        x = step_up(parts[f"up_{level}"], parts[f"decoder_{level}"], x, copies[level])
    return parts["head"](x)


def deepest_as_copy(parts, x):
    depth = count_levels(parts)
    copies = way_down([parts[f"encoder_{level}"] for level in range(depth)], x)
    x = copies[-1]
    for level in reversed(range(depth - 1)):
        x = step_up(parts[f"up_{level}"], parts[f"decoder_{level}"], x, copies.pop())
    return parts["head"](x)


def dice_of(p, t, axes=(1, 2), smooth=1):
    both, sizes = ops.sum(p * t, axes), ops.sum(p, axes) + ops.sum(t, axes)
    return ops.mean((2 * both + smooth) / (sizes + smooth))


def entropy_of(logits, masks):
    return ops.binary_crossentropy(masks, logits, from_logits=True)


def bce_dice(logits, masks):
    z, t = logits[..., 0], ops.cast(masks, "float32")
    return ops.mean(entropy_of(z, t)) + 1 - dice_of(ops.sigmoid(z), t)


def entropy_alone(logits, masks):
    return ops.mean(entropy_of(logits[..., 0], ops.cast(masks, "float32")))


def dice_of_logits(logits, masks):
    return entropy_alone(logits, masks) + 1 - dice_of(logits[..., 0], ops.cast(masks, "float32"))


def sigmoid_twice(logits, masks):
    p = ops.sigmoid(logits)
    return entropy_alone(p, masks) + 1 - dice_of(p[..., 0], ops.cast(masks, "float32"))


def of_every_pixel(logits, masks):
    z, t = logits[..., 0], ops.cast(masks, "float32")
    return entropy_of(z, t) + 1 - dice_of(ops.sigmoid(z), t)


def summed(logits, masks):
    z, t = logits[..., 0], ops.cast(masks, "float32")
    return ops.sum(entropy_of(z, t)) + 1 - dice_of(ops.sigmoid(z), t)


def naive_logarithm(logits, masks):
    p, t = ops.sigmoid(logits[..., 0]), ops.cast(masks, "float32")
    return -ops.mean(t * ops.log(p) + (1 - t) * ops.log(1 - p)) + 1 - dice_of(p, t)


def rows_against_columns(logits, masks):
    return entropy_alone(logits, masks) + 1 - dice_of(ops.sigmoid(logits), ops.cast(masks, "float32"))


def other_dice(logits, masks, **options):
    z, t = logits[..., 0], ops.cast(masks, "float32")
    return entropy_alone(logits, masks) + 1 - dice_of(ops.sigmoid(z), t, **options)


def train_step(model, optimizer, images, masks):
    with tf.GradientTape() as tape:
        loss = bce_dice(model(images, training=True), masks)
    slopes = tape.gradient(loss, model.trainable_weights)
    optimizer.apply_gradients(zip(slopes, model.trainable_weights, strict=True))
    return float(loss)


def in_prediction_mode(model, optimizer, images, masks):
    with tf.GradientTape() as tape:
        loss = bce_dice(model(images), masks)
    slopes = tape.gradient(loss, model.trainable_weights)
    optimizer.apply_gradients(zip(slopes, model.trainable_weights, strict=True))
    return float(loss)


def without_a_step(model, optimizer, images, masks):
    with tf.GradientTape() as tape:
        loss = bce_dice(model(images, training=True), masks)
    tape.gradient(loss, model.trainable_weights)
    return float(loss)


def weights_asked_too_early(model, optimizer, images, masks):
    weights = model.trainable_weights
    with tf.GradientTape() as tape:
        loss = bce_dice(model(images, training=True), masks)
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
    return float(loss)


def ahead_of_the_tape(model, optimizer, images, masks):
    logits = model(images, training=True)
    with tf.GradientTape() as tape:
        loss = bce_dice(logits, masks)
    slopes = tape.gradient(loss, model.trainable_weights)
    optimizer.apply_gradients(zip(slopes, model.trainable_weights, strict=True))
    return float(loss)


def two_steps_at_once(model, optimizer, images, masks):
    loss = train_step(model, optimizer, images, masks)
    train_step(model, optimizer, images, masks)
    return loss


def loss_afterwards(model, optimizer, images, masks):
    train_step(model, optimizer, images, masks)
    return float(bce_dice(model(images, training=True), masks))


def tensor_returned(model, optimizer, images, masks):
    train_step(model, optimizer, images, masks)
    return bce_dice(model(images, training=True), masks)


SOLUTIONS = {
    "conv3x3": conv3x3,
    "norm_relu": norm_relu,
    "double_conv": double_conv,
    "halve": halve,
    "enlarge": enlarge,
    "centre_crop": centre_crop,
    "join_skip": join_skip,
    "way_down": way_down,
    "step_up": step_up,
    "head": head,
    "make_parts": make_parts,
    "through": through,
    "bce_dice": bce_dice,
    "train_step": train_step,
}
MISTAKES = [
    ("conv3x3", lambda channels, filters: layers.Conv2D(filters, 3, use_bias=False), "loses a row and a column"),
    ("conv3x3", lambda channels, filters: layers.Conv2D(filters, 1, use_bias=False), "3 pixels high and 3 wide"),
    ("conv3x3", lambda channels, filters: layers.Conv2D(filters, 3, padding="same"), "leave the bias out"),
    ("conv3x3", lambda channels, filters: conv3x3(filters, channels), "`channels` come in"),
    (
        "conv3x3",
        lambda channels, filters: layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False),
        "every second place",
    ),
    (
        "conv3x3",
        lambda channels, filters: layers.Conv2D(filters, 3, padding="same", use_bias=False, activation="relu"),
        "behind the batch norm",
    ),
    ("conv3x3", mirrored, "there must be zeros"),
    ("norm_relu", lambda filters: layers.ReLU(), "no batch norm in it"),
    (
        "norm_relu",
        lambda filters: keras.Sequential([layers.GroupNormalization(1), layers.ReLU()]),
        "one image at a time",
    ),
    ("norm_relu", lambda filters: layers.BatchNormalization(epsilon=1e-5, momentum=0.9), "the ReLU is missing"),
    (
        "norm_relu",
        lambda filters: keras.Sequential([layers.ReLU(), layers.BatchNormalization(epsilon=1e-5, momentum=0.9)]),
        "ReLU comes first in yours",
    ),
    (
        "norm_relu",
        lambda filters: keras.Sequential([layers.BatchNormalization(momentum=0.9), layers.ReLU()]),
        "another epsilon",
    ),
    (
        "norm_relu",
        lambda filters: keras.Sequential([layers.BatchNormalization(epsilon=1e-5), layers.ReLU()]),
        "a tenth of the way",
    ),
    (
        "double_conv",
        lambda channels, filters: keras.Sequential([conv3x3(channels, filters), norm_relu(filters)]),
        "two convolutions",
    ),
    (
        "double_conv",
        lambda channels, filters: keras.Sequential(
            [conv3x3(channels, channels), norm_relu(channels), conv3x3(channels, filters), norm_relu(filters)]
        ),
        "`filters` channels already",
    ),
    ("double_conv", one_norm_for_both, "each has numbers of its own"),
    (
        "double_conv",
        lambda channels, filters: keras.Sequential(
            [conv3x3(channels, filters), conv3x3(filters, filters), norm_relu(filters), norm_relu(filters)]
        ),
        "not in this order",
    ),
    ("halve", lambda x: layers.AveragePooling2D(2)(x), "not their mean"),
    ("halve", lambda x: layers.MaxPooling2D(2, strides=1)(x), "half of height and width"),
    ("halve", wrong_axes_pooled, "every channel"),
    ("halve", lambda x: x[:, ::2, ::2], "not at the first of them"),
    ("halve", lambda x: layers.MaxPooling2D(3, strides=2, padding="same")(x), "must not overlap"),
    ("halve", lambda x: layers.MaxPooling2D(2, padding="same")(x), "without a partner"),
    ("enlarge", lambda channels, filters: layers.UpSampling2D(2), "Repeating pixels learns nothing"),
    ("enlarge", lambda channels, filters: layers.Conv2DTranspose(filters, 2), "The sides must double"),
    ("enlarge", overlapping, "no two squares overlap"),
    ("enlarge", lambda channels, filters: enlarge(filters, channels), "`channels` come in"),
    (
        "enlarge",
        lambda channels, filters: layers.Conv2DTranspose(filters, 2, strides=2, use_bias=False),
        "nothing would replace the bias",
    ),
    (
        "enlarge",
        lambda channels, filters: layers.Conv2DTranspose(filters, 2, strides=2, activation="relu"),
        "no activation here",
    ),
    ("centre_crop", lambda skip, x: x, "x only tells the size"),
    ("centre_crop", as_in_pytorch, "never channels"),
    ("centre_crop", from_the_corner, "not its corner"),
    ("centre_crop", same_border_twice, "each border by itself"),
    ("centre_crop", rounded_up, "rounded down"),
    ("join_skip", lambda skip, x: ops.concatenate([x, centre_crop(skip, x)], axis=-1), "The channels of the skip come"),
    ("join_skip", lambda skip, x: layers.Add()([centre_crop(skip, x), x]), "do not add them"),
    ("join_skip", lambda skip, x: ops.concatenate([centre_crop(skip, x), x], axis=1), "the axis of the channels"),
    ("join_skip", lambda skip, x: ops.concatenate([skip, x], axis=-1), "crop it to the size of x first"),
    ("way_down", pooled_first, "at its full size"),
    ("way_down", kept_too_late, "before it is pooled"),
    ("way_down", image_only, "the pooled result of the block above"),
    ("way_down", lambda blocks, x: way_down(blocks, x)[:-1], "the deepest too"),
    ("way_down", lambda blocks, x: way_down(blocks, x)[::-1], "The finest level comes first"),
    ("way_down", lambda blocks, x: way_down(blocks[:1] * len(blocks), x), "a block of its own"),
    ("step_up", lambda enlarge, block, x, skip: block(enlarge(x)), "The skip was left out"),
    ("step_up", lambda enlarge, block, x, skip: block(enlarge(join_skip(skip, x))), "Enlarge first"),
    ("step_up", lambda enlarge, block, x, skip: block(join_skip(enlarge(x), skip)), "the skip, then what came up"),
    ("step_up", lambda enlarge, block, x, skip: join_skip(skip, enlarge(x)), "the block is missing"),
    ("step_up", lambda enlarge, block, x, skip: join_skip(skip, block(enlarge(x))), "must come after the join"),
    ("head", lambda channels, classes: layers.Conv2D(classes, 1, activation="sigmoid"), "these are probabilities"),
    ("head", lambda channels, classes: layers.Conv2D(classes, 1, activation="softmax"), "these are probabilities"),
    ("head", lambda channels, classes: layers.Conv2D(classes, 1, activation="relu"), "no ReLU here"),
    ("head", lambda channels, classes: layers.Conv2D(classes, 3, padding="same"), "one pixel at a time"),
    ("head", lambda channels, classes: layers.Conv2D(classes, 1, use_bias=False), "keep the bias"),
    ("head", lambda channels, classes: layers.Conv2D(1, 1), "whatever their number"),
    ("make_parts", lambda *sizes: make_parts(*sizes, more=1), "the deepest included"),
    ("make_parts", lambda *sizes: make_parts(*sizes, growth=1), "must double from level to level"),
    ("make_parts", lambda *sizes: make_parts(*sizes, up=1), "half of what comes from below"),
    ("make_parts", one_block_on_all_levels, "weights of its own"),
    ("make_parts", other_names, "The names for a depth of 3"),
    ("through", lambda parts, x: through(parts, x, head=False), "The head is missing"),
    ("through", lambda parts, x: through(parts, x, depth=3), "for one depth only"),
    ("through", first_copy_first, "what was kept last is joined first"),
    ("through", from_the_top, "Go up from the bottom"),
    ("through", deepest_as_copy, "those of the levels above it"),
    ("bce_dice", entropy_alone, "the cross-entropy alone"),
    ("bce_dice", lambda logits, masks: bce_dice(logits, masks) - entropy_alone(logits, masks), "the Dice loss alone"),
    (
        "bce_dice",
        lambda logits, masks: 1 + 2 * entropy_alone(logits, masks) - bce_dice(logits, masks),
        "a high loss is bad",
    ),
    ("bce_dice", dice_of_logits, "send the logits through the sigmoid"),
    ("bce_dice", sigmoid_twice, "The sigmoid is applied twice"),
    ("bce_dice", of_every_pixel, "One number must come out"),
    ("bce_dice", summed, "Take the mean"),
    ("bce_dice", naive_logarithm, "overflows"),
    ("bce_dice", rows_against_columns, "every row met every other"),
    ("bce_dice", lambda logits, masks: other_dice(logits, masks, axes=(0, 1, 2)), "the whole batch"),
    ("bce_dice", lambda logits, masks: other_dice(logits, masks, smooth=0), "(2 sum(p t) + 1)"),
    ("train_step", in_prediction_mode, "the mode of prediction"),
    ("train_step", without_a_step, "No weight has moved"),
    ("train_step", weights_asked_too_early, "no weights before it was called"),
    ("train_step", ahead_of_the_tape, "the first two belong inside the tape"),
    ("train_step", two_steps_at_once, "not one step of the optimizer"),
    ("train_step", loss_afterwards, "the loss after the step"),
    ("train_step", tensor_returned, "as a plain number"),
]

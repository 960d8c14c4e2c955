"""The chapter on building a U-Net, in PyTorch: solutions, and typical mistakes with the hint each must get."""

import torch
from torch import nn
from torch.nn import functional

FRAMEWORK = "torch"


def conv3x3(channels, filters):
    return nn.Conv2d(channels, filters, 3, padding="same", bias=False)


def norm_relu(filters):
    return nn.Sequential(nn.BatchNorm2d(filters), nn.ReLU())


def double_conv(channels, filters):
    first = conv3x3(channels, filters), norm_relu(filters)
    second = conv3x3(filters, filters), norm_relu(filters)
    return nn.Sequential(*first, *second)


def one_norm_for_both(channels, filters):
    norm = norm_relu(filters)
    return nn.Sequential(conv3x3(channels, filters), norm, conv3x3(filters, filters), norm)


def halve(x):
    return functional.max_pool2d(x, 2)


def wrong_axes_pooled(x):
    return functional.max_pool2d(x.movedim(1, -1), 2).movedim(-1, 1)


def enlarge(channels, filters):
    return nn.ConvTranspose2d(channels, filters, 2, stride=2)


def overlapping(channels, filters):
    return nn.ConvTranspose2d(channels, filters, 3, stride=2, padding=1, output_padding=1)


def centre_crop(skip, x):
    height, width = x.shape[2:]
    top, left = (skip.shape[2] - height) // 2, (skip.shape[3] - width) // 2
    return skip[:, :, top : top + height, left : left + width]


def as_in_keras(skip, x):
    height, width = x.shape[1:3]
    top, left = (skip.shape[1] - height) // 2, (skip.shape[2] - width) // 2
    return skip[:, top : top + height, left : left + width]


def from_the_corner(skip, x):
    return skip[:, :, : x.shape[2], : x.shape[3]]


def same_border_twice(skip, x):
    border = (skip.shape[2] - x.shape[2]) // 2
    return skip[:, :, border : border + x.shape[2], border : border + x.shape[3]]


def rounded_up(skip, x):
    top, left = ((a - b + 1) // 2 for a, b in zip(skip.shape[2:], x.shape[2:], strict=True))
    return skip[:, :, top : top + x.shape[2], left : left + x.shape[3]]


def join_skip(skip, x):
    return torch.cat([centre_crop(skip, x), x], dim=1)


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
    return nn.Conv2d(channels, classes, 1)


def make_parts(channels, classes, base_filters, depth, *, growth=2, more=0, up=0, joined=2):
    filters = [base_filters * growth**level for level in range(depth + more)]
    parts = {}
    for level in range(depth + more):
        taken = channels if level == 0 else filters[level - 1]
        parts[f"encoder_{level}"] = double_conv(taken, filters[level])
    for level in reversed(range(depth + more - 1)):
        parts[f"up_{level}"] = enlarge(filters[level + 1], filters[level + up])
        parts[f"decoder_{level}"] = double_conv(joined * filters[level], filters[level])
    return parts | {"head": head(base_filters, classes)}


def one_block_on_all_levels(channels, classes, base_filters, depth):
    parts = make_parts(channels, classes, base_filters, depth)
    return parts | {"encoder_2": parts["encoder_1"]}


def head_below(channels, classes, base_filters, depth):
    parts = make_parts(channels, classes, base_filters, depth)
    return parts | {"head": head(base_filters * 2 ** (depth - 1), classes)}


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
    both, sizes = torch.sum(p * t, axes), torch.sum(p, axes) + torch.sum(t, axes)
    return torch.mean((2 * both + smooth) / (sizes + smooth))


def bce_dice(logits, masks):
    z, t = logits[..., 0], masks.float()
    return functional.binary_cross_entropy_with_logits(z, t) + 1 - dice_of(torch.sigmoid(z), t)


def entropy_alone(logits, masks):
    return functional.binary_cross_entropy_with_logits(logits[..., 0], masks.float())


def dice_of_logits(logits, masks):
    return entropy_alone(logits, masks) + 1 - dice_of(logits[..., 0], masks.float())


def sigmoid_twice(logits, masks):
    p = torch.sigmoid(logits)
    return entropy_alone(p, masks) + 1 - dice_of(p[..., 0], masks.float())


def of_every_pixel(logits, masks):
    z, t = logits[..., 0], masks.float()
    entropy = functional.binary_cross_entropy_with_logits(z, t, reduction="none")
    return entropy + 1 - dice_of(torch.sigmoid(z), t)


def summed(logits, masks):
    z, t = logits[..., 0], masks.float()
    return functional.binary_cross_entropy_with_logits(z, t, reduction="sum") + 1 - dice_of(torch.sigmoid(z), t)


def naive_logarithm(logits, masks):
    p, t = torch.sigmoid(logits[..., 0]), masks.float()
    return -(t * torch.log(p) + (1 - t) * torch.log(1 - p)).mean() + 1 - dice_of(p, t)


def rows_against_columns(logits, masks):
    return entropy_alone(logits, masks) + 1 - dice_of(torch.sigmoid(logits), masks.float())


def other_dice(logits, masks, **options):
    z, t = logits[..., 0], masks.float()
    return entropy_alone(logits, masks) + 1 - dice_of(torch.sigmoid(z), t, **options)


def train_step(model, optimizer, images, masks):
    model.train()
    optimizer.zero_grad()
    loss = bce_dice(model(images), masks)
    loss.backward()
    optimizer.step()
    return loss.item()


def in_prediction_mode(model, optimizer, images, masks):
    optimizer.zero_grad()
    loss = bce_dice(model(images), masks)
    loss.backward()
    optimizer.step()
    return loss.item()


def slopes_added_up(model, optimizer, images, masks):
    model.train()
    loss = bce_dice(model(images), masks)
    loss.backward()
    optimizer.step()
    return loss.item()


def without_a_step(model, optimizer, images, masks):
    model.train()
    optimizer.zero_grad()
    loss = bce_dice(model(images), masks)
    loss.backward()
    return loss.item()


def slopes_thrown_away(model, optimizer, images, masks):
    model.train()
    loss = bce_dice(model(images), masks)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


def two_steps_at_once(model, optimizer, images, masks):
    loss = train_step(model, optimizer, images, masks)
    train_step(model, optimizer, images, masks)
    return loss


def loss_afterwards(model, optimizer, images, masks):
    train_step(model, optimizer, images, masks)
    return bce_dice(model(images), masks).item()


def tensor_returned(model, optimizer, images, masks):
    train_step(model, optimizer, images, masks)
    return bce_dice(model(images), masks)


def slopes_of_a_number(model, optimizer, images, masks):
    model.train()
    loss = bce_dice(model(images), masks).item()
    loss.backward()
    optimizer.step()
    return loss


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
    ("conv3x3", lambda channels, filters: nn.Conv2d(channels, filters, 3, bias=False), "loses a row and a column"),
    ("conv3x3", lambda channels, filters: nn.Conv2d(channels, filters, 1, bias=False), "3 pixels high and 3 wide"),
    ("conv3x3", lambda channels, filters: nn.Conv2d(channels, filters, 3, padding="same"), "leave the bias out"),
    ("conv3x3", lambda channels, filters: conv3x3(filters, channels), "`channels` come in"),
    (
        "conv3x3",
        lambda channels, filters: nn.Conv2d(channels, filters, 3, stride=2, padding=1, bias=False),
        "every second place",
    ),
    (
        "conv3x3",
        lambda channels, filters: nn.Sequential(conv3x3(channels, filters), nn.ReLU()),
        "behind the batch norm",
    ),
    (
        "conv3x3",
        lambda channels, filters: nn.Conv2d(channels, filters, 3, padding="same", bias=False, padding_mode="replicate"),
        "there must be zeros",
    ),
    ("norm_relu", lambda filters: nn.ReLU(), "no batch norm in it"),
    ("norm_relu", lambda filters: nn.Sequential(nn.InstanceNorm2d(filters), nn.ReLU()), "one image at a time"),
    ("norm_relu", lambda filters: nn.BatchNorm2d(filters), "the ReLU is missing"),
    ("norm_relu", lambda filters: nn.Sequential(nn.ReLU(), nn.BatchNorm2d(filters)), "ReLU comes first in yours"),
    ("norm_relu", lambda filters: nn.Sequential(nn.BatchNorm2d(filters, eps=1e-3), nn.ReLU()), "another epsilon"),
    (
        "norm_relu",
        lambda filters: nn.Sequential(nn.BatchNorm2d(filters, momentum=0.9), nn.ReLU()),
        "a tenth of the way",
    ),
    (
        "double_conv",
        lambda channels, filters: nn.Sequential(conv3x3(channels, filters), norm_relu(filters)),
        "two convolutions",
    ),
    (
        "double_conv",
        lambda channels, filters: nn.Sequential(
            conv3x3(channels, channels), norm_relu(channels), conv3x3(channels, filters), norm_relu(filters)
        ),
        "`filters` channels already",
    ),
    (
        "double_conv",
        lambda channels, filters: nn.Sequential(
            conv3x3(channels, filters), norm_relu(filters), conv3x3(channels, filters), norm_relu(filters)
        ),
        "the second takes what the first has made",
    ),
    ("double_conv", one_norm_for_both, "each has numbers of its own"),
    (
        "double_conv",
        lambda channels, filters: nn.Sequential(
            conv3x3(channels, filters), conv3x3(filters, filters), norm_relu(filters), norm_relu(filters)
        ),
        "not in this order",
    ),
    ("halve", lambda x: functional.avg_pool2d(x, 2), "not their mean"),
    ("halve", lambda x: functional.max_pool2d(x, 2, stride=1), "half of height and width"),
    ("halve", wrong_axes_pooled, "every channel"),
    ("halve", lambda x: x[:, :, ::2, ::2], "not at the first of them"),
    ("halve", lambda x: functional.max_pool2d(x, 3, stride=2, padding=1), "must not overlap"),
    ("halve", lambda x: functional.max_pool2d(x, 2, ceil_mode=True), "without a partner"),
    ("enlarge", lambda channels, filters: nn.Upsample(scale_factor=2), "Repeating pixels learns nothing"),
    ("enlarge", lambda channels, filters: nn.ConvTranspose2d(channels, filters, 2), "The sides must double"),
    ("enlarge", overlapping, "no two squares overlap"),
    ("enlarge", lambda channels, filters: enlarge(filters, channels), "`channels` come in"),
    (
        "enlarge",
        lambda channels, filters: nn.ConvTranspose2d(channels, filters, 2, stride=2, bias=False),
        "nothing would replace the bias",
    ),
    ("enlarge", lambda channels, filters: nn.Sequential(enlarge(channels, filters), nn.ReLU()), "no activation here"),
    ("centre_crop", lambda skip, x: x, "x only tells the size"),
    ("centre_crop", as_in_keras, "never channels"),
    ("centre_crop", from_the_corner, "not its corner"),
    ("centre_crop", same_border_twice, "each border by itself"),
    ("centre_crop", rounded_up, "rounded down"),
    ("join_skip", lambda skip, x: torch.cat([x, centre_crop(skip, x)], dim=1), "The channels of the skip come first"),
    ("join_skip", lambda skip, x: centre_crop(skip, x) + x, "do not add them"),
    ("join_skip", lambda skip, x: torch.cat([centre_crop(skip, x), x], dim=-1), "the axis of the channels"),
    ("join_skip", lambda skip, x: torch.cat([skip, x], dim=1), "crop it to the size of x first"),
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
    ("head", lambda channels, classes: nn.Sequential(head(channels, classes), nn.Sigmoid()), "these are probabilities"),
    ("head", lambda channels, classes: nn.Sequential(head(channels, classes), nn.ReLU()), "no ReLU here"),
    ("head", lambda channels, classes: nn.Conv2d(channels, classes, 3, padding="same"), "one pixel at a time"),
    ("head", lambda channels, classes: nn.Conv2d(channels, classes, 1, bias=False), "keep the bias"),
    ("head", lambda channels, classes: nn.Conv2d(channels, 1, 1), "whatever their number"),
    ("make_parts", lambda *sizes: make_parts(*sizes, more=1), "the deepest included"),
    ("make_parts", lambda *sizes: make_parts(*sizes, growth=1), "must double from level to level"),
    ("make_parts", lambda *sizes: make_parts(*sizes, up=1), "half of what comes from below"),
    ("make_parts", lambda *sizes: make_parts(*sizes, joined=1), "The join doubles the channels"),
    ("make_parts", one_block_on_all_levels, "weights of its own"),
    ("make_parts", head_below, "stands on the finest level"),
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
    ("train_step", slopes_added_up, "Set them to zero each time"),
    ("train_step", without_a_step, "No weight has moved"),
    ("train_step", slopes_thrown_away, "No weight has moved"),
    ("train_step", two_steps_at_once, "not one step of the optimizer"),
    ("train_step", loss_afterwards, "the loss after the step"),
    ("train_step", tensor_returned, "as a plain number"),
    ("train_step", slopes_of_a_number, "Four things, in this order"),
]

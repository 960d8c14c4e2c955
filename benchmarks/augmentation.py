"""Is augmentation ever what the model waits for? `python benchmarks/augmentation.py`.

Augments one batch of images and masks in several ways, and trains a 7.76 M parameter U-Net on it for a step with and
without. All ways take turns in each repeat, so that whatever else slows the machine slows all of them; ratios are taken
within a repeat. Runs on a CUDA device where there is one; `KERAS_BACKEND` chooses what Keras runs on.
"""

import argparse
import importlib.util
import json
import os
import platform
import statistics
import time
from importlib import metadata
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # PyTorch needs some of the memory too

import keras
import numpy as np
import torch
from keras import ops
from scipy import ndimage

from unet_course import keras as keras_twin
from unet_course import paths
from unet_course import torch as torch_twin
from unet_course.augmentation import Augmentation, augment
from unet_course.torch.devices import best_device, choose_precision, computing_in, place

AFFINE = Augmentation.only(rotation=15, shift=0.05, zoom=0.1, flip="horizontal")
FULL = Augmentation()
DEVICE = best_device()
PRECISION = choose_precision("auto")  # the shortest step is the hardest to hide behind
BASE = "torch"  # ratios of times are to this one
PACKAGES = ("numpy", "scipy", "torch", "keras", "tensorflow", "jax", "monai", "kornia", "torchvision")


def ours(augmentation, apply, images, masks, rng, done):
    """A function that draws new parameters and augments the batch."""

    def run():
        parameters = augmentation.sample(rng, *images.shape[:3])
        done(apply(images, masks, parameters)[0])

    return run


def scipy_loop(images, masks, rng):
    """Image by image, channel by channel, as a notebook would: the same maps and the same border."""

    def run():
        parameters = AFFINE.sample(rng, *masks.shape)
        centre = (np.array(masks.shape[1:]) - 1) / 2
        new_images, new_masks = np.empty_like(images), np.empty_like(masks)
        for i, map_ in enumerate(parameters.maps):
            linear, offset = map_[:, :2], centre + map_[:, 2] - map_[:, :2] @ centre
            for c in range(images.shape[-1]):
                new_images[i, ..., c] = ndimage.affine_transform(
                    images[i, ..., c], linear, offset, order=1, mode="mirror"
                )
            new_masks[i] = ndimage.affine_transform(masks[i], linear, offset, order=0, mode="mirror")

    return run


def monai_dictionaries(images, masks, full, done):
    """MONAI's dictionary transforms, image by image, on the device."""
    import monai.transforms as mt

    keys, size = ("image", "mask"), images.shape[1]
    how = {"mode": ("bilinear", "nearest"), "padding_mode": "reflection", "prob": 1.0}
    limits = {"rotate_range": np.deg2rad(15), "translate_range": 0.05 * size, "scale_range": 0.1}
    steps = [mt.RandFlipd(keys, prob=0.5, spatial_axis=1)]
    if full:
        knots = {"spacing": (size / 3, size / 3), "magnitude_range": (0, 0.04 * size)}
        steps += [
            mt.Rand2DElasticd(keys, **knots, **limits, **how, device=DEVICE),
            mt.RandAdjustContrastd("image", prob=1.0, gamma=(0.91, 1.1)),
            mt.RandScaleIntensityd("image", factors=0.1, prob=1.0),
            mt.RandGaussianNoised("image", prob=1.0, std=0.02),
        ]
    else:
        steps.append(mt.RandAffined(keys, **limits, **how, device=DEVICE))
    pipeline = mt.Compose(steps).set_random_state(0)
    items = [{"image": i, "mask": m[None]} for i, m in zip(images.permute(0, 3, 1, 2), masks, strict=True)]

    def run():
        items_now = [pipeline(item) for item in items]
        torch.stack([item["mask"] for item in items_now])
        done(torch.stack([item["image"] for item in items_now]))

    return run


def kornia_batch(images, masks, done):
    import kornia.augmentation as ka

    pipeline = ka.AugmentationSequential(
        ka.RandomHorizontalFlip(p=0.5),
        ka.RandomAffine(15, (0.05, 0.05), (0.91, 1.1), p=1.0, padding_mode="reflection"),
        data_keys=["input", "mask"],
    )
    planes = images.permute(0, 3, 1, 2), masks[:, None].float()
    return lambda: done(pipeline(*planes)[0])


def torchvision_loop(images, masks, done):
    from torchvision import tv_tensors
    from torchvision.transforms import v2

    pipeline = v2.Compose([v2.RandomHorizontalFlip(), v2.RandomAffine(15, (0.05, 0.05), (0.91, 1.1), interpolation=2)])
    pairs = [(tv_tensors.Image(i), tv_tensors.Mask(m)) for i, m in zip(images.permute(0, 3, 1, 2), masks, strict=True)]
    return lambda: done(torch.stack([pipeline(*pair)[0] for pair in pairs]))


def torch_step(model, images, masks):
    """One step of training, as `fit` does it."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    model.train()

    def step(images=images, masks=masks):
        with computing_in(model, PRECISION):
            logits = model(images)
        value = torch_twin.bce_loss(logits.float(), masks)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        torch_done(value)

    return step


def keras_step(model, images, masks):
    model.compile(optimizer="adam", loss=lambda masks, logits: keras_twin.bce_loss(logits, masks[..., 0]))
    return lambda images=images, masks=masks: model.train_on_batch(images, masks[..., None])


def torch_done(_):
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def keras_done(tensor):
    ops.convert_to_numpy(ops.ravel(tensor)[0])


def with_augmentation(step, augmentation, apply, images, masks, rng):
    return lambda: step(*apply(images, masks, augmentation.sample(rng, *images.shape[:3])))


def ways(size, batch, channels, base_filters):
    """All that is timed: name -> function."""
    rng = np.random.default_rng(0)
    images = rng.random((batch, size, size, channels), dtype=np.float32)
    masks = rng.integers(0, 2, (batch, size, size)).astype(np.int32)
    on_torch = torch.from_numpy(images).to(DEVICE), torch.from_numpy(masks).to(DEVICE)
    on_keras = ops.convert_to_tensor(images), ops.convert_to_tensor(masks)

    found = {"affine: scipy loop": scipy_loop(images, masks, rng)}
    if importlib.util.find_spec("monai"):
        found["affine: monai dictionaries"] = monai_dictionaries(*on_torch, False, torch_done)
        found["full: monai dictionaries"] = monai_dictionaries(*on_torch, True, torch_done)
    if importlib.util.find_spec("kornia"):
        found["affine: kornia batch"] = kornia_batch(*on_torch, torch_done)
    if importlib.util.find_spec("torchvision"):
        found["affine: torchvision loop"] = torchvision_loop(*on_torch, torch_done)
    for kind, augmentation in (("affine", AFFINE), ("full", FULL)):
        found[f"{kind}: numpy"] = ours(augmentation, augment, images, masks, rng, lambda _: None)
        found[f"{kind}: torch"] = ours(augmentation, torch_twin.augment, *on_torch, rng, torch_done)
        found[f"{kind}: keras"] = ours(augmentation, keras_twin.augment, *on_keras, rng, keras_done)

    models = [twin.unet(channels, 1, base_filters=base_filters) for twin in (torch_twin, keras_twin)]
    place(models[0])
    steps = {
        "torch": (torch_step(models[0], *on_torch), torch_twin.augment, *on_torch),
        "keras": (keras_step(models[1], *on_keras), keras_twin.augment, *on_keras),
    }
    for name, (step, apply, *tensors) in steps.items():
        found[f"step: {name}"] = step
        found[f"step: {name} + full"] = with_augmentation(step, FULL, apply, *tensors, rng)
    return found, torch_twin.count_parameters(models[0])


def measure(functions, repeats):
    """Seconds of each function, all taking turns: a list of repeats, each the faster of two calls after a first."""
    seconds = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            function()  # brings back what the other libraries drove out of the caches
            seconds[name].append(min(timed(function), timed(function)))
    return seconds


def timed(function):
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def ratio(seconds, name, to):
    """Median, smallest and largest quotient of two times within one repeat."""
    values = [a / b for a, b in zip(seconds[name], seconds[to], strict=True)]
    return [statistics.median(values), min(values), max(values)]


def show(seconds):
    """Print the table and return its ratios."""
    ratios = {}
    for name in seconds:
        kind, _, way = name.partition(": ")
        if kind != "step":
            ratios[f"{name} / {kind}: {BASE}"] = ratio(seconds, name, f"{kind}: {BASE}")
        elif way.endswith("+ full"):
            framework = way.split()[0]
            ratios[f"{name} / step: {framework}"] = ratio(seconds, name, f"step: {framework}")
            ratios[f"full: {framework} / step: {framework}"] = ratio(
                seconds, f"full: {framework}", f"step: {framework}"
            )
    for name, values in seconds.items():
        print(f"{name:<28} {1000 * statistics.median(values):>9.2f} ms")
    print()
    for name, (median, low, high) in ratios.items():
        print(f"{name:<46} {median:>8.3f}  ({low:.3f} - {high:.3f})")
    return ratios


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in {"size": 128, "batch": 16, "channels": 3, "base": 32, "repeats": 9}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--out", type=Path, default=paths.benchmarks_root() / "augmentation.json")
    options = parser.parse_args()
    functions, parameters = ways(options.size, options.batch, options.channels, options.base)
    name = torch.cuda.get_device_name() if DEVICE.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    print(
        f"{name}; batch {options.batch} of {options.size}x{options.size}x{options.channels}; {parameters:,} parameters"
    )
    seconds = measure(functions, options.repeats)
    versions = {name: metadata.version(name) for name in PACKAGES if importlib.util.find_spec(name)}
    record = {
        "device": name,
        "precision": {"torch": PRECISION, "keras": "float32"},
        "keras_backend": keras.backend.backend(),
        "versions": {"python": platform.python_version(), **versions},
        "batch": [options.batch, options.size, options.size, options.channels],
        "parameters": parameters,
        "seconds": seconds,
        "ratios": show(seconds),
    }
    options.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

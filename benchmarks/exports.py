"""Does the ONNX file of every network answer as its source, at any batch and size? `python benchmarks/exports.py`.

Every network of both twins is built with its own defaults and random weights, at full width or with `--filters`: the
operations in the file are the same. The file is compared with its source on random images; what is recorded is the
largest difference of two logits, divided by the largest logit.
"""

import argparse
import importlib
import importlib.metadata
import tempfile
from pathlib import Path

import numpy as np

from unet_course import results
from unet_course.common.pretrained import find_encoder
from unet_course.parity import keras_logits, torch_logits
from unet_course.parity.cases import narrow
from unet_course.shipping import onnx_files

PICTURES = [(1, 64, 64), (3, 48, 80), (2, 33, 47), (1, 70, 5)]
VALID = [(1, 188, 188), (2, 220, 204)]
VOLUMES = [(1, 16, 16, 16), (2, 9, 18, 11)]
# Name, builder, its arguments beside the defaults, shapes of images without channels.
NETWORKS = [
    ("unet", "unet", {}, PICTURES),
    ("unet, depth 4", "unet", {"depth": 4}, PICTURES),
    ("unet, nearest", "unet", {"upsampling": "nearest"}, PICTURES),
    ("unet, bilinear", "unet", {"upsampling": "bilinear"}, PICTURES),
    ("unet, valid", "unet", {"padding": "valid"}, VALID),
    ("attention_unet", "attention_unet", {}, PICTURES),
    ("residual_unet", "residual_unet", {}, PICTURES),
    ("unet_plus_plus", "unet_plus_plus", {}, PICTURES),
    ("trans_unet", "trans_unet", {}, PICTURES),
    ("unet_3d", "unet_3d", {}, VOLUMES),
    ("encoder_unet, resnet50", "encoder_unet", {}, PICTURES),
    ("encoder_unet, vgg16", "encoder_unet", {"encoder": "vgg16"}, PICTURES),
    ("encoder_classifier, resnet50", "encoder_classifier", {}, PICTURES),
    ("unet_classifier, average", "unet_classifier", {"head": "average"}, PICTURES),
    # 64 pixels, not 256: its one dense layer would make a file of a gigabyte.
    ("unet_classifier, flatten, 64 pixels", "unet_classifier", {"image_size": 64}, [(1, 64, 64), (3, 64, 64)]),
]


def line(framework, filters, name, builder, options, shapes):
    """One line of the table."""
    if filters:  # published encoders have their own widths
        width = {"encoder": narrow(options.get("encoder", "resnet50"))} if "encoder" in builder else {}
        options = options | width | ({} if builder == "encoder_classifier" else {"base_filters": filters})
    twin = importlib.import_module(f"unet_course.{framework}")
    twin.set_seed(0)
    model = getattr(twin, builder)(**options)
    logits = {"keras": keras_logits, "torch": torch_logits}
    channels = 4 if builder == "unet_3d" else 3
    differences = []
    with tempfile.TemporaryDirectory() as folder:
        path = onnx_files.export(model, Path(folder) / "model.onnx")
        file = onnx_files.OnnxModel(path)
        for shape in shapes:
            images = np.random.default_rng(0).random((*shape, channels), dtype=np.float32)
            ours, theirs = logits[framework](model, images), file.logits(images)
            apart = np.abs(ours - theirs).max() / np.abs(ours).max() if ours.shape == theirs.shape else 1
            differences.append(float(apart))
        megabytes = path.stat().st_size / 1e6
    return {
        "network": name,
        "framework": framework,
        "depth": depth(getattr(twin, builder), options),
        "parameters": twin.count_parameters(model),
        "megabytes": round(megabytes, 1),
        "largest_difference": max(differences),
        "shapes": [[*shape, channels] for shape in shapes],
    }


def depth(builder, options):
    """Resolution levels of a network, by its arguments, its defaults, or its published encoder."""
    named = builder.__kwdefaults__ | options
    return named["depth"] if "depth" in named else find_encoder(named["encoder"]).halvings + 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--filters", type=int, help="of the finest level; published encoders are made narrow, too")
    parser.add_argument("--framework", choices=("keras", "torch"), help="the lines of the other one are kept")
    arguments = parser.parse_args()
    lines = []
    for framework in [arguments.framework] if arguments.framework else ["keras", "torch"]:
        for network in NETWORKS:
            lines.append(line(framework, arguments.filters, *network))
            words = "{network:<36} {framework:<6} {parameters:>11,} {largest_difference:.1e}"
            print(words.format(**lines[-1]), flush=True)
    if arguments.framework:
        kept = results.read_benchmark("exports")["networks"]
        lines += [one for one in kept if one["framework"] != arguments.framework]
    names = ("keras", "tensorflow", "torch", "onnx", "onnxruntime", "onnxscript", "tf2onnx")
    versions = {name: importlib.metadata.version(name) for name in names}
    results.write_benchmark("exports", {"networks": lines, "filters": arguments.filters, "versions": versions})


if __name__ == "__main__":
    main()

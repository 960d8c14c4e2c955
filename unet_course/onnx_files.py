"""Models as ONNX files: written from either twin, run without either.

ONNX is a format for networks: a list of operations with their weights. onnxruntime runs it from Python, C, C#, Java and
JavaScript, with no framework installed. Needs what the extra `beyond` brings.
"""

import contextlib
import json
import logging
import os
import warnings
from pathlib import Path

import numpy as np

from .shipping import check_card

CARD_KEY = "unet_course_card"

# PyTorch follows the network on one example and keeps what it saw. Sides that need padding make it keep the padding.
_EXAMPLE = (2, 35, 37)


def export(model, path, *, card=None, example=_EXAMPLE):
    """Write a picture-to-logits model of either twin as an ONNX file for any batch and any picture size.

    PyTorch is followed by its own exporter (onnxscript); Keras on TensorFlow by `Model.export` (tf2onnx).

    Parameters
    ----------
    model : torch.nn.Module or keras.Model
        Such as `unet` returns; the file holds it as it is in use, not in training.
    path : path
        Of the file, with its suffix `.onnx`.
    card : dict, optional
        Put into the file's metadata; checked by `shipping.check_card`.
    example : tuple of int
        Batch, height and width of the pictures that PyTorch's exporter follows through the network.

    Returns
    -------
    Path

    Raises
    ------
    ModuleNotFoundError
        If onnx or an exporter is missing.
    ValueError
        If the card leaves a question open, or Keras runs on another backend than TensorFlow.
    """
    import onnx

    if card is not None:
        check_card(card)
    path = Path(path)
    part = path.with_name(f"part-{path.name}")
    with _quietly():
        (_export_keras if hasattr(model, "trainable_weights") else _export_torch)(model, part, example)
    graph = onnx.load(part)
    _name_ends(graph.graph)
    if card is not None:
        onnx.helper.set_model_props(graph, {CARD_KEY: json.dumps(card, sort_keys=True)})
    onnx.checker.check_model(graph)
    onnx.save(graph, part)
    os.replace(part, path)
    return path


class OnnxModel:
    """An ONNX file that is ready to run.

    Parameters
    ----------
    path : path
    threads : int
        Processor threads for one picture.

    Attributes
    ----------
    card : dict or None
        What the file says about itself.
    """

    def __init__(self, path, *, threads=1):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        text = self.session.get_modelmeta().custom_metadata_map.get(CARD_KEY)
        self.card = json.loads(text) if text else None

    def logits(self, images):
        """Logits (N, H, W, K) of prepared images (N, H, W, C), float32."""
        images = np.ascontiguousarray(images, np.float32)
        return self.session.run(None, {self.session.get_inputs()[0].name: images})[0]

    def predict(self, images):
        """Probabilities (N, H, W) of a model with one output channel."""
        return 1 / (1 + np.exp(-self.logits(images)[..., 0]))


def operations(path):
    """How often each operation occurs in an ONNX file, most frequent first.

    Parameters
    ----------
    path : path
        Of a file such as `export` writes.

    Returns
    -------
    dict of str to int
        From the names of ONNX, such as `Conv`; equally frequent ones by the alphabet.
    """
    import onnx

    names = [node.op_type for node in onnx.load(path).graph.node]
    return dict(sorted({name: names.count(name) for name in names}.items(), key=lambda item: (-item[1], item[0])))


def _export_torch(model, path, example):
    import torch

    training = model.training
    channels = model.plan.in_channels
    anything = torch.export.Dim.DYNAMIC
    try:
        torch.onnx.export(
            model.eval().cpu(),
            (torch.zeros(*example, channels),),
            str(path),
            input_names=["images"],
            output_names=["logits"],
            dynamic_shapes=({0: anything, 1: anything, 2: anything},),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    finally:
        model.train(training)


def _export_keras(model, path, example):
    import keras

    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            f"Keras exports sizes that vary on TensorFlow only, and this is {keras.backend.backend()}: put the weights "
            "into the PyTorch twin (shipping.get_state, shipping.set_state) and export that."
        )
    model(np.zeros((*example, model.input_shape[-1]), np.float32))  # Keras exports what has been called once
    model.export(str(path), format="onnx", verbose=False)


def _name_ends(graph):
    """Call the first input "images" and the output "logits", whatever the exporter called them."""
    new = {graph.input[0].name: "images", graph.output[0].name: "logits"}
    graph.input[0].name, graph.output[0].name = new.values()
    for node in graph.node:
        for names in (node.input, node.output):
            for position, name in enumerate(names):
                names[position] = new.get(name, name)


@contextlib.contextmanager
def _quietly():
    """Without the exporters' remarks on packages that are not needed."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logging.disable(before)

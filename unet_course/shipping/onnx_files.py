"""Models as ONNX files: written from either twin, run without either.

ONNX is a format for networks: a list of operations with their weights. onnxruntime runs it from Python, C, C#, Java and
JavaScript, with no framework installed. Needs what the extra `beyond` brings.
"""

import contextlib
import io
import json
import logging
import os
import re
import textwrap
import warnings
from pathlib import Path

import numpy as np
from scipy import special

from ..common import inputs
from ..common.batches import as_float
from . import check_card

CARD_KEY = "unet_course_card"


def export(model, path, *, card=None):
    """Write a network of either twin as an ONNX file for any batch and, where the network takes any, any size.

    PyTorch is followed by its own exporter (onnxscript); Keras on TensorFlow by `Model.export` (tf2onnx).

    Parameters
    ----------
    model : torch.nn.Module or keras.Model
        Any network of this package, of images or volumes; the file holds it as it is in use, not in training.
    path : path
        Of the file, with its suffix `.onnx`.
    card : dict, optional
        Put into the file's metadata; checked by `shipping.check_card`.

    Returns
    -------
    Path

    Raises
    ------
    ModuleNotFoundError
        If onnx or an exporter is missing.
    ValueError
        If the card leaves a question open, Keras runs on another backend than TensorFlow, or the exporter cannot follow
        the network.

    Notes
    -----
    `benchmarks/exports.py` compares the file of every network with its source. Explained in the chapter "Shipping a
    model", section "ONNX: the network travels too".
    """
    import onnx

    if card is not None:
        check_card(card)
    path = Path(path)
    part = path.with_name(f"part-{path.name}")
    write = _export_keras if hasattr(model, "trainable_weights") else _export_torch
    try:
        with _quietly():
            write(model, part)
    except ModuleNotFoundError:
        raise
    except Exception as error:  # whatever an exporter raises, it comes with pages of graphs
        part.unlink(missing_ok=True)
        raise ValueError(f"{type(model).__name__} could not be written as ONNX: {_cause(error)}") from None
    graph = onnx.load(part)
    _spell_out_erfc(graph.graph)
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
        Processor threads for one image.

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
        """Probabilities, as `predict` of both twins has them: (N, H, W) from one output channel, else (N, H, W, K)."""
        logits = self.logits(as_float(inputs.as_images(images)))
        return special.expit(logits[..., 0]) if logits.shape[-1] == 1 else special.softmax(logits, axis=-1)


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


def _export_torch(model, path):
    import torch

    for wrapper in ("module", "_orig_mod"):  # of DataParallel and of torch.compile
        model = getattr(model, wrapper, model)
    if not hasattr(model, "config"):
        raise ValueError(
            "it is no network of this package; call torch.onnx.export yourself."
        )
    training, device = model.training, next(model.parameters()).device
    images = torch.zeros(_example(model))
    sides = range(1, 1 if getattr(model, "size", None) else images.ndim - 1)
    try:
        torch.onnx.export(
            model.eval().cpu(),
            (images,),
            str(path),
            input_names=["images"],
            output_names=["logits"],
            dynamic_shapes=(dict.fromkeys((0, *sides), torch.export.Dim.DYNAMIC),),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    finally:
        model.to(device).train(training)


def _example(model):
    """Shape of images for PyTorch's exporter, which follows them through the network and keeps what it saw.

    Sides that need padding make it keep the padding.
    """
    config = model.config
    if side := getattr(model, "size", None):  # a classifier that takes this size only
        return (2, side, side, config.in_channels)
    side = 32
    if config.padding == "valid":
        side = 8  # at the bottom; nothing is left of fewer
        for _ in range(config.depth - 1):
            side = 2 * side + 4
    return (2, *(side + odd for odd in (3, 5, 7)[: config.dimensions]), config.in_channels)


def _export_keras(model, path):
    import keras

    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            f"Keras exports sizes that vary on TensorFlow only, and this is {keras.backend.backend()}: put the weights "
            "into the PyTorch twin (shipping.get_state, shipping.set_state) and export that."
        )
    images = keras.InputSpec(shape=model.input_shape, dtype="float32", name="images")
    model.export(str(path), format="onnx", verbose=False, input_signature=[images])


def _spell_out_erfc(graph):
    """Write 1 - Erf where tf2onnx leaves Erfc, an operation that ONNX does not have; TensorFlow's GELU needs it."""
    import onnx

    one, nodes = "one_of_erfc", []
    for node in graph.node:
        if node.op_type != "Erfc":
            nodes.append(node)
            continue
        inner = f"{node.output[0]}_erf"
        nodes.append(onnx.helper.make_node("Erf", node.input, [inner]))
        nodes.append(onnx.helper.make_node("Sub", [one, inner], node.output))
    if len(nodes) > len(graph.node):
        graph.initializer.append(onnx.numpy_helper.from_array(np.float32(1), one))
        del graph.node[:]
        graph.node.extend(nodes)


def _name_ends(graph):
    """Call the first input "images" and the output "logits", whatever the exporter called them."""
    new = {graph.input[0].name: "images", graph.output[0].name: "logits"}
    graph.input[0].name, graph.output[0].name = new.values()
    for node in graph.node:
        for names in (node.input, node.output):
            for position, name in enumerate(names):
                names[position] = new.get(name, name)


def _cause(error):
    """The first line of what an error goes back to."""
    while error.__cause__ is not None:
        error = error.__cause__
    line = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return textwrap.shorten(re.sub(r"\x1b\[\d+m", "", line), 300, placeholder=" ...")


@contextlib.contextmanager
def _quietly():
    """Without what the exporters print: remarks on packages that are not needed and, on failure, the whole network."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    nowhere = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logging.disable(before)

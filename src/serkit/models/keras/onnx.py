"""Keras nets in ONNX graphs, by tf2onnx: scaling and padding of a clip included."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from serkit.extras import require
from serkit.models.graph import OPSET, Graph, cannot_export
from serkit.models.keras.backend import loaded_backend
from serkit.models.keras.batches import STEP
from serkit.models.keras.scaling import Scaling
from serkit.models.keras.source import Source

_PLAIN = ("serkit>LSTM", "serkit>MultiHeadAttention")
"""Layers that are Keras's own but for how they are trained: in a graph Keras's stand for them."""


def net_probabilities(graph: Graph, model: Any, source: Source, scaling: Scaling) -> str:
    """Add a net to a graph, from a feature to probabilities.

    Args:
        graph: The graph.
        model: The Keras model.
        source: What it reads of a clip.
        scaling: How that is scaled.

    Returns:
        The name of the probabilities, float32, ``(clips, classes)``; of spectrograms, one clip.

    Raises:
        RunError: Keras runs on another backend in this process.
        MissingDependencyError: tf2onnx or TensorFlow is not installed.
    """
    require("tensorflow", extra="onnx,tensorflow")
    require("tf2onnx", extra="onnx")
    running = loaded_backend("tensorflow")
    if running != "tensorflow":
        raise cannot_export(
            "a net", f"tf2onnx converts TensorFlow's graphs, and Keras runs on {running} here"
        )
    inputs = _inputs(graph, source, scaling)
    if scaling.beside is not None:
        inputs["beside"] = _scaled(graph, graph.matrix(source.tables), scaling.beside)
    converted = _converted(model, source, tuple(inputs))
    (found,) = graph.include(converted, inputs)
    return graph.normalised(found)


def _inputs(graph: Graph, source: Source, scaling: Scaling) -> dict[str, str]:
    """Return the net's inputs of one clip, as :func:`~serkit.models.keras.batches.assemble`."""
    if source.padding == "none":
        rows = _scaled(graph, graph.matrix(source.features), scaling)
        return {"frames": graph.op("Unsqueeze", rows, graph.constant([1], np.int64))}
    frames = graph.frames(source.feature)
    if source.scale == "db":
        frames = _decibels(graph, frames)
    frames = _scaled(graph, frames, scaling)
    count = graph.op("Shape", frames, start=0, end=1)
    if source.length is None:
        return _behind(graph, frames, count)
    length = graph.constant([source.length], np.int64)
    return _in_front(graph, frames, count, length, source, scaling)


def _decibels(graph: Graph, power: str) -> str:
    """Return decibels, at most 80 below the clip's peak, as :func:`serkit.dsp.mel.power_to_db`."""
    floored = graph.op("Max", power, graph.constant(np.float32(1e-10)))
    decibels = graph.op(
        "Mul", graph.op("Log", floored), graph.constant(np.float32(10 / np.log(10)))
    )
    least = graph.op(
        "Sub", graph.op("ReduceMax", decibels, keepdims=0), graph.constant(np.float32(80))
    )
    return graph.op("Max", decibels, least)


def _scaled(graph: Graph, frames: str, scaling: Scaling) -> str:
    """Return frames scaled, in double precision as in training: raw powers reach 1e12."""
    shifted = graph.op("Sub", graph.cast(frames, np.float64), graph.constant(scaling.mean))
    divided = graph.op("Div", shifted, graph.constant(scaling.deviation))
    if scaling.limit is not None:
        low, high = (graph.constant(np.float64(s * scaling.limit)) for s in (-1, 1))
        divided = graph.op("Clip", divided, low, high)
    return graph.cast(divided, np.float32)


def _bucket(graph: Graph, count: str) -> str:
    """Return the multiple of the step that a clip is padded to."""
    step = graph.constant([STEP], np.int64)
    up = graph.op("Add", count, graph.constant([STEP - 1], np.int64))
    return graph.op("Mul", graph.op("Div", up, step), step)


def _behind(graph: Graph, frames: str, count: str) -> dict[str, str]:
    """Pad with zeros at the end, and mark the live frames."""
    missing = graph.op("Sub", _bucket(graph, count), count)
    none = graph.constant([0], np.int64)
    padded = graph.op("Pad", frames, graph.op("Concat", none, none, missing, none, axis=0))
    ones = graph.op("Expand", graph.constant(np.ones(1, np.float32)), count)
    live = graph.op("Pad", ones, graph.op("Concat", none, missing, axis=0))
    return {"frames": _batch(graph, padded), "live": _batch(graph, live)}


def _in_front(
    graph: Graph, frames: str, count: str, length: str, source: Source, scaling: Scaling
) -> dict[str, str]:
    """Pad with silence in front of the clip, to the recipe's length or as far as is needed."""
    if not source.fixed:
        length = graph.op("Min", _bucket(graph, count), length)
    missing = graph.op("Sub", length, count)
    silence = np.zeros((1, source.bands), np.float32)
    if source.scale == "power":
        silence = scaling(silence)
    shape = graph.op("Concat", missing, graph.constant([source.bands], np.int64), axis=0)
    lead = graph.op("Expand", graph.constant(silence), shape)
    inputs = {"frames": _batch(graph, graph.op("Concat", lead, frames, axis=0))}
    if source.padding == "masked":
        ones = graph.op("Expand", graph.constant(np.ones(1, np.float32)), count)
        none = graph.constant([0], np.int64)
        live = graph.op("Pad", ones, graph.op("Concat", missing, none, axis=0))
        inputs["live"] = _batch(graph, live)
    return inputs


def _batch(graph: Graph, value: str) -> str:
    return graph.op("Unsqueeze", value, graph.constant([0], np.int64))


def _converted(model: Any, source: Source, inputs: tuple[str, ...]) -> Any:
    """Convert the net alone, for one clip of any length."""
    import tensorflow as tf
    from tf2onnx.convert import from_function

    plain = _with_plain_layers(model)
    clips = None if source.padding == "none" else 1
    shapes: dict[str, tuple[int | None, ...]] = {
        "frames": (clips, source.length if source.fixed else None, source.bands),
        "live": (clips, None),
        "beside": (clips, source.columns),
    }

    def answer(*values: Any) -> Any:
        given = dict(zip(inputs, values, strict=True))
        return plain(given, training=False)

    signature = [tf.TensorSpec(shapes[name], tf.float32, name=name) for name in inputs]
    handlers: dict[str, Any] = {"Erfc": (_erfc, [])}
    found, _ = from_function(
        tf.function(answer),
        input_signature=signature,
        opset=OPSET,
        custom_op_handlers=handlers,
    )
    for each in found.graph.input:  # TensorFlow may add an output's number to a name
        each.name = each.name.partition(":")[0]
    return found


def _with_plain_layers(model: Any) -> Any:
    """Return the net with Keras's layers in place of those that train faster."""
    import keras

    architecture = json.loads(model.to_json())
    _replace(architecture)
    plain = keras.models.model_from_json(json.dumps(architecture))
    plain.set_weights(model.get_weights())
    return plain


def _replace(value: Any) -> None:
    if isinstance(value, dict):
        if value.get("registered_name") in _PLAIN:
            value |= {"module": "keras.layers", "registered_name": None}
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            _replace(each)


def _erfc(context: Any, node: Any, name: str, args: Any) -> Any:
    """Write the complementary error function, which ONNX lacks, as 1 - erf."""
    del args
    node.type = "Erf"
    found = node.output[0]
    one = context.make_const(name + "/one", np.array(1, np.float32))
    rest = context.make_node("Sub", [one.output[0], found], name=name + "/rest")
    others = [each for each in context.get_nodes() if each is not rest]
    context.replace_all_inputs(found, rest.output[0], ops=others)
    return node

"""Building one ONNX graph from several models, node by node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from serkit.errors import RunError
from serkit.features import ArrayLayout, FeatureSpec
from serkit.models.graph.mel import mel_power, reads_samples

OPSET = 18
"""Version of ONNX's operators; all parts of a graph share it."""

ML_OPSET = 3
"""Version of the operators of trees and support vector machines."""

_IR = 9

SAMPLES = "samples"


@dataclass(frozen=True)
class Input:
    """One input of a graph: a part of a clip's data.

    Attributes:
        name: The input's name.
        kind: ``samples``: int16 amplitudes, shape ``(n,)``, one clip; ``frames``: a feature in
            its true length, ``(bands, frames)``, float32, one clip; ``row``: a feature with each
            clip as one row, ``(clips, columns)``, float32; ``column``: a number of each recording,
            ``(clips, 1)``, float64.
        feature: The feature, or the recording column.
    """

    name: str
    kind: str
    feature: str


@runtime_checkable
class Exportable(Protocol):
    """A fitted model that an ONNX graph can hold."""

    def to_onnx(self, graph: Graph) -> str:
        """Add what the model computes to a graph.

        Returns:
            The name of its probabilities, float32, shape ``(clips, classes)``.

        Raises:
            RunError: The graph cannot hold it.
        """


def cannot_export(what: str, why: str) -> RunError:
    """Return the error for a model that no graph can hold.

    Example:
        >>> cannot_export("majority", "it reads nothing").got
        'majority cannot be exported to ONNX: it reads nothing'
    """
    return RunError(
        f"{what} cannot be exported to ONNX: {why}",
        hint="'serkit predict' and 'serkit serve' use the run itself",
    )


class Graph:
    """An ONNX graph that grows.

    Args:
        specs: The features that its models read.
    """

    def __init__(self, specs: Sequence[FeatureSpec]) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: dict[str, tuple[Input, Any]] = {}
        self._made: dict[tuple[str, str], str] = {}
        self._count = 0

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The graph's inputs, in the order of their first use."""
        return tuple(each for each, _ in self._inputs.values())

    def op(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        """Add an operator; returns the name of its first output, others are ``NAME.1`` and so on.

        Args:
            kind: The operator, such as ``MatMul``.
            inputs: Names of what it reads; empty for what is left out.
            outputs: How many outputs it has.
            attributes: Its attributes; ``domain`` is the operator set.
        """
        from onnx import helper

        name = self._fresh(kind)
        names = [name, *(f"{name}.{place}" for place in range(1, outputs))]
        self._nodes.append(helper.make_node(kind, inputs, names, name=name, **attributes))
        return name

    def constant(self, value: npt.ArrayLike, dtype: npt.DTypeLike | None = None) -> str:
        """Add an array; returns its name."""
        from onnx import numpy_helper

        name = self._fresh("constant")
        self._constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def cast(self, name: str, dtype: npt.DTypeLike) -> str:
        """Return a value in another type."""
        from onnx import helper

        return self.op("Cast", name, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def matrix(self, features: Sequence[str], columns: Sequence[str] = ()) -> str:
        """Return features side by side, each clip a row, then recording columns; float64.

        As :meth:`serkit.models.ClipData.matrix`, shape ``(clips, columns of all)``.
        """
        parts = [self.cast(self._row(feature), np.float64) for feature in features]
        parts += [
            self._input(Input(f"column_{name}", "column", name), np.float64, [None, 1])
            for name in columns
        ]
        return parts[0] if len(parts) == 1 else self.op("Concat", *parts, axis=1)

    def frames(self, feature: str) -> str:
        """Return one clip's spectrogram in its true length, shape ``(frames, bands)``, float32.

        Of mel spectrograms the graph computes it itself, from the samples.
        """
        found = self._made.get((feature, "frames"))
        if found is None:
            spec = self._specs[feature]
            if reads_samples(spec):
                samples = self._input(Input(SAMPLES, "samples", feature), np.int16, [None])
                found = mel_power(self, samples, spec)
            else:
                bands = self._bands(spec)
                named = Input(feature, "frames", feature)
                found = self.op(
                    "Transpose", self._input(named, np.float32, [bands, None]), perm=[1, 0]
                )
            self._made[feature, "frames"] = found
        return found

    def add(self, model: object, kind: str) -> str:
        """Add a fitted model; returns the name of its probabilities.

        Args:
            model: The model.
            kind: What it is, for messages.

        Raises:
            RunError: No graph can hold it.
        """
        if not isinstance(model, Exportable):
            raise cannot_export(kind, "models of this kind have no graph")
        return model.to_onnx(self)

    def normalised(self, values: str) -> str:
        """Return rows divided by their sums."""
        total = self.op("ReduceSum", values, self.constant([1], np.int64), keepdims=1)
        return self.op("Div", values, total)

    def include(self, model: Any, inputs: Mapping[str, str]) -> tuple[str, ...]:
        """Copy another ONNX model into this graph.

        Args:
            model: The model.
            inputs: From its inputs' names to values of this graph.

        Returns:
            Names of its outputs.
        """
        from onnx import compose, helper

        prefix = self._fresh("part") + "/"
        graph = compose.add_prefix(model, prefix).graph
        for given in graph.input:
            theirs = given.name.removeprefix(prefix)
            if theirs in inputs:
                self._nodes.append(helper.make_node("Identity", [inputs[theirs]], [given.name]))
        self._nodes += graph.node
        self._constants += graph.initializer
        return tuple(each.name for each in graph.output)

    def finish(self, probabilities: str, classes: int, metadata: Mapping[str, str]) -> Any:
        """Return the graph as a checked ONNX model with one output, ``probabilities``."""
        import onnx
        from onnx import helper

        self._nodes.append(helper.make_node("Identity", [probabilities], ["probabilities"]))
        output = helper.make_tensor_value_info(
            "probabilities", onnx.TensorProto.FLOAT, ["clips", classes]
        )
        graph = helper.make_graph(
            self._nodes,
            "serkit",
            [value for _, value in self._inputs.values()],
            [output],
            self._constants,
        )
        model = helper.make_model(
            graph,
            producer_name="serkit",
            ir_version=_IR,
            opset_imports=[
                helper.make_opsetid("", OPSET),
                helper.make_opsetid("ai.onnx.ml", ML_OPSET),
            ],
        )
        helper.set_model_props(model, dict(metadata))
        onnx.checker.check_model(model)
        return model

    def _row(self, feature: str) -> str:
        layout = self._specs[feature].layout()
        if isinstance(layout, ArrayLayout):
            if layout.length is None:
                raise cannot_export("a model that reads", f"{feature} has no length to pad to")
            width = int(np.prod(layout.item, dtype=np.int64)) * layout.length
        else:
            width = len(layout.columns)
        return self._input(Input(feature, "row", feature), np.float32, [None, width])

    def _bands(self, spec: FeatureSpec) -> int:
        layout = spec.layout()
        if not isinstance(layout, ArrayLayout) or len(layout.item) != 1:
            raise cannot_export(f"a net that reads {spec.name}", "it is not a spectrogram")
        return layout.item[0]

    def _input(self, wanted: Input, dtype: npt.DTypeLike, shape: Sequence[int | None]) -> str:
        from onnx import helper

        known = self._inputs.get(wanted.name)
        if known is None:
            free = "clips" if wanted.kind in ("row", "column") else wanted.kind
            value = helper.make_tensor_value_info(
                wanted.name,
                helper.np_dtype_to_tensor_dtype(np.dtype(dtype)),
                [free if size is None else size for size in shape],
            )
            self._inputs[wanted.name] = (wanted, value)
        elif known[0] != wanted:
            raise cannot_export(
                "this run", f"its models read {wanted.feature} in more than one form"
            )
        return wanted.name

    def _fresh(self, kind: str) -> str:
        self._count += 1
        return f"{kind}_{self._count}"

"""scikit-learn pipelines in ONNX graphs, by skl2onnx."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.extras import require
from serkit.models.graph import ML_OPSET, OPSET, Graph, cannot_export

_TREES_OPSET = 15
"""The newest that onnxmltools knows; of what it writes, nothing has changed since."""


def estimator_values(graph: Graph, estimator: Any, matrix: str, *, decisions: bool) -> str:
    """Add a fitted estimator to a graph.

    Args:
        graph: The graph.
        estimator: A classifier, or a pipeline that ends with one.
        matrix: What it reads, float64, shape ``(clips, columns)``.
        decisions: Whether its decision values are wanted in place of probabilities.

    Returns:
        One column per class that it was trained on, float32.

    Raises:
        RunError: skl2onnx does not know a step of it.
        MissingDependencyError: skl2onnx is not installed.
    """
    require("skl2onnx", extra="onnx")
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import DoubleTensorType

    _know_own_steps()
    last = estimator[-1] if hasattr(estimator, "steps") else estimator
    columns = int(estimator.n_features_in_)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # skl2onnx asks for what SVC drops
            model = convert_sklearn(
                estimator,
                initial_types=[("matrix", DoubleTensorType([None, columns]))],
                target_opset={"": OPSET, "ai.onnx.ml": ML_OPSET},
                options={id(last): {"zipmap": False, "raw_scores": decisions}},
            )
    except Exception as error:  # skl2onnx raises whatever a step's converter does
        kind = type(last).__name__
        raise cannot_export(kind, f"skl2onnx says {str(error).splitlines()[0]!r}") from error
    _, values = graph.include(model, {"matrix": matrix})
    return graph.cast(values, np.float32)


def widened(graph: Graph, values: str, trained: npt.NDArray[Any], classes: int) -> str:
    """Spread probabilities of the classes trained on over all, like ``decisions.widen``."""
    trained = np.asarray(trained, np.int64)
    places = np.zeros((len(trained), classes), np.float32)
    places[np.arange(len(trained)), trained] = 1
    return graph.normalised(graph.op("MatMul", values, graph.constant(places)))


def booster_probabilities(graph: Graph, booster: Any, matrix: str) -> str:
    """Add XGBoost's trees to a graph, by onnxmltools.

    Args:
        graph: The graph.
        booster: A booster with the objective ``multi:softprob``.
        matrix: What it reads, float64, shape ``(clips, columns)``.

    Returns:
        The name of its probabilities, float32.

    Raises:
        MissingDependencyError: onnxmltools is not installed.
    """
    require("onnxmltools", extra="onnx")
    from onnxmltools.convert import convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    model = convert_xgboost(
        booster,
        initial_types=[("matrix", FloatTensorType([None, booster.num_features()]))],
        target_opset=_TREES_OPSET,
    )
    _, values = graph.include(model, {"matrix": graph.cast(matrix, np.float32)})
    return graph.normalised(values)


def softmax_of_decisions(graph: Graph, values: str, classes: int, temperature: float) -> str:
    """Return the softmax of decision values over a temperature; of two classes there is one."""
    if classes == 2:
        values = graph.op("Slice", values, *_last_column(graph))
        values = graph.op("Concat", graph.op("Neg", values), values, axis=1)
    return graph.op("Softmax", graph.op("Div", values, graph.constant(np.float32(temperature))))


def _last_column(graph: Graph) -> tuple[str, ...]:
    starts, ends, axes = ([-1], [np.iinfo(np.int64).max], [1])
    return tuple(graph.constant(each, np.int64) for each in (starts, ends, axes))


def _know_own_steps() -> None:
    """Register converters for our own steps with skl2onnx; repeated calls are harmless."""
    from skl2onnx import update_registered_converter
    from skl2onnx.algebra.onnx_ops import OnnxClip, OnnxGather, OnnxMatMul, OnnxSub

    from serkit.models.classical.steps import Clip, ShrunkWhitening, TellingColumns

    def shape(width: Any) -> Any:
        def calculate(operator: Any) -> None:
            kind = operator.inputs[0].type.__class__
            rows = operator.inputs[0].get_first_dimension()
            operator.outputs[0].type = kind([rows, width(operator)])

        return calculate

    def clip(scope: Any, operator: Any, container: Any) -> None:
        limit = float(operator.raw_operator.limit)
        made = OnnxClip(
            operator.inputs[0],
            np.array(-limit),
            np.array(limit),
            op_version=container.target_opset,
            output_names=operator.outputs[:1],
        )
        made.add_to(scope, container)

    def keep(scope: Any, operator: Any, container: Any) -> None:
        made = OnnxGather(
            operator.inputs[0],
            operator.raw_operator.columns_.astype(np.int64),
            axis=1,
            op_version=container.target_opset,
            output_names=operator.outputs[:1],
        )
        made.add_to(scope, container)

    def whiten(scope: Any, operator: Any, container: Any) -> None:
        step, version = operator.raw_operator, container.target_opset
        centred = OnnxSub(operator.inputs[0], step.mean_[None], op_version=version)
        made = OnnxMatMul(
            centred,
            step.components_.T.astype(np.float64),
            op_version=version,
            output_names=operator.outputs[:1],
        )
        made.add_to(scope, container)

    same = shape(lambda operator: operator.inputs[0].type.shape[1])
    axes = shape(lambda operator: len(operator.raw_operator.components_))
    update_registered_converter(Clip, "SerkitClip", same, clip)
    kept = shape(lambda operator: len(operator.raw_operator.columns_))
    update_registered_converter(TellingColumns, "SerkitTellingColumns", kept, keep)
    update_registered_converter(ShrunkWhitening, "SerkitShrunkWhitening", axes, whiten)

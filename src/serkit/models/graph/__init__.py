"""ONNX graphs: what a fitted model computes, as a file that no framework is needed for."""

from serkit.models.graph.builder import (
    ML_OPSET,
    OPSET,
    Exportable,
    Graph,
    Input,
    cannot_export,
)

__all__ = ["ML_OPSET", "OPSET", "Exportable", "Graph", "Input", "cannot_export"]

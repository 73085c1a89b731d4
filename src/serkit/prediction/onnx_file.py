"""Models in an ONNX file, which predict without any framework.

The file holds the graph and, as its metadata ``serkit``, what a run's record holds: labels, the
recipes of what it reads, what the models can be expected to do. onnxruntime is all that it needs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.errors import NotFoundError, RunError, UsageError
from serkit.extraction.unlabelled import FeatureRequest
from serkit.extras import require
from serkit.models import ClipData
from serkit.models.graph import Input
from serkit.parameters import Scalar
from serkit.prediction.saved import Loaded, Saved

METADATA = "serkit"
"""The key of the file's metadata that holds :class:`OnnxModels` as JSON."""

VERSION = 1
"""Of that JSON."""


@dataclass(frozen=True, kw_only=True)
class OnnxModels(Saved):
    """Models in an ONNX file that serkit wrote.

    Attributes:
        inputs: What the graph reads.
        true_length: Whether clips of any length can be read.
        folds: The folds whose models answer together, or ``final``.
        golden: The answer to the golden clip where the file was written; None without one.
    """

    inputs: tuple[Input, ...]
    true_length: bool
    folds: tuple[str, ...]
    golden: tuple[float, ...] | None

    @cached_property
    def request(self) -> FeatureRequest:
        """The features to compute of a clip."""
        return FeatureRequest(self.specs, self.true_length)

    @cached_property
    def session(self) -> Any:
        """The graph in memory, opened once: that of a large model takes a tenth of a second."""
        return _session(self.record)

    def __getstate__(self) -> dict[str, Any]:
        """Return what worker processes get: they compute features and do not ask the graph."""
        return {name: value for name, value in vars(self).items() if name != "session"}

    def load(self, fold: str | None) -> Loaded:
        """Load the one graph, which answers for all folds.

        Raises:
            UsageError: A fold is named.
        """
        if fold is not None:
            raise UsageError(
                f"{self.name} holds one graph, and no folds to choose from",
                hint="choose when it is written: serkit export RUN --onnx FILE --fold FOLD",
            )
        graph = OnnxGraph(self.session, self.inputs, len(self.labels))
        golden = {} if self.golden is None else {self.name: np.array(self.golden)}
        return Loaded(self.folds, {self.name: graph}, golden)

    def to_metadata(self) -> str:
        """Return the file's metadata as JSON."""
        return json.dumps(
            {
                "version": VERSION,
                "run": self.name,
                "model": self.model,
                "preset": self.preset,
                "labels": self.labels,
                "features": list(self.features),
                "inputs": [vars(each) for each in self.inputs],
                "true_length": self.true_length,
                "folds": self.folds,
                "golden": self.golden,
                "audio": self.audio,
                "versions": dict(self.versions),
                "expected": dict(self.expected),
            }
        )


@dataclass(frozen=True)
class OnnxGraph:
    """A graph in memory that predicts clip by clip; see :class:`serkit.models.Fitted`."""

    session: Any
    inputs: tuple[Input, ...]
    classes: int

    @property
    def parameters(self) -> int:
        """Unknown: a graph's weights cannot be distinguished from its constants."""
        return 0

    @property
    def chosen(self) -> Mapping[str, Scalar]:
        """Nothing: the chosen values are in the run."""
        return {}

    def predict(self, data: ClipData) -> npt.NDArray[np.float64]:
        """Return probabilities, shape ``(n, classes)``."""
        out = np.zeros((len(data), self.classes))
        for position in range(len(data)):
            given = {each.name: _value(data, position, each) for each in self.inputs}
            (out[position : position + 1],) = self.session.run(None, given)
        return out

    def save(self, folder: Path) -> None:
        """Refuse: the file is there already."""
        raise RunError(f"an ONNX graph is not saved again in {folder}")


def read_onnx(path: Path) -> OnnxModels:
    """Read the metadata of an ONNX file.

    Raises:
        NotFoundError: There is no such file.
        RunError: It is damaged, or serkit has not written it.
        MissingDependencyError: onnxruntime is not installed.
    """
    if not path.is_file():
        raise NotFoundError(
            f"there is no file {path}", hint="write it with 'serkit export RUN --onnx FILE'"
        )
    session = _session(path)
    known = session.get_modelmeta().custom_metadata_map
    if METADATA not in known:
        raise RunError(
            f"{path} does not say which features it reads and what its outputs mean",
            allowed="ONNX files that serkit wrote can be asked",
            hint="write one with 'serkit export RUN --onnx FILE'",
        )
    try:
        facts = json.loads(known[METADATA])
        if facts["version"] != VERSION:
            raise RunError(
                f"{path} is of version {facts['version']}, and this serkit reads {VERSION}",
                hint="export the run again",
            )
        models = _models(path, facts)
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{path} is damaged ({type(error).__name__}: {error})", hint="export the run again"
        ) from error
    vars(models)["session"] = session  # where its cached property keeps it
    return models


def _models(path: Path, facts: Mapping[str, Any]) -> OnnxModels:
    golden = facts["golden"]
    return OnnxModels(
        name=path.name,
        model=str(facts["model"]),
        preset=str(facts["preset"]),
        features=facts["features"],
        labels=tuple(map(str, facts["labels"])),
        audio=facts["audio"],
        versions=facts["versions"],
        expected=facts["expected"],
        record=path,
        inputs=tuple(Input(**each) for each in facts["inputs"]),
        true_length=bool(facts["true_length"]),
        folds=tuple(map(str, facts["folds"])),
        golden=None if golden is None else tuple(map(float, golden)),
    )


def _session(path: Path) -> Any:
    """Open a graph on one thread: clips are small, and several threads wait for each other.

    Raises:
        RunError: It is no ONNX file that can be run.
        MissingDependencyError: onnxruntime is not installed.
    """
    return open_session(path.read_bytes(), str(path))


def open_session(model: bytes, shown: str) -> Any:
    """Open a graph in memory; see :func:`read_onnx`.

    Args:
        model: The file's content.
        shown: What messages call it.
    """
    require("onnxruntime", extra="onnx")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has an exception of its own for every status
        raise RunError(
            f"{shown} is no ONNX file that onnxruntime can run ({type(error).__name__})",
            hint="export the run again",
        ) from error


def _value(data: ClipData, position: int, wanted: Input) -> npt.NDArray[Any]:
    """Return one clip's value of an input."""
    at: Sequence[int] = [position]
    if wanted.kind == "column":
        return data.column(wanted.feature)[position : position + 1, None]
    if wanted.kind == "row":
        return np.asarray(data.read(wanted.feature, at).X, np.float32).reshape(1, -1)
    (found,) = data.read(wanted.feature, at, padded=False).X
    return np.ascontiguousarray(found, np.int16 if wanted.kind == "samples" else np.float32)

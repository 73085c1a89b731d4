"""Writing trained models as one ONNX file, which is kept only if it answers as they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.audio import read_audio
from serkit.errors import RunError, SerkitError, UsageError
from serkit.extras import require
from serkit.features import EXTRACTORS, FeatureSpec
from serkit.models import ClipData
from serkit.models.graph import Graph, Input, cannot_export
from serkit.prediction.golden import golden_features, golden_probabilities
from serkit.prediction.onnx_file import METADATA, OnnxGraph, OnnxModels, open_session
from serkit.prediction.saved import ENDING_OF_ONNX, Loaded, SavedModels
from serkit.progress import ProgressCallback, silent
from serkit.shown import Shown
from serkit.storage.files import write_file
from serkit.store.memory import MemoryStore
from serkit.units import byte_size

TOLERANCE = 1e-4
"""Most that a probability may differ from the models' own."""

CLIPS = 50
"""Clips that both are asked about before the file is kept."""

_LARGEST = 2**31 - 1
"""Bytes of the largest file that ONNX's format can hold."""


@dataclass(frozen=True)
class OnnxExport(Shown):
    """An ONNX file that was written.

    Attributes:
        path: The file.
        run: The models' run.
        folds: The folds whose models it holds, or ``final``.
        inputs: What the graph reads of a clip.
        size: In bytes.
        clips: How many clips it was compared on.
        largest_difference: The most that any probability differed by.
    """

    path: Path
    run: str
    folds: tuple[str, ...]
    inputs: tuple[Input, ...]
    size: int
    clips: int
    largest_difference: float

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return vars(self) | {
            "path": str(self.path),
            "folds": list(self.folds),
            "inputs": [vars(each) for each in self.inputs],
        }

    def __rich__(self) -> str:
        reads = " and ".join(_reads(each) for each in self.inputs)
        return (
            f"{self.path}: {byte_size(self.size)}, reads {reads}; on {self.clips} clips no "
            f"probability differs by more than {self.largest_difference:.0e}"
        )


def export_onnx(
    saved: SavedModels,
    path: Path,
    clips: Sequence[Path],
    *,
    fold: str | None = None,
    progress: ProgressCallback = silent,
) -> OnnxExport:
    """Write a run's models as one ONNX file.

    The graph holds the models that ``predict`` asks: the one of all speakers where there is one,
    else all folds', whose probabilities it averages. Mel spectrograms are computed in it.

    Args:
        saved: The models.
        path: The file.
        clips: Audio files on which the graph is compared with the models.
        fold: Which models, as for :meth:`SavedModels.chosen`.
        progress: Called with steps done, steps in all, and what is going on.

    Raises:
        UsageError: The file's name does not end in ``.onnx``.
        RunError: The graph cannot hold the models, or answers otherwise than they do; no file is
            left, and one that was there stays.
        MissingDependencyError: A package that converts is not installed.
    """
    if path.suffix.lower() != ENDING_OF_ONNX:
        raise UsageError(
            f"{path} does not end in {ENDING_OF_ONNX}", hint=f"name it {path.name}{ENDING_OF_ONNX}"
        )
    require("onnx", "onnxruntime", extra="onnx")
    _refuse_encoders(saved)
    _choose_backend(saved)
    progress(0, len(saved.chosen(fold)) + len(clips), "loading")
    loaded = saved.load(fold)
    steps = len(loaded.models) + len(clips)
    graph = Graph(saved.specs)
    answers = []
    for done, (name, model) in enumerate(loaded.models.items()):
        progress(done, steps, f"converting {saved.model} of fold {name}")
        answers.append(graph.add(model, saved.model))
    mean = answers[0] if len(answers) == 1 else graph.op("Mean", *answers)
    models = _described(saved, loaded, graph, path)
    content = _content(graph, mean, models)
    session = open_session(content, str(path))
    compared = OnnxGraph(session, models.inputs, len(models.labels))
    worst = 0.0
    for done, clip in enumerate(clips, start=len(loaded.models)):
        progress(done, steps, "comparing")
        worst = max(worst, _difference(clip, saved, loaded, models, compared))
    if not worst <= TOLERANCE:
        raise RunError(
            f"the graph of {saved.name} gives probabilities that are up to {worst:.1g} off",
            allowed=f"up to {TOLERANCE:g} is; no file was written",
        )
    write_file(path, content)
    return OnnxExport(
        path, saved.name, loaded.folds, models.inputs, len(content), len(clips), worst
    )


def _reads(each: Input) -> str:
    if each.kind == "samples":
        return "samples"
    return f"the column {each.feature}" if each.kind == "column" else each.feature


def _refuse_encoders(saved: SavedModels) -> None:
    for spec in saved.specs:
        framework = EXTRACTORS.get(spec.extractor).framework
        if framework:
            raise cannot_export(saved.name, f"{spec.name} is computed by {framework}")


def _choose_backend(saved: SavedModels) -> None:
    """Load Keras on TensorFlow, also for nets that were trained on another backend."""
    if "backend" in saved.values and "padding" in saved.values:
        from serkit.models.keras.backend import load_keras

        require("tensorflow", extra="onnx,tensorflow")
        load_keras("tensorflow")


def _described(saved: SavedModels, loaded: Loaded, graph: Graph, path: Path) -> OnnxModels:
    """Return the file's metadata, including the prediction for the golden clip."""
    request = saved.request
    specs = tuple(_stored(spec, graph.inputs, request.stretch) for spec in saved.specs)
    try:
        clip = golden_features(request)
        each = [golden_probabilities(model, clip) for model in loaded.models.values()]
        golden = tuple(np.mean(each, axis=0).tolist())
    except SerkitError:  # a recipe pads to less than a second
        golden = None
    return OnnxModels(
        name=saved.name,
        model=saved.model,
        preset=saved.preset,
        features=[spec.to_json() for spec in specs],
        labels=saved.labels,
        audio=saved.audio,
        versions=saved.versions,
        expected=saved.expected,
        record=path,
        inputs=graph.inputs,
        true_length=request.stretch,
        folds=loaded.folds,
        golden=golden,
    )


def _stored(spec: FeatureSpec, inputs: Sequence[Input], stretch: bool) -> FeatureSpec:
    """Return the recipe of what the graph reads: of a mel spectrogram in it, the samples."""
    inside = any(each.feature == spec.name and each.kind == "samples" for each in inputs)
    if not inside:
        return spec
    return replace(
        spec,
        extractor="raw",
        version=EXTRACTORS.get("raw").version,
        parameters={
            "pad_to": 0 if stretch else spec.parameters["pad_to"],
            "sample_rate": spec.parameters["sample_rate"],
        },
        summary=f"samples, from which the graph computes {spec.name}",
        options={},
    )


def _content(graph: Graph, probabilities: str, models: OnnxModels) -> bytes:
    metadata = {METADATA: models.to_metadata()}
    found = graph.finish(probabilities, len(models.labels), metadata)
    if found.ByteSize() > _LARGEST:
        raise cannot_export(
            models.name, f"it has {found.ByteSize() / 2**30:.1f} GiB and ONNX holds 2"
        )
    content: bytes = found.SerializeToString()
    return content


def _difference(
    clip: Path, saved: SavedModels, loaded: Loaded, models: OnnxModels, graph: OnnxGraph
) -> float:
    """Return the most that a probability of one clip differs by."""
    audio = read_audio(clip)

    def asked(folder: SavedModels | OnnxModels, members: Mapping[str, Any]) -> Probabilities:
        store = MemoryStore([folder.features_of("clip", audio, name=clip.name)])
        data = ClipData.of(store, ("clip",))
        return np.asarray(np.mean([each.predict(data) for each in members.values()], axis=0))

    difference = np.abs(asked(saved, loaded.models) - asked(models, {"graph": graph}))
    return float(difference.max())


Probabilities = npt.NDArray[np.float64]

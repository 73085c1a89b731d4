"""What a classical model reads of each clip: one row of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.errors import TrainingError
from serkit.models.classical.parameters import InputParameters, SpeakerParameters
from serkit.models.clips import ClipData, TrainingClips
from serkit.models.graph import Graph, cannot_export

Matrix = npt.NDArray[Any]


@dataclass(frozen=True)
class Inputs:
    """Inputs of a classical model.

    Attributes:
        features: Names of features, each clip flattened to a row.
        columns: Additional numeric metadata columns.
        layer: Of a feature of shape ``(layers, units)``, the layer that is read; None reads all.
        by_speaker: Whether every speaker's clips are standardised by that speaker's own mean and
            deviation.
    """

    features: tuple[str, ...]
    columns: tuple[str, ...] = ()
    layer: int | None = None
    by_speaker: bool = False

    @classmethod
    def of(cls, parameters: InputParameters) -> Inputs:
        """Return the inputs that parameters select.

        Raises:
            UsageError: They name no feature.
        """
        by_speaker = isinstance(parameters, SpeakerParameters) and parameters.by_speaker
        return cls(parameters.feature_names, parameters.column_names, by_speaker=by_speaker)

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> Inputs:
        """Return the inputs of a saved model.

        Args:
            facts: What :attr:`facts` returned; in most models without layer and speakers.
        """
        return cls(
            tuple(facts["features"]),
            tuple(facts["columns"]),
            facts.get("layer"),
            bool(facts.get("by_speaker")),
        )

    @property
    def facts(self) -> dict[str, Any]:
        """The features and columns, as saved with a model."""
        return {"features": self.features, "columns": self.columns}

    def training_matrix(self, data: TrainingClips) -> Matrix:
        """Read clips as recorded, then all of them in each of their voices, below each other.

        Raises:
            TrainingError: Speakers are to be standardised, and none has two clips.
        """
        copies = (data.matrix(self.features, self.columns, voice=voice) for voice in data.voices)
        blocks = [self._read(data), *copies]
        if self.by_speaker:  # another voice is another speaker
            _refuse_single_clips(data.speakers)
            blocks = [_standardised(block, data.speakers) for block in blocks]
        return np.concatenate(blocks)

    def matrix(self, data: ClipData) -> Matrix:
        """Read them, shape ``(n, columns)``; by speaker, all of them count as one speaker's."""
        matrix = self._read(data)
        if self.by_speaker:
            return _standardised(matrix, np.zeros(len(matrix), np.int64))
        return matrix

    def blocks(self, data: ClipData) -> tuple[slice, ...]:
        """Return the columns of each feature; those of the metadata count among the last one's."""
        widths = [data.read(name, [0]).X.size for name in self.features]
        widths[-1] += len(self.columns)
        return tuple(slice(*edges) for edges in pairwise(np.cumsum([0, *widths]).tolist()))

    def in_graph(self, graph: Graph) -> str:
        """Read them in an ONNX graph; returns the matrix's name, float64.

        Raises:
            RunError: Of these inputs a graph reads none.
        """
        if self.layer is not None or self.by_speaker:
            what = "one layer of an encoder" if self.layer is not None else "a speaker's clips"
            raise cannot_export("a model", f"it reads {what}")
        return graph.matrix(self.features, self.columns)

    def _read(self, data: ClipData) -> Matrix:
        if self.layer is not None:
            return np.ascontiguousarray(data.read(self.features[0]).X[:, self.layer])
        return data.matrix(self.features, self.columns)


def _refuse_single_clips(speakers: npt.NDArray[np.int64]) -> None:
    """Refuse to standardise single clips: all that is left of them is zeros."""
    if len(np.unique(speakers)) == len(speakers):
        raise TrainingError(
            f"normalise = 'speaker', and none of {len(speakers):,} training clips shares its "
            "speaker with another: clips whose speaker is unknown count as one speaker each",
            hint="name the speakers, or --set normalise=none",
        )


def _standardised(matrix: Matrix, speakers: npt.NDArray[np.int64]) -> Matrix:
    """Standardise the columns of each speaker's rows; a constant column becomes 0."""
    out = np.empty(matrix.shape, np.float64)
    for speaker in np.unique(speakers):
        mine = speakers == speaker
        rows = matrix[mine].astype(np.float64)
        deviation = rows.std(axis=0)
        out[mine] = (rows - rows.mean(axis=0)) / np.where(deviation > 1e-9, deviation, 1.0)
    return out

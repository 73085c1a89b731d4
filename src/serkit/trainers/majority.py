"""Predicts the most frequent training emotion: the baseline for every model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from serkit.models.clips import ClipData, FoldData
from serkit.models.facts import FACTS, read_facts
from serkit.models.trainer import FitContext, Fitted, Preset, Trainer
from serkit.parameters import Parameters, Scalar


@dataclass(frozen=True)
class MajorityModel:
    """The frequencies of the emotions in the training clips.

    Attributes:
        frequencies: Of each emotion; they sum to 1.
        fitted_clips: How many clips were counted; None once it was saved and loaded.
    """

    frequencies: tuple[float, ...]
    fitted_clips: int | None = None

    @property
    def parameters(self) -> int:
        """One frequency an emotion."""
        return len(self.frequencies)

    @property
    def chosen(self) -> Mapping[str, Scalar]:
        """Nothing."""
        return {}

    def predict(self, data: ClipData) -> npt.NDArray[np.float64]:
        """Return the same frequencies for every clip, shape ``(n, classes)``."""
        return np.tile(np.array(self.frequencies), (len(data), 1))

    def save(self, folder: Path) -> None:
        """Write the frequencies as JSON."""
        (folder / FACTS).write_text(json.dumps({"frequencies": self.frequencies}))


def _fit(fold: FoldData, _parameters: Parameters, _context: FitContext) -> Fitted:
    counts = np.bincount(fold.everything.labels, minlength=len(fold.labels))
    return MajorityModel(tuple((counts / counts.sum()).tolist()), len(fold.everything))


def _load(folder: Path) -> Fitted:
    return MajorityModel(tuple(read_facts(folder / FACTS)["frequencies"]))


TRAINER = Trainer(
    name="majority",
    summary="always the most frequent emotion",
    parameters=Parameters,
    presets={
        "best": Preset("there is nothing to set", Parameters()),
        "notebook": Preset("the study's baseline: the same", Parameters(), is_study=True),
    },
    features=lambda _parameters: (),
    fit=_fit,
    load=_load,
    validates=lambda _parameters: False,
)

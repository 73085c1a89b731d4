"""How much of a score is not emotion: models that use one property of the recording.

A clip's length, its level, its silences, the noise below the voice, or who speaks: none of them is
an emotion, and in acted corpora all of them may go with one. What such a model reaches above
chance is open to every other model, too (Geirhos et al. 2020, "Shortcut learning in deep neural
networks").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.clips import SAMPLE_RATE
from serkit.compute.blas import on_one_blas_thread
from serkit.models.classical.arrays import ARRAYS, load_arrays
from serkit.models.clips import ClipData, FoldData, TrainingClips
from serkit.models.probabilities import softmax
from serkit.models.trainer import FitContext, Fitted, Preset, Trainer
from serkit.parameters import Parameters, Scalar, parameter

Floats = npt.NDArray[np.float64]

_NUMBERS = ("mean", "deviation", "weights", "intercept", "emotions")
_LIMIT = 5.0
"""Standard deviations beyond which a measure says no more."""

_LEVEL = ("energy_speech_p05", "energy_speech_p50", "energy_speech_p95")
_SILENCE = ("duration_before", "duration_after", "pauses", "pause_max")

_FRAME = SAMPLE_RATE // 50
"""Samples in a frame of 20 ms."""

_QUIETEST = 10
"""One frame of so many, the quietest ones, is taken for noise without voice."""

_BANDS = (0, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000)
"""Lower edges in Hz of the bands that noise is measured in."""

_AT_ONCE = 32
"""Clips whose samples are in memory at a time."""


@dataclass(frozen=True)
class ShortcutParameters(Parameters):
    """The property of the recording that the model uses."""

    what: str = parameter(
        "duration",
        "the clip's length, the voice's level, silences before, within and behind it, the noise "
        "in the quietest frames, or the speaker, by a recogniser of the training speakers",
        choices=("duration", "loudness", "silence", "noise-floor", "speaker-id"),
    )


def _duration(data: ClipData) -> Floats:
    return np.log(data.column("num_frames"))[:, None]


def _functionals(columns: Sequence[str] | None) -> Callable[[ClipData], Floats]:
    """Return what reads columns of the functionals; None is all."""

    def read(data: ClipData) -> Floats:
        found = np.asarray(data.read("functionals").X, np.float64)
        if columns is None:
            return found
        names = [str(each) for each in data.layout("functionals").columns]  # type: ignore[union-attr]
        return found[:, [names.index(name) for name in columns]]

    return read


def _noise(data: ClipData) -> Floats:
    """Return the level of each band in the quietest frames in dB, shape ``(n, bands)``."""
    rows = []
    for start in range(0, len(data), _AT_ONCE):
        places = range(start, min(start + _AT_ONCE, len(data)))
        rows += [_noise_of(each) for each in data.read("raw", places, padded=False).X]
    return np.array(rows)


def _noise_of(samples: npt.NDArray[Any]) -> Floats:
    count = max(1, len(samples) // _FRAME)
    frames = np.resize(samples, (count, _FRAME)).astype(np.float64)
    level = np.square(frames).sum(axis=1)
    sounding = np.flatnonzero(level)  # digital silence holds no noise
    quiet = sounding[np.argsort(level[sounding], kind="stable")][: 1 + len(sounding) // _QUIETEST]
    power = np.square(np.abs(np.fft.rfft(frames[quiet], axis=1))).sum(axis=0)
    edges = np.searchsorted(np.fft.rfftfreq(_FRAME, 1 / SAMPLE_RATE), _BANDS)
    bands = np.add.reduceat(power, edges) / max(1, len(quiet))
    return np.asarray(10 * np.log10(bands + 1.0))


@dataclass(frozen=True)
class _Kind:
    """One shortcut.

    Attributes:
        features: Features that it is measured on.
        measure: From clips to numbers, shape ``(n, measures)``.
        squares: Whether the squares of the numbers are looked at, too.
        C: Inverse strength of the penalty.
    """

    features: tuple[str, ...]
    measure: Callable[[ClipData], Floats]
    squares: bool = True
    C: float = 1.0


_KINDS: Mapping[str, _Kind] = {
    "duration": _Kind((), _duration),
    "loudness": _Kind(("functionals",), _functionals(_LEVEL)),
    "silence": _Kind(("functionals",), _functionals(_SILENCE)),
    "noise-floor": _Kind(("raw",), _noise),
    "speaker-id": _Kind(("functionals",), _functionals(None), squares=False, C=1e-2),
}


@dataclass(frozen=True)
class ShortcutModel:
    """A linear model of a few numbers.

    Attributes:
        what: What it hears.
        mean: Of each number over the training clips.
        deviation: The same.
        weights: Shape ``(groups, numbers)``; groups are emotions, or training speakers.
        intercept: Shape ``(groups,)``.
        emotions: Probability of each emotion within a group, shape ``(groups, classes)``.
        fitted_clips: How many clips it was fitted on; None once it was saved and loaded.
    """

    what: str
    mean: Floats
    deviation: Floats
    weights: Floats
    intercept: Floats
    emotions: Floats
    fitted_clips: int | None = None

    @property
    def parameters(self) -> int:
        """Weights and intercepts."""
        return self.weights.size + self.intercept.size

    @property
    def chosen(self) -> Mapping[str, Scalar]:
        """Nothing."""
        return {}

    def predict(self, data: ClipData) -> Floats:
        """Return probabilities, shape ``(n, classes)``."""
        kind = _KINDS[self.what]
        numbers = _prepared(kind, kind.measure(data), self.mean, self.deviation)
        scores = numbers @ self.weights.T + self.intercept
        shares = softmax(scores)
        # As differences: groups with equal emotions give exactly those, without rounding.
        return np.asarray(self.emotions[0] + shares @ (self.emotions - self.emotions[0]))

    def save(self, folder: Path) -> None:
        """Write its numbers."""
        arrays = {name: getattr(self, name) for name in _NUMBERS}
        np.savez(folder / ARRAYS, what=np.array(self.what), **arrays)


def _prepared(kind: _Kind, numbers: Floats, mean: Floats, deviation: Floats) -> Floats:
    """Standardise numbers, clip outliers and add squares."""
    scaled = np.clip((numbers - mean) / deviation, -_LIMIT, _LIMIT)
    return np.hstack([scaled, np.square(scaled) - 1.0]) if kind.squares else scaled


@on_one_blas_thread
def _fit(fold: FoldData, parameters: ShortcutParameters, _context: FitContext) -> Fitted:
    from sklearn.linear_model import LogisticRegression

    kind, clips = _KINDS[parameters.what], fold.everything
    numbers = kind.measure(clips)
    mean, deviation = numbers.mean(axis=0), numbers.std(axis=0)
    deviation = np.where(deviation > 0, deviation, 1.0)
    groups, emotions = _groups(parameters.what, clips, len(fold.labels))
    if len(emotions) == 1:  # one speaker or one emotion: nothing to tell apart
        weights, intercept = np.zeros((1, 1)), np.zeros(1)
        weights = np.zeros((1, _prepared(kind, numbers[:1], mean, deviation).shape[1]))
    else:
        model = LogisticRegression(C=kind.C, max_iter=2000)
        model.fit(_prepared(kind, numbers, mean, deviation), groups)
        weights, intercept = _symmetric(model)
    return ShortcutModel(parameters.what, mean, deviation, weights, intercept, emotions, len(clips))


def _groups(what: str, clips: TrainingClips, classes: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return each clip's group from 0, and the share of every emotion in each group."""
    values = clips.speakers if what == "speaker-id" else clips.labels
    names, groups = np.unique(values, return_inverse=True)
    emotions = np.zeros((len(names), classes))
    np.add.at(emotions, (groups, clips.labels), 1.0)
    return groups.astype(np.int64), emotions / emotions.sum(axis=1, keepdims=True)


def _symmetric(model: Any) -> tuple[Floats, Floats]:
    """Return weights for every group; for two groups scikit-learn keeps a single row."""
    weights, intercept = np.asarray(model.coef_), np.asarray(model.intercept_)
    if len(weights) == 1:
        return np.vstack([-weights / 2, weights / 2]), np.concatenate([-intercept, intercept]) / 2
    return weights, intercept


def _load(folder: Path) -> Fitted:
    arrays = load_arrays(folder / ARRAYS)
    numbers: dict[str, Any] = {name: arrays[name] for name in _NUMBERS}
    return ShortcutModel(str(arrays["what"]), **numbers)


TRAINER = Trainer(
    name="shortcut",
    summary="length, level, silence, noise or speaker alone: what is not emotion",
    parameters=ShortcutParameters,
    presets={"best": Preset("the length of the clip alone", ShortcutParameters())},
    features=lambda parameters: _KINDS[parameters.what].features,
    fit=_fit,
    load=_load,
    validates=lambda _parameters: False,
)

"""Chance level: another model, trained on labels permuted within each speaker.

The whole pipeline runs unchanged, including feature and parameter selection; only the training
labels are meaningless. Each speaker keeps the same number of clips per emotion. A score above
chance indicates a leak (Ojala and Garriga 2010, "Permutation tests for
studying classifier performance").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.errors import UsageError
from serkit.models import TRAINERS
from serkit.models.clips import ClipData, FoldData, TrainingClips
from serkit.models.facts import read_facts
from serkit.models.trainer import FitContext, Fitted, Preset, Trainer
from serkit.parameters import Parameters, Scalar, parameter

_FILE = "permutation.json"


@dataclass(frozen=True)
class PermutationParameters(Parameters):
    """The model whose training labels are permuted."""

    of: str = parameter("logreg", "the model whose training labels are permuted (--of)")
    of_preset: str = parameter("best", "its preset")


@dataclass(frozen=True)
class PermutedModel:
    """A model that was fitted on permuted labels.

    Attributes:
        of: Its kind.
        model: The model.
    """

    of: str
    model: Fitted

    @property
    def parameters(self) -> int:
        """Those of the model."""
        return self.model.parameters

    @property
    def chosen(self) -> Mapping[str, Scalar]:
        """Values chosen by the model."""
        return self.model.chosen

    def __getattr__(self, name: str) -> Any:
        """Return further attributes of the model, such as its history."""
        if name in ("of", "model"):  # not there yet while this is being copied or unpickled
            raise AttributeError(name)
        return getattr(self.model, name)

    def predict(self, data: ClipData) -> npt.NDArray[np.float64]:
        """Ask the model."""
        return self.model.predict(data)

    def save(self, folder: Path) -> None:
        """Write the model, and of which kind it is."""
        self.model.save(folder)
        (folder / _FILE).write_text(json.dumps({"of": self.of}))


def permuted(fold: FoldData, seed: int) -> FoldData:
    """Permute the labels of a training side within each speaker.

    A clip has one and the same label wherever it is fitted on or chosen on. Clips that are chosen
    on and never fitted on keep theirs.

    Args:
        fold: The training side.
        seed: Of the permutation.
    """
    draw = np.random.default_rng([seed, 0x5EED])
    everything = fold.everything
    labels = everything.labels.copy()
    for speaker in np.unique(everything.speakers):
        places = np.flatnonzero(everything.speakers == speaker)
        labels[places] = labels[draw.permutation(places)]
    new = dict(zip(everything.clip_ids, labels.tolist(), strict=True))

    def relabelled(clips: TrainingClips) -> TrainingClips:
        known = zip(clips.clip_ids, clips.labels.tolist(), strict=True)
        return replace(
            clips, labels=np.array([new.get(clip, label) for clip, label in known], np.int64)
        )

    return replace(
        fold,
        train=relabelled(fold.train),
        validation=relabelled(fold.validation),
        everything=relabelled(everything),
    )


def _inner(parameters: PermutationParameters) -> tuple[Trainer[Any], Parameters]:
    """Return the wrapped trainer and its parameters."""
    of = parameters.of
    trainer = TRAINERS.get(of)
    if trainer.name == TRAINER.name or trainer.combines_runs:
        raise UsageError(
            f"of = {of!r} is not allowed", allowed="a model that is trained on labels itself is"
        )
    return trainer, trainer.settle(parameters.of_preset, {})


def _check(parameters: PermutationParameters) -> None:
    trainer, values = _inner(parameters)
    trainer.require()
    trainer.check(values)


def _fit(fold: FoldData, parameters: PermutationParameters, context: FitContext) -> Fitted:
    trainer, values = _inner(parameters)
    return PermutedModel(trainer.name, trainer.fit(permuted(fold, context.seed), values, context))


def _load(folder: Path) -> Fitted:
    of = str(read_facts(folder / _FILE)["of"])
    return PermutedModel(of, TRAINERS.get(of).load(folder))


def _features(parameters: PermutationParameters) -> tuple[str, ...]:
    trainer, values = _inner(parameters)
    return trainer.features(values)


def _voices(parameters: PermutationParameters) -> tuple[str, ...]:
    trainer, values = _inner(parameters)
    return trainer.voices(values)


def _true_length(parameters: PermutationParameters) -> bool:
    trainer, values = _inner(parameters)
    return trainer.true_length(values)


def _by_speaker(parameters: PermutationParameters) -> bool:
    trainer, values = _inner(parameters)
    return trainer.by_speaker(values)


def _validates(parameters: PermutationParameters) -> bool:
    trainer, values = _inner(parameters)
    return trainer.validates(values)


TRAINER = Trainer(
    name="permutation",
    summary="another model on labels permuted within each speaker: chance",
    parameters=PermutationParameters,
    presets={
        "best": Preset(
            "logistic regression at its best, on permuted labels",
            PermutationParameters(),
            "preset of the wrapped model",
        )
    },
    features=_features,
    voices=_voices,
    true_length=_true_length,
    by_speaker=_by_speaker,
    validates=_validates,
    check=_check,
    fit=_fit,
    load=_load,
)

"""Folds, splits, and what a protocol knows about a clip."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from serkit.features.spec import canonical_json


@dataclass(frozen=True, slots=True)
class SplitClip:
    """What a protocol knows about a clip.

    Attributes:
        clip_id: Its key.
        speaker: The speaker's name; ``unknown`` if not known.
        sex: ``male`` or ``female``, or ``unknown``.
        label: The label's number, from 0.
        pcm_sha256: Identity of its samples.
        corpus: The corpus's name.
        split: The part of a published split that it belongs to; empty where there is none.

    Example:
        >>> SplitClip("a01", speaker="anna", sex="female", label=4, pcm_sha256="0f...").speaker
        'anna'
    """

    clip_id: str
    speaker: str
    sex: str
    label: int
    pcm_sha256: str
    corpus: str = ""
    split: str = ""


@dataclass(frozen=True)
class Fold:
    """One division into training, validation and test clips.

    Attributes:
        name: ``"1"``, ``"2"``, ... or what distinguishes the fold (``"actor 7"``).
        train: Clips for fitting.
        validation: Clips of further speakers for choosing hyperparameters (epoch, C, depth). They
            belong to the training data: a model with nothing to choose is fitted on both.
        test: Clips for the reported result.

    Example:
        >>> Fold("1", train=("a01",), validation=("b01",), test=("c01",)).test
        ('c01',)
    """

    name: str
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


@dataclass(frozen=True)
class Split:
    """A protocol applied to clips.

    Attributes:
        protocol: The protocol's name.
        folds: Its folds.
        notes: Differences from the published split, such as missing speakers.

    Example:
        >>> split = Split("mine", (Fold("1", ("a01",), ("b01",), ("c01",)),))
        >>> len(split.digest)
        64
    """

    protocol: str
    folds: tuple[Fold, ...]
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Identity of the split: SHA-256 of the sorted clip ids by fold and role."""
        roles = [[sorted(f.train), sorted(f.validation), sorted(f.test)] for f in self.folds]
        return hashlib.sha256(canonical_json(roles).encode()).hexdigest()

"""The reference study's random 80/20 splits, over the clips sorted by id."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from serkit.evaluation.protocols._actors import CORPORA
from serkit.evaluation.splits import Protocol, Split, SplitClip, labels, random_folds


def _make(name: str, stratified: bool, random_state: int, clips: Sequence[SplitClip]) -> Split:
    from sklearn.model_selection import train_test_split

    positions = np.arange(len(clips))
    _, test = train_test_split(
        positions,
        test_size=0.2,
        random_state=random_state,
        stratify=labels(clips) if stratified else None,
    )
    return random_folds(name, clips, [test])


def study_protocol(name: str, *, stratified: bool, random_state: int, models: str) -> Protocol:
    """Build one of the study's three protocols.

    Args:
        name: Its name.
        stratified: Whether the emotions were balanced.
        random_state: The study's.
        models: Which of the study's models used it.
    """
    kind = "stratified" if stratified else "unstratified"
    return Protocol(
        name=name,
        summary=f"the study's random 80/20, {kind}, random_state {random_state} ({models})",
        source="the reference study",
        speaker_independent=False,
        make=partial(_make, name, stratified, random_state),
        choose_on_test=True,
        corpora=CORPORA,
    )

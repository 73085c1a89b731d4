"""The models that predict together, and their answers for clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt

from serkit.errors import FeatureError, SerkitError
from serkit.models import ClipData, Fitted
from serkit.models.opaque import with_true_names
from serkit.prediction.golden import TOLERANCE, golden_features, golden_probabilities
from serkit.prediction.saved import Loaded, Saved
from serkit.store.memory import ClipFeatures, MemoryStore
from serkit.store.source import ClipSource

Probabilities = npt.NDArray[np.float64]
"""Probability of each label, shape ``(labels,)``, summing to 1."""


@dataclass(frozen=True)
class Answer:
    """The models' prediction for one clip.

    Attributes:
        clip: The clip.
        probabilities: The mean over the models.
    """

    clip: ClipFeatures
    probabilities: Probabilities


class Members:
    """Trained models in memory whose probabilities are averaged.

    Threads may share them: predictions run one at a time.

    Args:
        saved: The models on disk.
        loaded: Those of them that were loaded.

    Attributes:
        folds: Names of the models.
    """

    def __init__(self, saved: Saved, loaded: Loaded) -> None:
        self.folds = loaded.folds
        self._saved = saved
        self._models = loaded.models
        self._golden = loaded.golden
        self._lock = Lock()

    def answer(self, clips: Sequence[ClipFeatures]) -> list[Answer | SerkitError]:
        """Predict clips.

        Clips padded beyond the recipes' length are predicted one by one: their batches would be
        large.

        Returns:
            For each clip the mean prediction, or the error.
        """
        found: list[Answer | SerkitError] = [FeatureError("not asked")] * len(clips)
        together = [i for i, clip in enumerate(clips) if clip.specs == self._saved.request.specs]
        alone = [[i] for i in range(len(clips)) if i not in set(together)]
        for group in filter(None, [together, *alone]):
            some = [clips[i] for i in group]
            answers = self.answer_from(MemoryStore(some), some)
            for position, each in zip(group, answers, strict=True):
                found[position] = each
        return found

    def answer_from(
        self, store: ClipSource, clips: Sequence[ClipFeatures]
    ) -> list[Answer | SerkitError]:
        """Predict clips whose features a store holds; all are padded alike."""
        refused: dict[str, SerkitError] = {}
        ids = tuple(clip.row.clip_id for clip in clips)
        with self._lock:
            total = sum(
                _ask(model, store, ids, len(self._saved.labels), refused)
                for model in self._models.values()
            )
        means = np.asarray(total) / len(self._models)
        return [
            _checked(clip, refused.get(clip.row.clip_id), each)
            for clip, each in zip(clips, means, strict=True)
        ]

    def warnings(self) -> tuple[str, ...]:
        """Warn if predictions for the golden clip differ from those at training time."""
        kept = self._golden
        if not kept:
            return ()
        clip = golden_features(self._saved.request)
        off = {
            name: float(np.abs(golden_probabilities(self._models[name], clip) - answer).max())
            for name, answer in kept.items()
        }
        worst = max(off, key=lambda name: off[name])
        if off[worst] <= TOLERANCE:
            return ()
        from serkit.compute.environment import installed_versions

        before, now = self._saved.versions, installed_versions()
        changed = [
            f"{name} {before[name]} -> {now[name]}"
            for name in before.keys() & now.keys()
            if before[name] != now[name]
        ]
        because = f" (since then: {', '.join(sorted(changed))})" if changed else ""
        which = f"the model of fold {worst}" if worst in self.folds else worst
        return (
            f"predictions may be unreliable: {which} gives the golden clip a "
            f"probability that is {off[worst]:.2f} off what it gave when it was trained"
            f"{because}; train it again",
        )


def _ask(
    model: Fitted,
    store: ClipSource,
    clip_ids: tuple[str, ...],
    labels: int,
    refused: dict[str, SerkitError],
) -> npt.NDArray[np.float64]:
    """Return a model's probabilities, shape ``(clips, labels)``.

    Args:
        model: The model.
        store: The source of its features.
        clip_ids: The clips.
        labels: The number of labels.
        refused: Collects errors by clip id; the rows of these clips are NaN.
    """
    try:
        return model.predict(ClipData.of(store, clip_ids))
    except SerkitError as error:
        if len(clip_ids) > 1:  # one of them is at fault: predict each alone
            return np.concatenate([_ask(model, store, (i,), labels, refused) for i in clip_ids])
        refused[clip_ids[0]] = with_true_names(error, store, clip_ids)
        return np.full((1, labels), np.nan)


def _checked(
    clip: ClipFeatures, refused: SerkitError | None, probabilities: Probabilities
) -> Answer | SerkitError:
    if refused is not None:  # the hint is about training
        return type(refused)(refused.got)
    if not np.isfinite(probabilities).all():
        return FeatureError("the model gives no probabilities for it")
    return Answer(clip, probabilities)

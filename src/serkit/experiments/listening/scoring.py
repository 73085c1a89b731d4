"""From answers to a run of the model ``human``."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.errors import SerkitError, UsageError
from serkit.evaluation.splits import Fold, Split
from serkit.experiments.external import Origin, write_run
from serkit.experiments.listening.answers import (
    SKIPPED,
    Answer,
    last_words,
    read_answers,
    written,
)
from serkit.labels import LabelSet
from serkit.results.listening import MODEL, PROTOCOL
from serkit.results.run import Run
from serkit.results.scores import predictions_frame
from serkit.store.store import FeatureStore
from serkit.store.tables import ClipRow

ANSWERS = "answers.csv"
"""The answers themselves, in the run's folder."""

_FIRST = 1e-3
"""What the earliest of equally frequent answers is ahead of the others, in answers."""


def human_run(store: FeatureStore, answers: Iterable[Answer], runs: Path, name: str) -> Run:
    """Write answers as a run.

    A clip's probabilities are its shares of answers. The most frequent one counts as predicted, of
    equally frequent ones the earliest. An earlier run of the same answers and fewer is replaced.

    Args:
        store: The store that knows the clips and what is true.
        answers: The answers, in the order of giving.
        runs: The folder of runs.
        name: What the answers are called: the run is ``human-NAME``.

    Raises:
        UsageError: There are none, or an answer is none of the store's labels.
        StoreWriteError: The disk did not take it.
    """
    said = [each for each in last_words(answers).values() if each.answer != SKIPPED]
    rows = store.state.clips
    labels = store.labels
    kept = [each for each in said if each.clip_id in rows and rows[each.clip_id].emotion in labels]
    if not kept:
        reason = "there are no answers yet" if not said else "no answer is of a clip in the store"
        raise UsageError(reason, hint="listen with 'serkit human', or name the store with --store")
    for each in kept:
        if each.answer not in labels:
            raise UsageError(
                f"{each.answer!r} was answered to {each.clip_id}",
                allowed=f"the labels of the store are {', '.join(labels)}",
            )
    by_clip: defaultdict[str, list[str]] = defaultdict(list)
    for each in kept:
        by_clip[each.clip_id].append(each.answer)
    heard = tuple(sorted(by_clip))
    fold = Fold("heard", (), (), heard)
    split = Split(PROTOCOL, (fold,))
    table = np.stack([_shares(by_clip[clip_id], labels) for clip_id in heard])
    summary = _summary(kept, by_clip, rows)
    origin = Origin(
        MODEL,
        speaker_independent=True,
        notes=tuple(_notes(summary, len(said) - len(kept))),
        name=_free_name(runs, name, kept),
        further={"listening": summary},
        files={ANSWERS: written(kept)},
    )
    frame = predictions_frame(rows, fold, table, labels)
    return write_run(origin, split, rows, [frame], labels, runs)


def _shares(answers: Sequence[str], labels: LabelSet) -> npt.NDArray[np.float64]:
    """Return each label's share of a clip's answers, the chosen one ahead of its equals."""
    counts = np.zeros(len(labels))
    for answer in answers:
        counts[labels.index(answer)] += 1
    frequent = counts.max()
    if (counts == frequent).sum() > 1:
        first = next(a for a in answers if counts[labels.index(a)] == frequent)
        counts[labels.index(first)] += _FIRST
    return np.asarray(counts / counts.sum(), np.float64)


def _summary(
    answers: Sequence[Answer], by_clip: Mapping[str, Sequence[str]], rows: Mapping[str, ClipRow]
) -> dict[str, Any]:
    """Return the record's entry about the listening test."""
    right: defaultdict[str, list[bool]] = defaultdict(list)
    for each in answers:
        right[each.listener].append(each.answer == rows[each.clip_id].emotion)
    pairs = [a == b for said in by_clip.values() for a, b in combinations(said, 2)]
    seconds = [each.seconds for each in answers if each.seconds == each.seconds]
    return {
        "answers": len(answers),
        "clips": len(by_clip),
        "several": sum(len(said) > 1 for said in by_clip.values()),
        "accuracy_of_answers": float(np.mean([hit for hits in right.values() for hit in hits])),
        "agreement": float(np.mean(pairs)) if pairs else None,
        "median_seconds": float(np.median(seconds)) if seconds else None,
        "given": dict(sorted(Counter(each.answer for each in answers).items())),
        "listeners": {
            name: {"answers": len(hits), "accuracy": float(np.mean(hits))}
            for name, hits in right.items()
        },
    }


def _notes(summary: Mapping[str, Any], elsewhere: int) -> Iterable[str]:
    people = len(summary["listeners"])
    yield (
        f"{summary['answers']:,} answers of {people} listener{'s' * (people > 1)} to "
        f"{summary['clips']:,} clips; the interval is over speakers, not over listeners"
    )
    if summary["several"]:
        yield (
            f"{summary['several']:,} clips have several answers: the most frequent one counts, of "
            "equally frequent ones the earliest; single answers are right in "
            f"{100 * summary['accuracy_of_answers']:.1f} %"
        )
    if elsewhere:
        yield f"{elsewhere:,} answers to clips that the store does not hold are left out"


def _free_name(runs: Path, name: str, answers: Sequence[Answer]) -> str:
    """Return the run's name: one that is free, or of a run that holds none but these answers."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "answers"
    ours = {(each.listener, each.clip_id) for each in answers}
    number = 1
    while True:
        found = f"{MODEL}-{stem}" + (f"-{number}" if number > 1 else "")
        if not (runs / found).exists():
            return found
        try:
            earlier = read_answers(runs / found / ANSWERS)
        except SerkitError:  # somebody else's folder: it is left alone
            earlier = (Answer("", "", ""),)
        if {(each.listener, each.clip_id) for each in earlier} <= ours:
            return found
        number += 1

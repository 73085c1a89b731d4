"""Scores of a run, recomputed from its probabilities.

Settings in ``run.json`` are trusted; its scores are checked. A run whose record contradicts its
predictions is not ranked.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.errors import RunError, SerkitError
from serkit.evaluation.metrics import Scores
from serkit.evaluation.metrics.calibration import SUM_TOLERANCE
from serkit.evaluation.metrics.speakers import hits_and_clips
from serkit.evaluation.metrics.summary import score_of
from serkit.results.answers import AnswerReader, Answers, ClipFacts, Floats, Ints, Texts
from serkit.results.claims import Evidence, contradictions
from serkit.results.folder import PREDICTIONS, RECORD
from serkit.results.record import fault_of
from serkit.results.run import Run
from serkit.results.speaker_claims import false_claim


@dataclass(frozen=True)
class Counted:
    """One run's figures, counted from its predictions.

    Attributes:
        run: The run.
        labels: The names of the C classes.
        facts: Its test clips.
        answer: Identity of the predicted labels.
        scores: Every score.
        hits: (A, C) clips labelled right, of each speaker in sorted order and class.
        clips: (A, C) clips.
    """

    run: Run
    labels: tuple[str, ...]
    facts: ClipFacts
    answer: str
    scores: Scores
    hits: Floats
    clips: Ints


def recount(run: Run, reader: AnswerReader | None = None) -> Counted:
    """Count a run's figures from its predictions.

    Args:
        run: The run.
        reader: Reads the predictions; one for many runs of the same clips is quicker.

    Raises:
        RunError: Predictions or record are damaged, or contradict each other. The message names the
            figure, the recorded and the computed value.
    """
    if fault := fault_of(run.record):
        raise RunError(f"{run.path / RECORD} is damaged ({fault})", hint="train it again")
    try:
        return _recount(run, reader or AnswerReader())
    except RunError:
        raise
    except (SerkitError, ValueError, TypeError, KeyError) as error:
        text = error.got if isinstance(error, SerkitError) else str(error)
        raise _damaged(run, text) from error


def _recount(run: Run, reader: AnswerReader) -> Counted:
    labels = _labels(run)
    _refuse_other_order(run, labels)
    found = reader.read(run.path, labels, run.record["clips"])
    facts, probabilities = found.facts, found.probabilities
    _refuse_no_probabilities(run, facts.clip_ids, probabilities)
    predicted = probabilities.argmax(axis=1)
    _refuse_other_labels(run, found, labels, predicted)
    evidence = _evidence(labels, facts, probabilities, predicted)
    wrong = contradictions(run.record, evidence)
    if claim := false_claim(run.record, facts):
        wrong.append(claim)
    if wrong:
        raise RunError(
            f"{run.path / RECORD} contradicts its predictions: {'; '.join(wrong)}",
            hint="train it again",
        )
    return _counted(run, evidence, predicted)


def restricted(counted: Counted, clip_ids: Texts) -> Counted:
    """Count a run's figures again on some of its clips.

    Args:
        counted: The run.
        clip_ids: The clips, all of them the run's, in sorted order.
    """
    run, labels = counted.run, counted.labels
    found = AnswerReader().read(run.path, labels, run.record["clips"])
    rows = np.searchsorted(found.facts.clip_ids, clip_ids)
    facts = ClipFacts(
        clip_ids=clip_ids,
        true=found.facts.true[rows],
        speakers=found.facts.speakers[rows],
        folds=found.facts.folds[rows],
    )
    probabilities = found.probabilities[rows]
    predicted = probabilities.argmax(axis=1)
    return _counted(run, _evidence(labels, facts, probabilities, predicted), predicted)


def _evidence(
    labels: tuple[str, ...], facts: ClipFacts, probabilities: Floats, predicted: Ints
) -> Evidence:
    """Count every figure of probabilities that are checked."""
    confusions = facts.confusions(predicted, len(labels))
    scores = score_of(facts.true, probabilities, confusions[facts.places["speaker"]])
    return Evidence(labels, facts, scores, confusions)


def _counted(run: Run, found: Evidence, predicted: Ints) -> Counted:
    hits, clips = hits_and_clips(found.by_speaker)
    answer = _identity(predicted)
    return Counted(run, found.labels, found.facts, answer, found.scores, hits, clips)


def _identity(predicted: npt.NDArray[np.integer[Any]]) -> str:
    return hashlib.sha256(predicted.astype(np.int64).tobytes()).hexdigest()


def _labels(run: Run) -> tuple[str, ...]:
    recall = run.record["recall"]
    if not isinstance(recall, dict) or len(recall) < 2:
        raise RunError(
            f"{run.path / RECORD} is damaged (recall names no classes)", hint="train it again"
        )
    return tuple(recall)


def _refuse_other_order(run: Run, labels: tuple[str, ...]) -> None:
    """Reject a record whose labels differ from those of its predictions."""
    said = run.record.get("labels")
    if said is not None and list(said) != list(labels):
        raise RunError(
            f"{run.path / RECORD} says labels = {said}, its predictions have {list(labels)}",
            hint="train it again",
        )


def _refuse_no_probabilities(run: Run, clip_ids: Texts, table: Floats) -> None:
    """Refuse numbers that are no probabilities."""
    sums = table.sum(axis=1)
    if table.min() >= 0 and table.max() <= 1 and (np.abs(sums - 1) <= SUM_TOLERANCE).all():
        return
    for fault, rows in (
        ("are not all finite", ~np.isfinite(table).all(axis=1)),
        ("are not all from 0 to 1", ((table < 0) | (table > 1 + SUM_TOLERANCE)).any(axis=1)),
        ("do not sum to 1", np.abs(sums - 1) > SUM_TOLERANCE),
    ):
        if rows.any():
            count, first = int(rows.sum()), clip_ids[int(rows.argmax())]
            raise _damaged(
                run, f"the probabilities of {count} of {len(table)} clips {fault}, such as {first}"
            )


def _refuse_other_labels(
    run: Run, found: Answers, labels: tuple[str, ...], predicted: Ints
) -> None:
    """Refuse labels other than those of the highest probability, and names of other labels."""
    names = np.array(labels)
    columns: list[tuple[str, npt.NDArray[Any] | None, npt.NDArray[Any]]] = [
        ("predicted_id", found.stated, predicted),
        ("true", found.facts.true_names, names[found.facts.true]),
        ("predicted", found.stated_names, names[predicted]),
    ]
    for column, said, counted in columns:
        if said is None:
            continue
        rows = said != counted
        if rows.any():
            first = int(rows.argmax())
            against = "true_id gives" if column == "true" else "the probabilities give"
            raise _damaged(
                run,
                f"{column} of {int(rows.sum())} of {len(rows)} clips is not what {against}: "
                f"{found.facts.clip_ids[first]} says {said[first]}, counted {counted[first]}",
            )


def _damaged(run: Run, why: str) -> RunError:
    return RunError(f"{run.path / PREDICTIONS} is damaged ({why})", hint="train it again")

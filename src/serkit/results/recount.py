"""What a run's predictions show, counted again from the probabilities and nothing else.

``run.json`` is believed in what it says of how a run came about; in what a run came to it is
checked. A run whose record or predictions contradict each other is not ranked.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serkit.errors import RunError, SerkitError
from serkit.evaluation.metrics import Scores, actor_confusions, score
from serkit.evaluation.metrics.calibration import SUM_TOLERANCE
from serkit.evaluation.metrics.speakers import hits_and_clips
from serkit.results.claims import contradictions
from serkit.results.record import fault_of
from serkit.results.run import PREDICTIONS, RECORD, Run
from serkit.results.scores import speakers_of

if TYPE_CHECKING:
    import pandas as pd

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ClipFacts:
    """What a run says of its test clips that does not depend on its model.

    Attributes:
        clip_ids: (n,) in sorted order.
        true: (n,) labels.
        speakers: (n,) who speaks, as text.
        folds: (n,) the fold in which each clip was tested.
    """

    clip_ids: npt.NDArray[np.str_]
    true: Ints
    speakers: npt.NDArray[np.str_]
    folds: npt.NDArray[np.str_]

    @property
    def digest(self) -> str:
        """Identity of all of it."""
        columns = (self.clip_ids, self.true.astype(np.str_), self.speakers, self.folds)
        text = "\n".join(
            "\t".join(row) for row in zip(*map(np.ndarray.tolist, columns), strict=True)
        )
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Counted:
    """One run's figures, counted from its predictions.

    Attributes:
        run: The run.
        labels: The names of the C classes.
        facts: Its test clips.
        answer: Identity of the labels that it gave them.
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


def recount(run: Run) -> Counted:
    """Count a run's figures from its predictions.

    Raises:
        RunError: Predictions or record are damaged, or contradict each other. The message names
            the figure, what the record says, and what was counted.
    """
    if fault := fault_of(run.record):
        raise RunError(f"{run.path / RECORD} is damaged ({fault})", hint="train it again")
    try:
        return _recount(run)
    except RunError:
        raise
    except (SerkitError, ValueError, TypeError, KeyError) as error:
        text = error.got if isinstance(error, SerkitError) else str(error)
        raise _damaged(run, text) from error


def _recount(run: Run) -> Counted:
    labels = _labels(run)
    _refuse_other_order(run, labels)
    frame = _checked_frame(run, labels)
    probabilities = _checked_probabilities(run, frame, labels)
    facts = ClipFacts(
        clip_ids=frame.index.to_numpy(np.str_),
        true=_whole_numbers(run, frame, "true_id", len(labels)),
        speakers=speakers_of(frame),
        folds=frame["fold"].to_numpy(np.str_),
    )
    predicted = probabilities.argmax(axis=1)
    _refuse_other_labels(run, frame, labels, predicted)
    scores = score(facts.true, probabilities, facts.speakers)
    by_speaker = actor_confusions(facts.true, predicted, facts.speakers, len(labels))
    hits, clips = hits_and_clips(by_speaker)
    if wrong := contradictions(run.record, scores, labels, facts.folds, predicted == facts.true):
        raise RunError(
            f"{run.path / RECORD} contradicts its predictions: {'; '.join(wrong)}",
            hint="train it again",
        )
    answer = hashlib.sha256(predicted.astype(np.int64).tobytes()).hexdigest()
    return Counted(run, labels, facts, answer, scores, hits, clips)


def _labels(run: Run) -> tuple[str, ...]:
    recall = run.record["recall"]
    if not isinstance(recall, dict) or len(recall) < 2:
        raise RunError(
            f"{run.path / RECORD} is damaged (recall names no classes)", hint="train it again"
        )
    return tuple(recall)


def _refuse_other_order(run: Run, labels: tuple[str, ...]) -> None:
    """Refuse a record whose labels are not those of its predictions, in their order."""
    said = run.record.get("labels")
    if said is not None and list(said) != list(labels):
        raise RunError(
            f"{run.path / RECORD} says labels = {said}, its predictions have {list(labels)}",
            hint="train it again",
        )


def _checked_frame(run: Run, labels: tuple[str, ...]) -> pd.DataFrame:
    """Return the predictions sorted by clip: every column there, every clip once."""
    frame = run.predictions
    wanted = ["fold", "speaker", "true_id", "predicted_id", *(f"p_{name}" for name in labels)]
    if missing := [name for name in wanted if name not in frame.columns]:
        raise _damaged(run, f"it lacks the column {missing[0]!r}")
    claimed = run.record["clips"]
    if not frame.index.is_unique or frame.index.hasnans or len(frame) != claimed:
        raise _damaged(
            run,
            f"{frame.index.nunique()} clips in {len(frame)} rows for the {claimed} of the record",
        )
    for name in ("fold", "speaker"):
        if frame[name].isna().any():
            raise _damaged(run, f"the column {name!r} has gaps")
    return frame if frame.index.is_monotonic_increasing else frame.sort_index()


def _checked_probabilities(run: Run, frame: pd.DataFrame, labels: tuple[str, ...]) -> Floats:
    table = frame[[f"p_{name}" for name in labels]].to_numpy(np.float64)
    sums = table.sum(axis=1)
    for fault, rows in (
        ("are not all finite", ~np.isfinite(table).all(axis=1)),
        ("are not all from 0 to 1", ((table < 0) | (table > 1 + SUM_TOLERANCE)).any(axis=1)),
        ("do not sum to 1", np.abs(sums - 1) > SUM_TOLERANCE),
    ):
        if rows.any():
            count, first = int(rows.sum()), frame.index[int(rows.argmax())]
            raise _damaged(
                run, f"the probabilities of {count} of {len(frame)} clips {fault}, such as {first}"
            )
    return table


def _whole_numbers(run: Run, frame: pd.DataFrame, column: str, n_classes: int) -> Ints:
    values = frame[column].to_numpy()
    if values.dtype.kind not in "iu" or values.min() < 0 or values.max() >= n_classes:
        raise _damaged(
            run, f"{column} holds something other than numbers from 0 to {n_classes - 1}"
        )
    return values.astype(np.int64)


def _refuse_other_labels(
    run: Run, frame: pd.DataFrame, labels: tuple[str, ...], predicted: Ints
) -> None:
    """Refuse labels other than those of the highest probability, and names of other labels."""
    stated = _whole_numbers(run, frame, "predicted_id", len(labels))
    names = np.array(labels)
    columns: list[tuple[str, npt.NDArray[Any], npt.NDArray[Any]]] = [
        ("predicted_id", stated, predicted)
    ]
    for column, numbers in (("predicted", predicted), ("true", frame["true_id"].to_numpy())):
        if column in frame.columns:
            columns.append((column, frame[column].to_numpy(np.str_), names[numbers]))
    for column, said, counted in columns:
        rows = said != counted
        if rows.any():
            first = int(rows.argmax())
            against = "true_id gives" if column == "true" else "the probabilities give"
            raise _damaged(
                run,
                f"{column} of {int(rows.sum())} of {len(frame)} clips is not what {against}: "
                f"{frame.index[first]} says {said[first]}, counted {counted[first]}",
            )


def _damaged(run: Run, why: str) -> RunError:
    return RunError(f"{run.path / PREDICTIONS} is damaged ({why})", hint="train it again")

"""Predictions that were made elsewhere become a run: checked clip by clip, counted here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serkit.errors import NotFoundError, UsageError
from serkit.evaluation.near_duplicates import noting_near_duplicates
from serkit.evaluation.splits import Protocol, Split, split_clips
from serkit.experiments.external import Origin, write_run
from serkit.labels import LabelSet
from serkit.models import TRAINERS
from serkit.results.listening import MODEL as HUMAN
from serkit.results.run import Run
from serkit.results.scores import predictions_frame
from serkit.store.store import FeatureStore

if TYPE_CHECKING:
    import pandas as pd

_ROUNDING = 1e-3
"""Probabilities printed with few digits do not sum to 1 exactly; they are divided by their sum."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Submission:
    """Submitted predictions, and the protocol they are scored under.

    Attributes:
        model: The name that the leaderboard shows.
        store: The store that the clips and their labels are of.
        clip_ids: The clips that the protocol splits.
        protocol: The protocol.
        notes: What a reader should know, such as where the model is described.
        seed: Where predictions of several seeds are handed in, which one this is.
    """

    model: str
    store: FeatureStore
    clip_ids: tuple[str, ...]
    protocol: Protocol
    notes: tuple[str, ...] = ()
    seed: int = 0

    def check_name(self) -> None:
        """Refuse a name that cannot be a folder's, or that a model of serkit has.

        Raises:
            UsageError: The message says what is allowed.
        """
        if not _NAME.fullmatch(self.model):
            raise UsageError(
                f"model = {self.model!r} is no name",
                allowed="up to 64 letters, digits, dots, hyphens and underscores are allowed",
            )
        if self.model == HUMAN:
            raise UsageError(
                f"model = {self.model!r} is the name of what people answered",
                hint="answers are taken in with 'serkit human --import FILE'",
            )
        if self.model in TRAINERS:
            raise UsageError(
                f"model = {self.model!r} is the name of a model that is trained here",
                hint=f"give it another one, such as 'my-{self.model}'",
            )


def read_table(predictions: pd.DataFrame | str | Path, labels: LabelSet) -> pd.DataFrame:
    """Return predictions as a table indexed by clip id, a column of numbers an emotion.

    Args:
        predictions: A data frame, or a CSV file, with a column (or index) ``clip_id`` or ``clip``
            and a probability for each label, in columns named ``angry`` or ``p_angry`` and so on.
        labels: The labels of the clips.

    Raises:
        NotFoundError: There is no such file.
        UsageError: A column is missing, or holds something other than numbers.
    """
    import pandas as pd

    if isinstance(predictions, str | Path):
        if not Path(predictions).is_file():
            raise NotFoundError(f"no predictions in {predictions}: there is no such file")
        predictions = pd.read_csv(predictions, dtype={"clip_id": str, "clip": str})
    frame = predictions.reset_index()
    key = next((name for name in ("clip_id", "clip") if name in frame), None)
    if key is None:
        raise UsageError(
            f"the predictions have no column of clips (there are: {', '.join(map(str, frame))})",
            allowed="it is named 'clip_id' or 'clip'",
        )
    named = [next((c for c in (f"p_{e}", e) if c in frame), None) for e in labels]
    if missing := [e for e, c in zip(labels, named, strict=True) if c is None]:
        raise UsageError(
            f"the predictions have no column for {', '.join(missing)}",
            allowed="one column of probabilities per emotion, such as 'p_angry' or 'angry'",
        )
    try:
        values = frame[named].to_numpy(np.float64)
    except (ValueError, TypeError) as error:
        raise UsageError(f"the predictions hold something that is no number: {error}") from error
    return pd.DataFrame(values, index=frame[key].astype(str), columns=list(labels))


def submit(submission: Submission, table: pd.DataFrame, runs: Path) -> Run:
    """Save predictions as a finished run.

    Args:
        submission: Whose they are, and by what they are judged.
        table: What :func:`read_table` returned.
        runs: The folder of runs.

    Raises:
        UsageError: The name is taken, a clip is missing, double or not tested, or a row holds no
            probabilities.
        LeakageError: The split leaks.
    """
    submission.check_name()
    rows = {clip_id: submission.store.state.clips[clip_id] for clip_id in submission.clip_ids}
    split = submission.protocol.split(split_clips(rows))
    split = noting_near_duplicates(split, submission.store, rows)
    probabilities = _checked(table, split)
    frames = [
        predictions_frame(
            rows,
            fold,
            np.stack([probabilities[i] for i in fold.test]),
            submission.store.labels,
        )
        for fold in split.folds
    ]
    return write_run(
        Origin(
            submission.model,
            submission.protocol.speaker_independent,
            seed=submission.seed,
            notes=submission.notes,
            submitted=True,
        ),
        split,
        rows,
        frames,
        submission.store.labels,
        runs,
    )


def _checked(table: pd.DataFrame, split: Split) -> dict[str, npt.NDArray[np.float64]]:
    """Return each tested clip's probabilities.

    Raises:
        UsageError: They do not cover the split's test clips exactly, or are no probabilities.
    """
    tested = {clip_id for fold in split.folds for clip_id in fold.test}
    if table.index.has_duplicates:
        double = table.index[table.index.duplicated()].unique()
        raise UsageError(f"predictions twice for {_some(double)}", allowed="one row per clip")
    missing, extra = tested - set(table.index), set(table.index) - tested
    if missing or extra:
        wrong = [f"none for {_some(missing)}"] if missing else []
        wrong += [f"some for {_some(extra)}, which {split.protocol} does not test"] if extra else []
        raise UsageError(
            f"predictions do not cover the split: {', '.join(wrong)}",
            allowed=f"exactly the {len(tested):,} test clips",
            hint="serkit.splits() lists them",
        )
    values = table.to_numpy(np.float64)
    sums = values.sum(axis=1)
    good = np.isfinite(values).all(axis=1) & (values >= 0).all(axis=1)
    good &= np.abs(sums - 1) <= _ROUNDING
    if not good.all():
        first = int(np.flatnonzero(~good)[0])
        raise UsageError(
            f"no probabilities for {_some(table.index[~good])} "
            f"({table.index[first]}: {np.round(values[first], 3).tolist()})",
            allowed="numbers from 0 to 1 that sum to 1 are allowed",
        )
    return dict(zip(table.index, values / sums[:, None], strict=True))


def _some(clip_ids: Any) -> str:
    named = sorted(map(str, clip_ids))
    return ", ".join(named[:3]) + (f", ... ({len(named):,} clips)" if len(named) > 3 else "")

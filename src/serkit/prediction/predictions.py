"""Predictions for audio files: one row per file, including failed ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from serkit.shown import Shown
from serkit.store.manifest import Failure

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

_BAR = 20
"""Characters of a bar that means certainty."""


@dataclass(frozen=True)
class Prediction:
    """The prediction for one file.

    Attributes:
        path: The file's path as given.
        probabilities: Probability of each emotion, summing to 1.
        seconds: The clip's length.
        candidates: The emotions of its conformal set, most probable first; None if not requested.
    """

    path: str
    probabilities: Mapping[str, float]
    seconds: float
    candidates: tuple[str, ...] | None = None

    @property
    def ranked(self) -> list[tuple[str, float]]:
        """Emotions and their probabilities, the most probable first."""
        return sorted(self.probabilities.items(), key=lambda item: -item[1])

    @property
    def emotion(self) -> str:
        """The most probable emotion."""
        return self.ranked[0][0]

    @property
    def abstained(self) -> bool:
        """Whether a conformal set was requested and has more than one emotion."""
        return self.candidates is not None and len(self.candidates) > 1

    @property
    def probability(self) -> float:
        """Its probability."""
        return self.ranked[0][1]


@dataclass(frozen=True)
class Predictions(Shown):
    """Predictions for audio files.

    Attributes:
        run: The run's name.
        model: The model's name.
        folds: The folds whose models were used; their probabilities are averaged.
        rows: A prediction or an error for each file, in the given order.
        labels: The models' emotions.
        warnings: Reasons to distrust the predictions, one sentence each.

    Example:
        >>> answers = serkit.predict("majority-luna5", "data/speech/Actor_01", workers=1)
        >>> len(answers.predicted), len(answers.failed), answers.labels[0]
        (16, 0, 'neutral')
    """

    run: str
    model: str
    folds: tuple[str, ...]
    rows: tuple[Prediction | Failure, ...]
    labels: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def predicted(self) -> tuple[Prediction, ...]:
        """Predictions of the files that could be read."""
        return tuple(row for row in self.rows if isinstance(row, Prediction))

    @property
    def failed(self) -> tuple[Failure, ...]:
        """Files that failed, with the reason."""
        return tuple(row for row in self.rows if isinstance(row, Failure))

    def to_json(self) -> list[dict[str, Any]]:
        """Return one object for each file.

        ``path, emotion, probabilities, seconds, run, model, folds``, with conformal sets also
        ``candidates, abstained``; or for a file that could not
        be used ``path, error, message``.
        """
        return [self._object(row) for row in self.rows]

    def to_pandas(self) -> pd.DataFrame:
        """Return one row for each file.

        Columns: ``path``, ``emotion``, ``probability``, ``p_EMOTION`` of each emotion, ``seconds``,
        ``error`` and ``message``; missing values are NaN.
        """
        import pandas as pd

        return pd.DataFrame(self.flat_rows(), columns=self.columns)

    @property
    def columns(self) -> list[str]:
        """Names of the columns of :meth:`to_pandas`."""
        columns = ["path", "emotion", "probability", *(f"p_{name}" for name in self.labels)]
        columns += ["seconds", "error", "message"]
        if any(row.candidates is not None for row in self.predicted):
            columns += ["candidates", "abstained"]
        return columns

    def flat_rows(self) -> list[dict[str, Any]]:
        """Return the rows of :meth:`to_pandas` as plain values; without missing values."""
        return [_flat(row) for row in self.rows]

    def _object(self, row: Prediction | Failure) -> dict[str, Any]:
        if isinstance(row, Failure):
            return {"path": row.path, "error": row.error, "message": row.message}
        known = {
            "path": row.path,
            "emotion": row.emotion,
            "probabilities": dict(row.probabilities),
            "seconds": row.seconds,
            "run": self.run,
            "model": self.model,
            "folds": list(self.folds),
        }
        if row.candidates is None:
            return known
        return known | {"candidates": list(row.candidates), "abstained": row.abstained}

    def __rich__(self) -> RenderableType:
        from serkit.tables import table

        right = {"": "left", "%": "right", "or": "left", " %": "right"}
        made = table(title_of(self.run, self.folds), {"file": "left", "emotion": "left", **right})
        for row in self.predicted:
            second, less = row.ranked[1]
            bar = "█" * round(_BAR * row.probability)
            made.add_row(
                row.path,
                " or ".join(row.candidates) if row.candidates else row.emotion,
                bar,
                f"{100 * row.probability:.0f}",
                second,
                f"{100 * less:.0f}",
            )
        return made


def title_of(name: str, folds: Sequence[str]) -> str:
    """Return a short name of the models in use.

    Example:
        >>> title_of("logreg-luna5", ["final"])
        'logreg-luna5, model of all speakers'
    """
    if list(folds) == ["final"]:
        return f"{name}, model of all speakers"
    if len(folds) == 1:
        return f"{name}, model of fold {folds[0]}"
    return f"{name}, mean of {len(folds)} models"


def _flat(row: Prediction | Failure) -> dict[str, Any]:
    if isinstance(row, Failure):
        return {"path": row.path, "error": row.error, "message": row.message}
    known: dict[str, Any] = {
        "path": row.path,
        "emotion": row.emotion,
        "probability": row.probability,
    }
    known |= {f"p_{k}": v for k, v in row.probabilities.items()}
    known |= {"seconds": row.seconds}
    if row.candidates is not None:
        known |= {"candidates": " ".join(row.candidates), "abstained": row.abstained}
    return known

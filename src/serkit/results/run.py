"""A run: a folder with everything that a result rests on.

``config.json`` is written first and ``run.json`` last: a run without the latter is not finished,
whatever killed it, and is never ranked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Any

import numpy as np

from serkit.errors import RunError, UsageError, unknown_name
from serkit.labels import LabelSet
from serkit.models import TRAINERS, Fitted
from serkit.prediction.calibration import Calibration, calibrate
from serkit.prediction.predictions import Predictions
from serkit.prediction.saved import FINAL, SavedModels, load_model
from serkit.results.folder import CONFIG, FINAL_RECORD, HISTORY, PREDICTIONS, RECORD, resume_command
from serkit.results.record import fault_of
from serkit.results.stress import StressTable, coverage_of, read_stress
from serkit.shown import Shown

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

    from serkit.store.store import FeatureStore


@dataclass(frozen=True)
class Run(Shown):
    """A finished run.

    Attributes:
        path: Its folder.
        record: The content of ``run.json``; see the reference for its keys.

    Example:
        >>> run = serkit.show("logreg-luna5")
        >>> run.model, run.protocol, len(run.predictions)
        ('logreg', 'luna5', 96)
        >>> answers = run.predict("data/speech/Actor_02")
        >>> again = run.predict(serkit.FeatureStore("features/store"))
        >>> len(answers.rows), len(again.rows)
        (16, 96)
    """

    path: Path
    record: Mapping[str, Any]

    def __repr__(self) -> str:
        uar = self.record["uar"]
        shown = f"{uar:.3f}" if isinstance(uar, float) else repr(uar)
        return f"Run({self.name!r}, uar={shown})"

    @property
    def name(self) -> str:
        """The run's name, its folder's."""
        return str(self.record["run"])

    @property
    def model(self) -> str:
        """The model's name."""
        return str(self.record["model"])

    @property
    def protocol(self) -> str:
        """The protocol's name."""
        return str(self.record["protocol"])

    @property
    def labels(self) -> LabelSet:
        """The classes, in the order of their numbers.

        Raises:
            RunError: The record is damaged.
        """
        try:
            return LabelSet.from_json(self.record.get("labels"))
        except UsageError as error:
            raise RunError(
                f"{self.path / RECORD} is damaged ({error})", hint="train it again"
            ) from error

    @property
    def uar(self) -> float:
        """Unweighted average recall over all test clips, 0 to 1.

        Raises:
            RunError: The record holds something other than a number.
        """
        return self._rate("uar")

    @property
    def accuracy(self) -> float:
        """Share of correctly predicted test clips, 0 to 1.

        Raises:
            RunError: The record holds something other than a number.
        """
        return self._rate("accuracy")

    def _rate(self, name: str) -> float:
        value = self.record[name]
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise RunError(
                f"{self.path / RECORD} is damaged ({name} is {value!r}, it must be a number)",
                hint="train it again",
            )
        return float(value)

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """One row per test clip, indexed by ``clip_id``.

        Columns: ``fold``, ``speaker``, ``sex``, ``intensity``, ``true`` and ``predicted`` (emotion
        names), ``true_id`` and ``predicted_id``, and a probability ``p_EMOTION`` for each emotion;
        ``actor`` beside ``speaker`` in corpora that number their actors.

        Raises:
            RunError: The file is damaged.
        """
        import pandas as pd

        path = self.path / PREDICTIONS
        try:
            return with_speakers(pd.read_parquet(path).set_index("clip_id"))
        except (OSError, ValueError, KeyError) as error:  # Arrow's errors are ValueErrors
            raise RunError(f"{path} is damaged ({error})", hint="train it again") from error

    @cached_property
    def history(self) -> pd.DataFrame | None:
        """One row per fold and epoch; None if the model was not trained in epochs.

        Columns: ``fold``, ``epoch`` (from 1), ``best``, ``seconds``, and for ``train`` and
        ``validation`` each ``_loss``, ``_accuracy``, ``_uar`` and ``_recall_EMOTION``.
        """
        import pandas as pd

        path = self.path / HISTORY
        return pd.read_parquet(path) if path.is_file() else None

    @property
    def stress(self) -> StressTable | None:
        """The stress test's results; None if it has not been run.

        Raises:
            RunError: The file is damaged.
        """
        return read_stress(self.path)

    @property
    def fold_names(self) -> tuple[str, ...]:
        """Names of its folds, each of which has a model.

        Raises:
            RunError: The record is damaged.
        """
        return tuple(self._folders)

    def model_of(self, fold: str) -> Fitted:
        """Load the model of one fold.

        Raises:
            UnknownNameError: No such fold, or its trainer is not installed.
            MissingDependencyError: The trainer needs a package that is not installed.
            RunError: The model is damaged, missing, or cannot be loaded safely.
        """
        return load_model(TRAINERS.get(self.model), self.folder_of(fold))

    @property
    def final(self) -> Path | None:
        """Folder of the model fitted on all speakers; None if there is none."""
        folder = self.path / FINAL
        return folder if (folder / FINAL_RECORD).is_file() else None

    @property
    def expected(self) -> dict[str, Any]:
        """Expected accuracy on new speakers, as measured in the folds.

        ``protocol``, ``speaker_independent``, ``uar``, ``uar_low``, ``uar_high``, ``accuracy``,
        ``speakers`` and ``clips``.
        """
        known = ("protocol", "speaker_independent", "uar", "uar_low", "uar_high", "accuracy")
        facts = {key: self.record[key] for key in known}
        return facts | {"speakers": self.record["actors"], "clips": self.record["clips"]}

    @property
    def saved_models(self) -> SavedModels:
        """The models of all folds, for :class:`serkit.Predictor`.

        Raises:
            RunError: The record is damaged, or the run has no models of its own.
        """
        if self.record.get("submitted") or self.record.get("listening"):
            raise RunError(
                f"{self.name} holds predictions that were handed in, and no model",
                allowed="runs that serkit trained have one",
            )
        self._refuse_evaluation()
        return SavedModels(
            name=self.name,
            model=self.model,
            preset=str(self.record["preset"]),
            values=self.record["values"],
            features=self.record.get("features", ()),
            labels=self.labels.names,
            folders={fold: self.folder_of(fold) for fold in self.fold_names},
            final=self.final,
            expected=self.expected,
            audio=self.record.get("audio"),
            versions=self.record["versions"],
            record=self.path / RECORD,
            coverage=coverage_of(table) if (table := self.stress) else None,
        )

    def calibration(self, level: float | None = None) -> Calibration:
        """Fit a calibration on the run's predictions for test speakers.

        Args:
            level: The desired coverage of conformal sets, such as 0.9; None for temperature scaling
                only.

        Raises:
            UsageError: The level is out of range.
            RunError: There are too few speakers, the run is not speaker-independent, or its
                predictions are damaged.
        """
        if not self.record["speaker_independent"]:
            raise RunError(
                f"{self.name} was tested on speakers that its models were trained on",
                allowed="a run of a speaker-independent protocol can be calibrated",
            )
        frame = self.predictions
        labels = self.saved_models.labels
        return calibrate(
            frame[[f"p_{name}" for name in labels]].to_numpy(np.float64),
            frame["true_id"].to_numpy(np.int64),
            frame["speaker"].to_numpy(str),
            frame["fold"].to_numpy(str),
            level=level,
        )

    def predict(
        self,
        audio: FeatureStore | str | Path | Iterable[str | Path],
        *,
        fold: str | None = None,
        channel: int = 0,
        workers: int = 1,
    ) -> Predictions:
        """Predict emotions in audio files, or in the clips of a feature store.

        Each call loads the models. To predict often, load them once with :func:`serkit.load`.

        Args:
            audio: Audio files and folders of them, or a store that holds the features which the
                models read.
            fold: Which model predicts; see :func:`serkit.predict`.
            channel: Which channel of each file is read, from 0; mono files are read as they are.
            workers: Most processes that decode files and compute features.

        Returns:
            A row per file or clip. A file that cannot be used is listed with the reason. Clips
            of the corpus that the run was trained on bring a warning: such predictions do not
            measure accuracy, :attr:`predictions` does.

        Raises:
            RunError: The run is damaged, its model or a feature is not installed, or an extractor
                has changed since.
            UnknownNameError: No such fold, or the store lacks a feature.
            UsageError: The store's recipe of a feature is not the one of the training.
            MissingDependencyError: The model or a feature needs a package that is not installed.
        """
        from serkit.prediction.predictor import Predictor  # it imports all that reads audio
        from serkit.store.store import FeatureStore

        predictor = Predictor(self.saved_models, fold)
        if isinstance(audio, FeatureStore):
            return self._with_training_clips_noted(predictor.predict_store(audio), audio)
        given = [audio] if isinstance(audio, (str, Path)) else audio
        return predictor.predict_files(given, channel=channel, workers=workers)

    def _with_training_clips_noted(self, found: Predictions, store: FeatureStore) -> Predictions:
        if self.record.get("corpus_digest") != store.corpus_digest:
            return found
        note = (
            "these clips are those that the run was trained and tested on: "
            "its accuracy is in its own predictions, not in these"
        )
        return replace(found, warnings=(*found.warnings, note))

    def folder_of(self, fold: str) -> Path:
        """Return a fold's folder; checked to be inside the run.

        Raises:
            UnknownNameError: No such fold.
            RunError: The record is damaged, or names a folder elsewhere.
        """
        self._refuse_evaluation()
        folders = self._folders
        if fold not in folders:
            raise unknown_name("fold", fold, folders)
        parts = PureWindowsPath(folders[fold])  # handles every system's separators and roots
        if parts.drive or parts.root or ".." in parts.parts:
            raise RunError(
                f"{self.path / RECORD} names the folder {folders[fold]!r}, which is outside the run"
            )
        return self.path / folders[fold]

    def _refuse_evaluation(self) -> None:
        if origin := self.record.get("evaluated_run"):
            raise RunError(
                f"{self.name} is an evaluation of {origin} and has no models of its own",
                hint=f"ask {origin}",
            )

    @property
    def _folders(self) -> dict[str, str]:
        try:
            return {str(e["fold"]): str(e["folder"]) for e in self.record["fold_scores"]}
        except (KeyError, TypeError) as error:
            raise RunError(
                f"{self.path / RECORD} is damaged (its fold_scores name no folders)",
                hint="train it again",
            ) from error

    def to_json(self) -> dict[str, Any]:
        """Return the record, with the stress table where there is one."""
        table = self.stress
        return dict(self.record) | ({"stress": table.to_json()} if table else {})

    def __rich__(self) -> RenderableType:
        """Return scores, confusion matrix, folds, data and settings."""
        from rich.console import Group

        from serkit.results.run_tables import render_run

        shown, table = render_run(self.name, self.record), self.stress
        return Group(shown, table) if table else shown


def with_speakers(frame: pd.DataFrame) -> pd.DataFrame:
    """Add speaker names to predictions from before speakers had names."""
    if "speaker" not in frame and "actor" in frame:
        names = frame["actor"].astype("Int64").astype("string")
        frame.insert(list(frame).index("actor"), "speaker", names)
    return frame


def read_run(path: Path) -> Run:
    """Read a finished run.

    Raises:
        RunError: It is not finished, or its record is damaged.
    """
    try:
        record = json.loads((path / RECORD).read_text(encoding="utf-8"))
        if fault := fault_of(record):
            raise ValueError(fault)
    except FileNotFoundError as error:
        raise RunError(
            f"the run {path.name} is not finished", hint=f"resume with '{resume_command(path)}'"
        ) from error
    except (OSError, ValueError) as error:
        hint = "train it again"
        if (path / CONFIG).is_file():
            hint = f"'{resume_command(path)}' writes it again from the folds that are whole"
        raise RunError(f"{path / RECORD} is damaged ({error})", hint=hint) from error
    return Run(path, record)

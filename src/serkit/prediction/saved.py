"""Trained models on disk, with everything needed to predict with them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.audio import Audio
from serkit.clips import SAMPLE_RATE
from serkit.dsp.recording import describe_recording
from serkit.dsp.scratch import Scratch
from serkit.errors import ClipTooLongError, RunError, SerkitError, unknown_name
from serkit.extraction.unlabelled import FeatureRequest, clip_features
from serkit.features import EXTRACTORS, FeatureSpec
from serkit.models import TRAINERS, Fitted, Trainer
from serkit.parameters import Parameters, Scalar
from serkit.prediction.coverage import Coverage
from serkit.prediction.golden import golden_answer
from serkit.store.memory import ClipFeatures

ENDING_OF_ONNX = ".onnx"


@dataclass(frozen=True)
class Loaded:
    """Models in memory whose probabilities are averaged.

    Attributes:
        folds: Names of the folds that they were trained in, or ``final``.
        models: The models, by any name: one may answer for several folds.
        golden: What they answered to the golden clip where they were trained, by the same names;
            models without such an answer are missing.
    """

    folds: tuple[str, ...]
    models: Mapping[str, Fitted]
    golden: Mapping[str, npt.NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True)
class Saved(ABC):
    """Trained models on disk, in any format, with their metadata.

    Attributes:
        name: Their name, such as the run's.
        model: The kind of model.
        preset: The preset's name.
        features: The features that they read, as :meth:`serkit.features.FeatureSpec.to_json`.
        labels: The emotions, in the order of the models' probabilities.
        audio: Lengths and sample rates of the clips that they were trained on; None where unknown.
        versions: The packages that they were trained with.
        expected: Measured accuracy on new speakers.
        record: The record's path, for messages.
        coverage: Range covered by a stress test; None if there was none.
    """

    name: str
    model: str
    preset: str
    features: Sequence[Mapping[str, Any]]
    labels: tuple[str, ...]
    audio: Mapping[str, Any] | None
    versions: Mapping[str, str]
    expected: Mapping[str, Any]
    record: Path = field(repr=False)
    coverage: Coverage | None = None

    @property
    @abstractmethod
    def request(self) -> FeatureRequest:
        """The features to compute of a clip.

        Raises:
            RunError: The models cannot predict single clips.
        """

    @abstractmethod
    def load(self, fold: str | None) -> Loaded:
        """Load the models to use.

        Args:
            fold: A fold's name, ``final`` or ``mean``; None leaves it to the models.

        Raises:
            UnknownNameError: No such fold.
            RunError: A model is damaged or not installed.
            MissingDependencyError: They need a package that is not installed.
        """

    @cached_property
    def specs(self) -> tuple[FeatureSpec, ...]:
        """The features that the models read, as they were when these were trained.

        Raises:
            RunError: The record is damaged, or an extractor is not installed or has changed since.
        """
        try:
            specs = tuple(FeatureSpec.from_json(each) for each in self.features)
        except (KeyError, TypeError) as error:
            raise RunError(
                f"{self.record} is damaged (it does not say which features were read)",
                hint="train it again",
            ) from error
        for spec in specs:
            self._check(spec)
        return specs

    def _check(self, spec: FeatureSpec) -> None:
        if spec.extractor not in EXTRACTORS:
            raise RunError(
                f"{self.name} reads {spec.name}, made by the extractor {spec.extractor!r}, "
                "which is not installed here",
                allowed=f"there are: {', '.join(EXTRACTORS.names())}",
            )
        installed = EXTRACTORS.get(spec.extractor).version
        if installed != spec.version:
            raise RunError(
                f"{self.name} was trained with extractor {spec.extractor} {spec.version}, "
                f"installed is {installed}",
                hint="train it again",
            )

    def features_of(
        self, clip_id: str, audio: Audio, *, name: str = "", scratch: Scratch | None = None
    ) -> ClipFeatures:
        """Compute a clip's features for the models.

        Args:
            clip_id: Its id, unique within a batch.
            audio: The clip, decoded.
            name: Its name in messages; by default its id.
            scratch: Memory that is used again for clip after clip.

        Raises:
            ClipTooLongError: The models read clips padded to a shorter length.
            SerkitError: A feature cannot be computed.
        """
        try:
            found = clip_features(clip_id, audio, self.request, scratch=scratch)
            return replace(found, recording=self.recording_of(audio))
        except ClipTooLongError as error:
            limit = self._limit_seconds()
            if limit is None or self.request.can_stretch:
                raise
            raise ClipTooLongError(
                f"{name or clip_id} is {audio.num_frames / SAMPLE_RATE:.2f} s long",
                allowed=f"{self.model} ({self.preset}) reads up to {limit:.2f} s",
                hint="cut it, or use a run whose model reads true lengths or functionals",
            ) from error

    def recording_of(self, audio: Audio) -> tuple[float, ...]:
        """Return what audio is like as a recording; empty where no stress test gives a range."""
        if self.coverage is None:
            return ()
        return tuple(describe_recording(audio.samples, SAMPLE_RATE).tolist())

    def _limit_seconds(self) -> float | None:
        """Return the length that the shortest recipe pads to."""
        limits = [
            samples / (spec.whole("sample_rate") or SAMPLE_RATE)
            for spec in self.specs
            if (samples := spec.whole("pad_to"))
        ]
        return min(limits, default=None)


@dataclass(frozen=True, kw_only=True)
class SavedModels(Saved):
    """The models of one recipe, trained on different speakers, as a run keeps them.

    Attributes:
        values: Every parameter's value.
        folders: Folder of each fold's model, by fold.
        final: Folder of the model of all speakers; None where there is none.
    """

    values: Mapping[str, Scalar]
    folders: Mapping[str, Path]
    final: Path | None

    @property
    def trainer(self) -> Trainer[Any]:
        """The kind of model.

        Raises:
            RunError: It is not installed here.
        """
        if self.model not in TRAINERS:
            raise RunError(
                f"{self.name} is a run of the model {self.model!r}, which is not installed here",
                allowed=f"there are: {', '.join(TRAINERS.names())}",
                hint="install the package that brings it",
            )
        return TRAINERS.get(self.model)

    @cached_property
    def parameters(self) -> Parameters:
        """Training parameters in the current form of the trainer."""
        recalled: Parameters = self.trainer.recall(self.values)
        return recalled

    @cached_property
    def request(self) -> FeatureRequest:
        """The features to compute of a clip.

        Raises:
            RunError: The models need all clips of a speaker at once, but single clips have no
                speaker names.
        """
        if self.trainer.by_speaker(self.parameters):
            raise RunError(
                f"{self.name} normalises by speaker, but the speakers of these files are unknown",
                allowed="runs that predict each clip independently can be used",
                hint="train it with --set normalise=none",
            )
        return FeatureRequest(self.specs, self.trainer.true_length(self.parameters))

    def chosen(self, fold: str | None) -> dict[str, Path]:
        """Return the folders of the models to use.

        Args:
            fold: A fold's name; ``final`` for the model of all speakers; ``mean`` for the models
                of all folds; None is ``final`` where there is one, else ``mean``.

        Raises:
            UnknownNameError: No such fold.
            RunError: There is no model.
        """
        if self.final is not None and fold in (None, FINAL):
            return {FINAL: self.final}
        if fold not in (None, MEAN):
            if fold not in self.folders:
                raise unknown_name("fold", str(fold), self.folders)
            return {str(fold): self.folders[str(fold)]}
        if not self.folders:
            raise RunError(f"{self.name} has no folds, so no model", hint="train it again")
        return dict(self.folders)

    def load(self, fold: str | None) -> Loaded:
        """Load the models of :meth:`chosen` folds."""
        trainer, folders = self.trainer, self.chosen(fold)
        kept = {name: golden_answer(folder, self.labels) for name, folder in folders.items()}
        return Loaded(
            tuple(folders),
            {name: load_model(trainer, folder) for name, folder in folders.items()},
            {name: answer for name, answer in kept.items() if answer is not None},
        )


FINAL = "final"
"""Means the model fitted on all speakers."""

MEAN = "mean"
"""Means averaging the probabilities of all folds' models."""


def is_onnx(name: object) -> bool:
    """Return whether a name is that of an ONNX file and not of a run.

    Example:
        >>> is_onnx("model.onnx"), is_onnx("logreg-luna5")
        (True, False)
    """
    return isinstance(name, str | Path) and Path(name).suffix.lower() == ENDING_OF_ONNX


def load_model(trainer: Trainer[Any], folder: Path) -> Fitted:
    """Load one fitted model.

    Raises:
        MissingDependencyError: The trainer needs a package that is not installed.
        RunError: The model is damaged, not there, or cannot be loaded safely.
    """
    trainer.require()
    try:
        return trainer.load(folder)
    except SerkitError:
        raise
    except Exception as error:  # each library has its own words for a file that is no model
        raise RunError(
            f"the model in {folder} is damaged ({type(error).__name__}: {error})",
            hint="train it again",
        ) from error

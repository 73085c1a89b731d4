"""The trainer contract: from a fold's training data to a model that predicts probabilities.

A new model is one module in this package that binds ``TRAINER``. Frameworks are imported inside
functions, so that one command loads one framework.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from serkit.errors import unknown_name
from serkit.models.clips import ClipData, FoldData
from serkit.parameters import Parameters, Scalar, settle
from serkit.progress import ProgressCallback, silent
from serkit.registry import Registry

if TYPE_CHECKING:
    import pandas as pd

P = TypeVar("P", bound=Parameters)


class Fitted(Protocol):
    """A fitted model.

    Example:
        >>> fitted = serkit.show("logreg-luna5").model_of("1")
        >>> fitted.parameters > 0
        True
    """

    @property
    def parameters(self) -> int:
        """Number of fitted parameters."""

    @property
    def chosen(self) -> Mapping[str, Scalar]:
        """Values chosen on inner validation speakers (C, rounds, epoch, ...)."""

    def predict(self, data: ClipData) -> npt.NDArray[np.float64]:
        """Return probabilities, shape ``(n, classes)``; rows sum to 1."""

    def save(self, folder: Path) -> None:
        """Write the model into an existing folder, without executable content."""


@dataclass(frozen=True)
class Tracking:
    """External tracking of a training; it does not affect the result.

    Attributes:
        tensorboard: Folder that TensorBoard reads; None logs nothing there.
        mlflow: MLflow's tracking address or folder; None logs nothing there.
        name: Name of the training there: run and fold.
    """

    tensorboard: Path | None = None
    mlflow: str | None = None
    name: str = ""

    def __bool__(self) -> bool:
        return self.tensorboard is not None or self.mlflow is not None


@dataclass(frozen=True)
class MemberModel:
    """One of the models that an ensemble is made of.

    Attributes:
        kind: Its trainer's name.
        folder: The folder that it was saved in.
        values: Its parameters, from its run's record.
        seed: Its run's seed.
    """

    kind: str
    folder: Path
    values: Mapping[str, Scalar] = field(default_factory=dict)
    seed: int = 0


@dataclass(frozen=True)
class Teacher:
    """A model that a net learns from: how it is fitted, and no fitted model.

    Attributes:
        kind: Its trainer's name.
        values: Its parameters, from its run's record.
        seed: Its run's seed.
    """

    kind: str
    values: Mapping[str, Scalar]
    seed: int = 0


@dataclass(frozen=True)
class FitContext:
    """Seed, callbacks, checkpoint folder and tracking for one fit.

    Attributes:
        seed: Seed of all random numbers of the fit.
        progress: Called as ``progress(done, total, what)``, in epochs if the model is trained in
            epochs.
        batches: Called as ``batches(done, total, what)`` within an epoch.
        workdir: A folder for checkpoints that survives a kill and is removed when the fold is
            finished; a trainer resumes from its checkpoint there. None for no checkpoints.
        tracking: External tracking.
        members: The models of an ensemble's runs for this fold.
        teachers: The models that a net learns from; see :mod:`serkit.models.distillation`.
        judged: Called as ``judged(share, uar)`` after an epoch that was judged on validation clips:
            how much of the training is done, 0 to 1, and the UAR. What it raises ends the fit.

    Example:
        >>> FitContext(seed=3).seed
        3
    """

    seed: int = 0
    progress: ProgressCallback = field(default=silent)
    batches: ProgressCallback = field(default=silent)
    workdir: Path | None = None
    tracking: Tracking = field(default_factory=Tracking)
    members: tuple[MemberModel, ...] = ()
    teachers: tuple[Teacher, ...] = ()
    judged: Callable[[float, float], None] = field(default=silent)


@dataclass(frozen=True)
class Preset(Generic[P]):
    """A named set of parameters.

    Attributes:
        summary: One line.
        parameters: Every parameter's value.
        selected_on: Data that the values were tuned on, such as ``luna5 inner folds of 20 actors``;
            empty if they were not tuned. A preset tuned on all folds' inner actors has indirectly
            seen test actors: the inner actors of one fold are test actors of another.
        is_study: Whether it is the reference study's model: on the study's protocols it chooses as
            the study chose, on the test clips.

    Example:
        >>> from serkit.parameters import parameter
        >>> @dataclass(frozen=True)
        ... class Boosting(Parameters):
        ...     rounds: int = parameter(400, "maximum number of boosting rounds", minimum=1)
        >>> Preset("Fewer rounds, for a quick look.", Boosting(rounds=10)).parameters.rounds
        10
    """

    summary: str
    parameters: P
    selected_on: str = ""
    is_study: bool = False


def _nothing_missing() -> None:
    """Need nothing that is not installed anyway."""


def _anything_goes(_parameters: object) -> None:
    """Accept all parameters."""


def _always(_parameters: object) -> bool:
    """Assume that something is chosen on the validation clips."""
    return True


def _padded(_parameters: object) -> bool:
    """Read clips padded to their recipe's length."""
    return False


def _as_recorded(_parameters: object) -> tuple[str, ...]:
    """Fit on no copies."""
    return ()


def _clip_by_clip(_parameters: object) -> bool:
    """Predict each clip independently."""
    return False


def earlier_seconds(model: Fitted) -> float:
    """Return the training time before interruptions, in seconds.

    A fitted model may have an attribute ``earlier_seconds``; without one nothing was.
    """
    return float(getattr(model, "earlier_seconds", 0.0))


def fitted_clips(model: Fitted) -> int | None:
    """Return the number of clips a model was finally fitted on; None if unknown.

    A fitted model may have an attribute ``fitted_clips``.
    """
    found: int | None = getattr(model, "fitted_clips", None)
    return found


def notes_of(model: Fitted) -> tuple[str, ...]:
    """Return a model's notes for readers of the run.

    A fitted model may have an attribute ``notes``.
    """
    return tuple(getattr(model, "notes", ()))


def settings_tried(model: Fitted) -> int | None:
    """Return how many settings (values of C, epochs, rounds) were compared in one fold.

    A fitted model may have an attribute ``settings_tried``; None if it has not.
    """
    found: int | None = getattr(model, "settings_tried", None)
    return found


def history_of(model: Fitted) -> pd.DataFrame | None:
    """Return a model's history: one row for each epoch, or None where it was not trained in epochs.

    A fitted model may have an attribute ``history``: a data frame with a column ``epoch``.
    """
    found: pd.DataFrame | None = getattr(model, "history", None)
    return found


@dataclass(frozen=True)
class Trainer(Generic[P]):
    """A kind of model.

    Attributes:
        name: The module's.
        summary: One line.
        parameters: What may be set: a frozen dataclass, see :class:`serkit.parameters.Parameters`.
        presets: Named settings; ``best`` always, ``notebook`` where the study had this model, and
            ``notebook-...`` for its variants.
        features: Function from parameters to the input features.
        voices: Function from parameters to additional voices of training clips; the store must hold
            each feature in each voice, as ``FEATURE-VOICE``.
        fit: Function from a fold's training data, parameters and context to a fitted model.
            Everything is fitted and chosen on these data only. Deterministic given the seed.
        load: Function from a folder written by :meth:`Fitted.save` to the model; never executes
            code from it.
        require: Raises :class:`serkit.errors.MissingDependencyError` if a package is missing.
        check: Raises :class:`serkit.errors.SerkitError` if the parameters need a missing package or
            are incompatible; called before anything is read or written.
        true_length: Function from parameters to whether clips are read in their true length
            (``padded=False``), so that the model accepts clips longer than the recipes'
            ``pad_to``.
        track: Raises :class:`serkit.errors.SerkitError` if a training with these parameters cannot
            be tracked there; None if the model has no epochs.
        shares_fit: Whether ``fit``, called with the same arguments in every torchrun process,
            shares the work among them.
        combines_runs: Whether it combines finished runs, named by its parameter ``members`` and
            passed to ``fit`` in the context; its parameter ``features`` is filled in from them. Its
            parameters derive from :class:`serkit.models.ensemble.CombinedRuns`.
        by_speaker: Function from parameters to whether ``predict`` treats a batch as one speaker's
            clips: a run then predicts test clips speaker by speaker and is stamped transductive.
        validates: Function from parameters to whether anything is chosen on validation clips; a run
            that uses test clips for that is stamped.
        before: Values that newer parameters had implicitly in older versions.
        transductive: Whether ``predict`` uses the other clips of a batch. Every run checks this for
            other models; either way the run is stamped.

    Example:
        >>> majority = TRAINERS.get("majority")
        >>> majority.name, "best" in majority.presets
        ('majority', True)
    """

    name: str
    summary: str
    parameters: type[P]
    presets: Mapping[str, Preset[P]]
    features: Callable[[P], tuple[str, ...]]
    fit: Callable[[FoldData, P, FitContext], Fitted]
    load: Callable[[Path], Fitted]
    require: Callable[[], None] = _nothing_missing
    check: Callable[[P], None] = _anything_goes
    true_length: Callable[[P], bool] = _padded
    voices: Callable[[P], tuple[str, ...]] = _as_recorded
    track: Callable[[P, Tracking], None] | None = None
    shares_fit: bool = False
    combines_runs: bool = False
    by_speaker: Callable[[P], bool] = _clip_by_clip
    validates: Callable[[P], bool] = _always
    before: Mapping[str, Scalar] = field(default_factory=dict)
    transductive: bool = False

    def settle(self, preset: str, given: Mapping[str, object]) -> P:
        """Return every parameter's value: as given, else the preset's.

        Args:
            preset: The preset's name.
            given: Values by name; strings are read as the command line's ``--set``.

        Raises:
            UnknownNameError: No such preset or parameter.
            UsageError: A value has the wrong type or out of range.
        """
        if preset not in self.presets:
            raise unknown_name(f"preset of {self.name}", preset, self.presets)
        known = self.parameters.declared()
        read = {
            key: known[key].parse(key, value) if isinstance(value, str) and key in known else value
            for key, value in given.items()
        }
        return settle(self.name, self.presets[preset].parameters, read)

    def recall(self, values: Mapping[str, Scalar]) -> P:
        """Return the parameters that a run was trained with, also by another version.

        Args:
            values: Values from the run's record.
        """
        return self.parameters.from_json({**self.before, **values})


TRAINERS: Registry[Trainer[Any]] = Registry(
    "model", "serkit.trainers", "TRAINER", hint="see 'serkit models'"
)
"""Every trainer, by name."""

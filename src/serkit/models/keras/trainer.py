"""Shared code of the Keras trainers: fitting, and the plug-in itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from serkit.errors import UsageError
from serkit.extras import require
from serkit.models.clips import FoldData, TrainingClips
from serkit.models.copies import OTHER_VOICES
from serkit.models.distillation import soft_labels
from serkit.models.keras.backend import (
    device_scope,
    load_keras,
    loaded_backend,
    precision_scope,
)
from serkit.models.keras.beside import DEEP, LINEAR, WIDE
from serkit.models.keras.checkpoint import Checkpoints
from serkit.models.keras.compiled import CompiledNet, CompiledNets
from serkit.models.keras.loop import train
from serkit.models.keras.nets.parts import Shape
from serkit.models.keras.network import Network, load
from serkit.models.keras.parameters import KerasParameters
from serkit.models.keras.scaling import Scaling, fit_scaling
from serkit.models.keras.source import Source
from serkit.models.keras.spectra import Spectra
from serkit.models.memory import fitting_in_memory
from serkit.models.tracking import require_trackers
from serkit.models.trainer import FitContext, Preset, Tracking, Trainer
from serkit.models.training import history_frame, training_key
from serkit.parameters import names_in

K = TypeVar("K", bound=KerasParameters)

TRACKS_INPUT: Mapping[str, Any] = {
    "features": "tracks40",
    "scale": "power",
    "copies": OTHER_VOICES,
}
"""Frame tracks at 25 a second, of each training clip in three voices."""

SMALL_LOOP: Mapping[str, Any] = {
    "epochs": 24,
    "batch_size": 8,
    "learning_rate": 3e-3,
    "schedule": "restarts",
    "cycle": 2,
    "l2": 5e-3,
    "monitor": "last",
}
"""How nets of few weights are trained: small steps of few clips, and a strong penalty."""

WITH_FUNCTIONALS: Mapping[str, Any] = {"beside": "functionals", "epochs": 8, "l2": 1e-2}
"""The functionals of each clip and copy beside its frames: nothing is gained after few epochs, and
a stronger penalty holds the wide input (docs/experiments/distillation.md)."""

LINEAR_BESIDE: Mapping[str, Any] = {**WITH_FUNCTIONALS, "beside_path": "linear", "average": 0.998}
"""The functionals whitened and read by a linear layer, as logistic regression reads them, and the
average of the weights (docs/experiments/wide-and-deep.md)."""

STUDY: Mapping[str, Any] = {"scale": "power", "monitor": "accuracy", "refit": False}
"""Values of all the study's nets: raw mel power, and the epoch with the best accuracy."""


def keras_trainer(
    name: str,
    summary: str,
    parameters: type[K],
    build: Callable[[K, Shape, int], Any],
    presets: Mapping[str, Preset[K]],
) -> Trainer[K]:
    """Make a plug-in of a net.

    Args:
        name: The net's name.
        summary: One line.
        parameters: The parameters. ``padding`` says which lengths of
            :class:`~serkit.models.keras.source.Source` the net can read.
        build: From parameters, the shape of a clip and the number of classes to the Keras model.
        presets: Named settings.
    """
    return Trainer(
        name=name,
        summary=summary,
        parameters=parameters,
        presets=presets,
        features=lambda values: (*names_in(values.features), *values.table_names),
        voices=lambda values: values.voices,
        fit=_Net(name, build).fit,
        load=load,
        check=_check,
        true_length=lambda values: values.padding in ("crop", "none"),
        track=check_tracking,
        validates=lambda values: values.monitor != "last",
        before={"refit": False, "beside_path": "hidden", "average": 0.0},
    )


def check_tracking(parameters: KerasParameters, tracking: Tracking) -> None:
    """Reject unsupported tracking before training starts.

    Raises:
        MissingDependencyError: A package is not installed; the hint names the extra.
        UsageError: TensorBoard is requested with another backend than TensorFlow.
    """
    require_trackers(parameters, tracking)
    if tracking.tensorboard is not None and parameters.backend != "tensorflow":
        raise UsageError(
            f"Keras only supports TensorBoard with backend=tensorflow, not {parameters.backend}",
            hint="use --backend tensorflow, or log to MLflow",
        )


def _check(parameters: KerasParameters) -> None:
    if parameters.standardise == "all":
        _check_padding_counts(parameters)
    if loaded_backend(parameters.backend) == parameters.backend:
        require(parameters.backend, "keras", extra=parameters.backend)
    # another backend is loaded: load_keras reports it


def _check_padding_counts(parameters: KerasParameters) -> None:
    """Refuse to count padding if there is none or if it has no fixed value."""
    said = None
    if parameters.padding == "crop":
        said = "counts padding, and with padding = 'crop' there is none"
    elif parameters.padding != "none" and parameters.scale == "db":
        said = "counts padding as silence, which has no decibels"
    if said:
        raise UsageError(f"standardise = 'all' {said}", hint="use --set standardise=live")


@dataclass(frozen=True)
class _Net(Generic[K]):
    """A kind of net: name, build function, and the nets of it that are compiled."""

    name: str
    build: Callable[[K, Shape, int], Any]
    compiled: CompiledNets = field(default_factory=CompiledNets)

    def fit(self, fold: FoldData, parameters: K, context: FitContext) -> Network:
        """Fit a net on a training side; again on all of its clips once the epoch is chosen."""
        keras = load_keras(parameters.backend)
        side = parameters.fitted_side(fold)
        again = len(fold.validation) and len(side) > len(fold.train)
        with (
            device_scope(keras, parameters.device),
            fitting_in_memory(self.name, "lower batch_size, or make the net smaller"),
        ):
            if again and parameters.monitor == "last":  # nothing is chosen: one fit on all clips
                return self._fit_once(_without_choice(side), parameters, context)
            net = self._fit_once(fold, parameters, context)
            return self._fit_again(net, side, parameters, context) if again else net

    def _fit_once(self, fold: FoldData, parameters: K, context: FitContext) -> Network:
        """Fit a net on the training clips, its epoch chosen on the validation clips if any."""
        soft = soft_labels(fold.train, parameters, context)
        checkpoints = Checkpoints(context.workdir, self._key(fold, parameters, context))
        source = Source.of(parameters, fold.train)
        clips, validation = Spectra(fold.train, source), Spectra(fold.validation, source)
        scaling = _fit_scaling(clips, parameters)
        compiled = self._begin(source, parameters, len(fold.labels), context.seed)
        course = train(
            compiled, clips, validation, scaling, parameters, context, checkpoints, soft=soft
        )
        return Network(
            compiled.model,
            source,
            merged(compiled.model, scaling),
            parameters.to_json(),
            held=compiled,
            chosen={"epoch": course.best} if len(validation) else {},
            history=history_frame(course.rows, course.best),
            earlier_seconds=checkpoints.earlier,
            fitted_clips=len(fold.train),
            settings_tried=1 if parameters.monitor == "last" else len(course.rows),
        )

    def _fit_again(
        self, net: Network, side: TrainingClips, parameters: K, context: FitContext
    ) -> Network:
        """Refit a net on more clips, for the chosen number of epochs and on the same schedule."""
        folder = context.workdir and context.workdir / "refit"
        if folder:
            folder.mkdir(exist_ok=True)
        context = replace(context, workdir=folder, tracking=Tracking())
        fold = _without_choice(side)
        soft = soft_labels(side, parameters, context)
        checkpoints = Checkpoints(folder, self._key(fold, parameters, context))
        clips = Spectra(side, net.source)
        scaling = _fit_scaling(clips, parameters)
        compiled = self._begin(net.source, parameters, len(fold.labels), context.seed)
        train(
            compiled,
            clips,
            Spectra(fold.validation, net.source),
            scaling,
            parameters,
            context,
            checkpoints,
            last=net.epoch,
            soft=soft,
        )
        return replace(
            net,
            model=compiled.model,
            scaling=merged(compiled.model, scaling),
            held=compiled,
            earlier_seconds=net.earlier_seconds + checkpoints.earlier,
            fitted_clips=len(side),
        )

    def _begin(self, source: Source, parameters: K, classes: int, seed: int) -> CompiledNet:
        """Return a compiled net in the state of a new one."""
        kind = json.dumps([_shape(source), classes, parameters.to_json()], sort_keys=True)

        def build(seed: int) -> Any:
            return build_net(self.build, source, parameters, classes, seed)

        return self.compiled.begin(kind, build, seed, parameters)

    def _key(self, fold: FoldData, parameters: K, context: FitContext) -> str:
        return training_key(fold, self.name, parameters.to_json(), context.seed)


def build_net(
    build: Callable[[K, Shape, int], Any], source: Source, parameters: K, classes: int, seed: int
) -> Any:
    """Build a net whose weights and later random numbers follow from a seed.

    Args:
        build: The build function.
        source: Its input.
        parameters: Its size, the backend and the precision.
        classes: How many classes there are.
        seed: Of all random numbers.
    """
    keras = load_keras(parameters.backend)
    keras.utils.set_random_seed(seed)
    with precision_scope(keras, parameters.precision):
        return build(parameters, _shape(source), classes)


def _shape(source: Source) -> Shape:
    return Shape(source.length, source.bands, source.columns)


def merged(model: Any, scaling: Scaling) -> Scaling:
    """Multiply the whitening of a training into its net; return the scaling that remains."""
    if scaling.whitening is not None:
        scaling.whitening.merge_into(model, (WIDE, DEEP))
        scaling = replace(scaling, whitening=None)
    beside = scaling.beside
    if beside is not None and beside.whitening is not None:
        beside.whitening.merge_into(model, (LINEAR,))
        scaling = replace(scaling, beside=replace(beside, whitening=None))
    return scaling


def _fit_scaling(clips: Spectra, parameters: KerasParameters) -> Scaling:
    over, beside = parameters.standardise, parameters.linear_beside
    return fit_scaling(clips, over, beside, parameters.frame_whitening)


def _without_choice(side: TrainingClips) -> FoldData:
    """Return a training side of which no clip is set aside to choose on."""
    return FoldData(side, side.take(()), side)

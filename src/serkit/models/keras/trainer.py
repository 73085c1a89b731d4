"""What the Keras trainers share: parameters, fitting, and the plug-in itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from serkit.errors import UsageError
from serkit.models.clips import FoldData, TrainingClips
from serkit.models.copies import COPIES, voices_of
from serkit.models.history import history_frame
from serkit.models.keras.augment import AUGMENTATION
from serkit.models.keras.backend import (
    BACKENDS,
    DEVICES,
    PRECISIONS,
    device_scope,
    load_keras,
    loaded_backend,
    precision_scope,
    require,
)
from serkit.models.keras.checkpoint import Checkpoints
from serkit.models.keras.loop import train
from serkit.models.keras.network import Network, load
from serkit.models.keras.spectra import Source, Spectra, fit_scaling
from serkit.models.memory import fitting_in_memory
from serkit.models.refit import REFIT, fitted_side
from serkit.models.tracking import check_tracking
from serkit.models.trainer import FitContext, Fitted, Preset, Tracking, Trainer
from serkit.parameters import Parameter, Parameters, Scalar, integer, text

INPUT = {
    "features": Parameter("mel128", "spectrogram to read"),
    "scale": Parameter("db", "how powers are read", choices=("power", "db")),
    "standardise": Parameter(
        "live",
        "by the training clips, each band: over their live frames, over padding too, or not",
        choices=("live", "all", "none"),
    ),
}
"""What is read of a clip, beside its ``padding``, of which each net has its own choices."""

LOOP = {
    "epochs": Parameter(60, "most passes over the training clips", minimum=1),
    "batch_size": Parameter(32, "clips in a step", minimum=1),
    "learning_rate": Parameter(1e-3, "step size of Adam", minimum=1e-8),
    "schedule": Parameter(
        "cosine",
        "of the learning rate: cosine goes up and down once, restarts starts high again every "
        "cycle, exponential is times 0.9 every 1,000 steps",
        choices=("constant", "exponential", "cosine", "restarts"),
    ),
    "cycle": Parameter(2, "epochs from one restart to the next (schedule=restarts)", minimum=1),
    "weight_decay": Parameter(0.0, "of AdamW; 0 is Adam", minimum=0),
    "l2": Parameter(0.0, "penalty on all weights, in the gradient that Adam scales", minimum=0),
    "clip_norm": Parameter(0.0, "greatest norm of a gradient; 0 is any", minimum=0),
    "label_smoothing": Parameter(
        0.0, "share of a label given to all emotions", minimum=0, maximum=0.9
    ),
    "class_weight": Parameter("none", "weights of emotions", choices=("none", "balanced")),
    "monitor": Parameter(
        "loss",
        "what the best epoch is best in; last takes the last one and chooses nothing",
        choices=("loss", "uar", "accuracy", "last"),
    ),
    "patience": Parameter(0, "epochs without a better one before it stops; 0 never", minimum=0),
    **REFIT,
}
"""How a net is trained."""

MACHINE = {
    "backend": Parameter("tensorflow", "what Keras runs on", choices=BACKENDS),
    "device": Parameter("auto", "what it is trained on", choices=DEVICES),
    "jit": Parameter(False, "compile whole steps with XLA (tensorflow; jax always does)"),
    "precision": Parameter(
        "float32",
        "what layers compute in; weights, softmax and loss are float32",
        choices=PRECISIONS,
    ),
}
"""Where it is trained."""

TRACKS_INPUT: dict[str, Scalar] = {
    "features": "tracks40",
    "scale": "power",
    "copies": "speed090,speed110",
}
"""Frame tracks at 25 a second, of each training clip in three voices."""

SMALL_LOOP: dict[str, Scalar] = {
    "epochs": 24,
    "batch_size": 8,
    "learning_rate": 3e-3,
    "schedule": "restarts",
    "cycle": 2,
    "l2": 5e-3,
    "monitor": "last",
}
"""How nets of few weights are trained: small steps of few clips, and a strong penalty."""

STUDY_INPUT = {"scale": "power", "standardise": "none", "padding": "front"}
"""The study's input: raw mel power, padded in front."""

STUDY_LOOP: dict[str, Scalar] = {"schedule": "constant", "monitor": "accuracy", "refit": False}
"""The study's loop, where it is the same for all its nets."""


def keras_trainer(
    name: str,
    summary: str,
    net: Mapping[str, Parameter],
    presets: Mapping[str, Preset],
    padding: Parameter,
) -> Trainer:
    """Make a plug-in of a net in :mod:`serkit.models.keras.nets`.

    Args:
        name: The net's module.
        summary: One line.
        net: What the net's ``build`` reads.
        presets: Named settings.
        padding: Which lengths of :class:`~serkit.models.keras.spectra.Source` it can read.
    """
    return Trainer(
        name=name,
        summary=summary,
        parameters={
            **INPUT,
            "padding": padding,
            **COPIES,
            **net,
            **LOOP,
            **AUGMENTATION,
            **MACHINE,
        },
        presets=presets,
        features=lambda parameters: (text(parameters, "features"),),
        voices=voices_of,
        fit=partial(_fit, name),
        load=_load,
        check=_check,
        true_length=lambda parameters: text(parameters, "padding") in ("crop", "none"),
        track=check_tracking,
        validates=lambda parameters: parameters["monitor"] != "last",
        before={"refit": False},
    )


def _check(parameters: Parameters) -> None:
    if parameters["standardise"] == "all":
        _check_padding_counts(parameters)
    backend = text(parameters, "backend")
    if loaded_backend(backend) == backend:
        require(backend)
    # Another one is loaded: load_keras says so when it is asked.


def _check_padding_counts(parameters: Parameters) -> None:
    """Refuse to count padding where there is none, or where it has no value."""
    padding, said = parameters["padding"], None
    if padding == "crop":
        said = "counts padding, and with padding = 'crop' there is none"
    elif padding != "none" and parameters["scale"] == "db":
        said = "counts padding as silence, which has no decibels"
    if said:
        raise UsageError(f"standardise = 'all' {said}", hint="use --set standardise=live")


def _fit(name: str, fold: FoldData, parameters: Parameters, context: FitContext) -> Fitted:
    keras = load_keras(text(parameters, "backend"))
    side = fitted_side(fold, parameters)
    again = len(fold.validation) and len(side) > len(fold.train)
    with (
        device_scope(keras, text(parameters, "device")),
        fitting_in_memory(name, "lower batch_size, or make the net smaller"),
    ):
        if again and parameters["monitor"] == "last":  # nothing is chosen: one fit on all clips
            return _fit_once(name, FoldData(side, side.take(()), side), parameters, context)
        net = _fit_once(name, fold, parameters, context)
        return _fit_again(net, name, side, parameters, context) if again else net


def _fit_once(name: str, fold: FoldData, parameters: Parameters, context: FitContext) -> Network:
    """Fit a net on the training clips, its epoch chosen on the validation clips if any."""
    checkpoints = Checkpoints(context.workdir, _key(name, fold, parameters, context))
    source = Source.of(parameters, fold.train)
    clips, validation = Spectra(fold.train, source), Spectra(fold.validation, source)
    scaling = fit_scaling(clips, text(parameters, "standardise"))
    model = _build(name, source, parameters, len(fold.labels), context.seed)
    course = train(model, clips, validation, scaling, parameters, context, checkpoints)
    return Network(
        model,
        source,
        scaling,
        dict(parameters),
        {"epoch": course.best} if len(validation) else {},
        history_frame(course.rows, course.best),
        checkpoints.earlier,
        len(fold.train),
        1 if parameters["monitor"] == "last" else len(course.rows),
    )


def _fit_again(
    net: Network, name: str, side: TrainingClips, parameters: Parameters, context: FitContext
) -> Network:
    """Fit a net anew on more clips, for as many epochs as were chosen, on the same schedule."""
    folder = context.workdir and context.workdir / "refit"
    if folder:
        folder.mkdir(exist_ok=True)
    context = replace(context, workdir=folder, tracking=Tracking())
    fold = FoldData(side, side.take(()), side)
    checkpoints = Checkpoints(folder, _key(name, fold, parameters, context))
    clips = Spectra(side, net.source)
    scaling = fit_scaling(clips, text(parameters, "standardise"))
    model = _build(name, net.source, parameters, len(fold.labels), context.seed)
    train(
        model,
        clips,
        Spectra(fold.validation, net.source),
        scaling,
        parameters,
        context,
        checkpoints,
        last=integer(net.chosen, "epoch"),
    )
    return replace(
        net,
        model=model,
        scaling=scaling,
        earlier_seconds=net.earlier_seconds + checkpoints.earlier,
        fitted_clips=len(side),
    )


def _key(name: str, fold: FoldData, parameters: Parameters, context: FitContext) -> str:
    """Return what a checkpoint must be of: a digest of all that the training depends on."""
    clips = [fold.train.clip_ids, fold.validation.clip_ids]
    facts = [name, dict(parameters), context.seed, clips]
    return sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _build(name: str, source: Source, parameters: Parameters, classes: int, seed: int) -> Any:
    """Build a net whose weights, and all that it draws later, follow from a seed."""
    keras = load_keras(text(parameters, "backend"))
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    module = import_module(f"serkit.models.keras.nets.{name}")
    with precision_scope(keras, text(parameters, "precision")):
        return module.build(parameters, (source.length, source.bands), classes)


def _load(folder: Path) -> Fitted:
    return load(folder)

"""Logistic regression: the study's on two numbers, and one on functionals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from serkit.compute.blas import on_one_blas_thread
from serkit.models.classical.choice import Choice, choose, unconverged
from serkit.models.classical.decisions import fit_temperature
from serkit.models.classical.inputs import Inputs
from serkit.models.classical.parameters import PipelineParameters
from serkit.models.classical.pipeline import Matrix, SklearnModel, preprocessing
from serkit.models.clips import FoldData, TrainingClips
from serkit.models.copies import OTHER_VOICES, ROBUST_FEATURES, SCENE_COPIES
from serkit.models.selection import INNER_ACTORS, TEST_CLIPS
from serkit.models.trainer import FitContext, Fitted, Preset, Trainer
from serkit.parameters import Scalar, parameter

_GRID = tuple({"C": c} for c in (0.3, 1.0, 3.0))
"""For whitened clips, whose mean squared length is 1."""

_PLAIN_GRID = tuple({"C": c} for c in (1e-4, 1e-3, 1e-2, 1e-1))
"""For clips whose length grows with the number of columns: from where the penalty rules to where
less of it changes next to nothing."""


@dataclass(frozen=True)
class LogregParameters(PipelineParameters):
    """Parameters of a logistic regression."""

    scheme: str = parameter(
        "multinomial",
        "one model for all emotions, or one-versus-rest",
        choices=("multinomial", "ovr"),
    )
    max_iter: int = parameter(1000, "maximum number of solver iterations", minimum=1)
    calibrate: bool = parameter(
        False, "with a given C, fit a temperature on inner folds, as choosing C does anyway"
    )


def _classifier(parameters: LogregParameters, values: Mapping[str, Scalar]) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    model = LogisticRegression(
        C=values["C"],
        max_iter=parameters.max_iter,
        class_weight=parameters.sklearn_class_weight,
    )
    return OneVsRestClassifier(model) if parameters.scheme == "ovr" else model


@on_one_blas_thread
def _fit(fold: FoldData, parameters: LogregParameters, context: FitContext) -> Fitted:
    from sklearn.pipeline import make_pipeline

    inputs = Inputs.of(parameters)
    data = parameters.fitted_side(fold)
    matrix = inputs.training_matrix(data)
    labels = np.resize(data.labels, len(matrix))  # copies have their clips' labels
    values: Mapping[str, Scalar] = {"C": parameters.C}
    chosen: dict[str, Scalar] = {}
    with unconverged() as warned:
        choice = _choose(data, matrix, parameters, context)
        if choice and not parameters.C:
            values = choice.values
            chosen = {**values, "inner_uar": round(choice.uar, 4)}
        model = make_pipeline(preprocessing(parameters), _classifier(parameters, values))
        model.fit(matrix, labels)
    if warned:
        chosen["converged"] = False
    temperature = fit_temperature(choice.decisions, data.labels) if choice else None
    tried = len(_grid(parameters))
    return SklearnModel(model, inputs, len(fold.labels), chosen, temperature, len(data), tried)


def _choose(
    data: TrainingClips, matrix: Matrix, parameters: LogregParameters, context: FitContext
) -> Choice | None:
    """Choose C on inner folds, or try the given one there to be calibrated; None for neither."""
    is_alone = len(np.unique(data.speakers)) < 2
    if parameters.C and (is_alone or not parameters.calibrate):
        return None
    return choose(
        _grid(parameters),
        lambda: preprocessing(parameters),
        lambda setting: _classifier(parameters, setting),
        data,
        matrix,
        lambda done, total, _what="": context.progress(
            done, total, "calibrating" if parameters.C else "choosing C"
        ),
    )


def _grid(parameters: LogregParameters) -> Sequence[Mapping[str, Scalar]]:
    if parameters.C:
        return [{"C": parameters.C}]
    return _GRID if parameters.whiten else _PLAIN_GRID


TRAINER = Trainer(
    name="logreg",
    summary="logistic regression",
    parameters=LogregParameters,
    presets={
        "best": Preset(
            "functionals, whitened, C chosen on inner folds by speaker",
            LogregParameters(),
            INNER_ACTORS,
        ),
        "voices": Preset(
            "the same, fitted also on copies a tenth slower and a tenth faster",
            LogregParameters(copies=OTHER_VOICES),
            INNER_ACTORS,
        ),
        "robust": Preset(
            "functionals, and those that change little with level, band and noise; fitted also on "
            "copies in four drawn scenes (tempo, room, noise, level, band) and in a murmur",
            # 0.1 and 1 were not clearly better on inner folds; a search takes 13 fits, not 5.
            LogregParameters(features=ROBUST_FEATURES, copies=SCENE_COPIES, C=0.3, calibrate=True),
            INNER_ACTORS,
        ),
        "compare2016": Preset(
            "the usual baseline: openSMILE's 6,373 functionals, standardised, C chosen on inner "
            "folds by speaker",
            LogregParameters(features="compare2016", whiten=0.0),
        ),
        "notebook": Preset(
            "the study's: change deviation and number of frames, one against the rest",
            LogregParameters(
                features="change_deviation",
                columns="num_frames",
                scale=False,
                clip=0.0,
                whiten=0.0,
                class_weight="none",
                C=1.0,
                scheme="ovr",
                max_iter=10_000,
            ),
            TEST_CLIPS,
            is_study=True,
        ),
    },
    features=lambda parameters: parameters.feature_names,
    voices=lambda parameters: parameters.voices,
    by_speaker=lambda parameters: parameters.by_speaker,
    fit=_fit,
    load=SklearnModel.load,
    validates=lambda _parameters: False,  # C is chosen on inner folds of the training clips
)

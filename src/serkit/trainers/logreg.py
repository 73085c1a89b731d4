"""Logistic regression: the study's on two numbers, and one on functionals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from serkit.models.classical.pipeline import (
    INPUT_PARAMETERS,
    PREPROCESSING_PARAMETERS,
    SPEAKER_PARAMETERS,
    Inputs,
    SklearnModel,
    choose,
    fit_temperature,
    normalises_by_speaker,
    on_one_thread,
    preprocessing,
    unconverged,
)
from serkit.models.clips import FoldData
from serkit.models.copies import voices_of
from serkit.models.refit import fitted_side
from serkit.models.selection import INNER_ACTORS, TEST_CLIPS
from serkit.models.trainer import FitContext, Fitted, Preset, Trainer
from serkit.parameters import Parameter, Parameters, Scalar, integer, number

_GRID = tuple({"C": c} for c in (0.3, 1.0, 3.0))


def _classifier(parameters: Parameters, values: Mapping[str, Scalar]) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    model = LogisticRegression(
        C=number(values, "C"),
        max_iter=integer(parameters, "max_iter"),
        class_weight=None if parameters["class_weight"] == "none" else "balanced",
    )
    return OneVsRestClassifier(model) if parameters["scheme"] == "ovr" else model


@on_one_thread
def _fit(fold: FoldData, parameters: Parameters, context: FitContext) -> Fitted:
    from sklearn.pipeline import make_pipeline

    inputs = Inputs.of(parameters)
    data = fitted_side(fold, parameters)
    matrix = inputs.training_matrix(data)
    labels = np.resize(data.labels, len(matrix))  # copies have their clips' labels
    values: Mapping[str, Scalar] = {"C": parameters["C"]}
    chosen: dict[str, Scalar] = {}
    temperature = None
    with unconverged() as warned:
        if not parameters["C"]:
            choice = choose(
                _GRID,
                lambda: preprocessing(parameters),
                lambda setting: _classifier(parameters, setting),
                data,
                matrix,
                lambda done, total: context.progress(done, total, "choosing C"),
            )
            values = choice.values
            chosen = {**values, "inner_uar": round(choice.uar, 4)}
            temperature = fit_temperature(choice.decisions, data.labels)
        model = make_pipeline(preprocessing(parameters), _classifier(parameters, values))
        model.fit(matrix, labels)
    if warned:
        chosen["converged"] = False
    tried = 1 if parameters["C"] else len(_GRID)
    return SklearnModel(model, inputs, len(fold.labels), chosen, temperature, len(data), tried)


TRAINER = Trainer(
    name="logreg",
    summary="logistic regression",
    parameters={
        **INPUT_PARAMETERS,
        **SPEAKER_PARAMETERS,
        **PREPROCESSING_PARAMETERS,
        "C": Parameter(0.0, "inverse regularisation; 0 chooses it on inner folds by speaker", 0),
        "scheme": Parameter(
            "multinomial",
            "one model of all emotions, or one against the rest for each",
            choices=("multinomial", "ovr"),
        ),
        "max_iter": Parameter(1000, "most iterations of the solver", minimum=1),
    },
    presets={
        "best": Preset(
            "functionals, whitened, C chosen on inner folds by speaker", selected_on=INNER_ACTORS
        ),
        "voices": Preset(
            "the same, fitted also on copies a tenth slower and a tenth faster",
            {"copies": "speed090,speed110"},
            INNER_ACTORS,
        ),
        "notebook": Preset(
            "the study's: change deviation and number of frames, one against the rest",
            {
                "features": "change_deviation",
                "columns": "num_frames",
                "scale": False,
                "clip": 0.0,
                "whiten": 0.0,
                "class_weight": "none",
                "C": 1.0,
                "scheme": "ovr",
                "max_iter": 10_000,
            },
            TEST_CLIPS,
        ),
    },
    features=lambda parameters: Inputs.of(parameters).features,
    voices=voices_of,
    by_speaker=normalises_by_speaker,
    fit=_fit,
    load=SklearnModel.load,
    validates=lambda _parameters: False,  # C is chosen on inner folds of what is fitted on
)

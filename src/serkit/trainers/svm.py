"""A support vector machine with a radial kernel on functionals."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np

from serkit.models.classical.pipeline import (
    INPUT_PARAMETERS,
    PREPROCESSING_PARAMETERS,
    Inputs,
    SklearnModel,
    choose,
    fit_temperature,
    on_one_thread,
    preprocessing,
)
from serkit.models.clips import FoldData
from serkit.models.copies import voices_of
from serkit.models.trainer import FitContext, Fitted, Preset, Trainer
from serkit.parameters import Parameter, Parameters, Scalar, number, text

_GRID_C = (1.0, 1.5, 3.0)
_GRID_GAMMA = (0.05, 0.1)


def _classifier(parameters: Parameters, values: Mapping[str, Scalar]) -> Any:
    from sklearn.svm import SVC

    return SVC(
        C=number(values, "C"),
        kernel=text(parameters, "kernel"),
        gamma=number(values, "gamma"),
        class_weight=None if parameters["class_weight"] == "none" else "balanced",
        cache_size=500,
    )


def _grid(parameters: Parameters) -> list[Mapping[str, Scalar]]:
    """Return what is to be chosen from; a value that is given stands alone."""
    many_c = (parameters["C"],) if parameters["C"] else _GRID_C
    many_gamma = (parameters["gamma"],) if parameters["gamma"] else _GRID_GAMMA
    if parameters["kernel"] == "linear":  # a linear kernel has no width
        many_gamma = many_gamma[:1]
    return [{"C": c, "gamma": gamma} for gamma, c in product(many_gamma, many_c)]


@on_one_thread
def _fit(fold: FoldData, parameters: Parameters, context: FitContext) -> Fitted:
    from sklearn.pipeline import make_pipeline

    inputs = Inputs.of(parameters)
    data = fold.everything
    matrix = inputs.training_matrix(data)
    labels = np.resize(data.labels, len(matrix))  # copies have their clips' labels
    grid = _grid(parameters)
    if len(grid) == 1 and len(np.unique(data.actors)) < 2:  # nothing to choose, nobody to ask
        model = make_pipeline(preprocessing(parameters), _classifier(parameters, grid[0]))
        return SklearnModel(model.fit(matrix, labels), inputs, grid[0], temperature=1.0)
    # Also where all is given: the temperature is fitted on the inner folds' decision values.
    choice = choose(
        grid,
        lambda: preprocessing(parameters),
        lambda setting: _classifier(parameters, setting),
        data,
        matrix,
        lambda done, total: context.progress(done, total, "choosing C and gamma"),
    )
    model = make_pipeline(preprocessing(parameters), _classifier(parameters, choice.values))
    chosen = {**choice.values, "inner_uar": round(choice.uar, 4)}
    temperature = fit_temperature(choice.decisions, data.labels)
    return SklearnModel(model.fit(matrix, labels), inputs, chosen, temperature)


TRAINER = Trainer(
    name="svm",
    summary="support vector machine",
    parameters={
        **INPUT_PARAMETERS,
        **PREPROCESSING_PARAMETERS,
        "kernel": Parameter("rbf", "kernel", choices=("rbf", "linear")),
        "C": Parameter(0.0, "inverse regularisation; 0 chooses it on inner folds by actor", 0),
        "gamma": Parameter(0.0, "width of the kernel; 0 chooses it on inner folds by actor", 0),
    },
    presets={
        "best": Preset("functionals, whitened, C and gamma chosen on inner folds by actor"),
        "voices": Preset(
            "the same, fitted also on copies a tenth slower and a tenth faster",
            {"copies": "speed090,speed110"},
        ),
    },
    features=lambda parameters: Inputs.of(parameters).features,
    voices=voices_of,
    fit=_fit,
    load=SklearnModel.load,
)

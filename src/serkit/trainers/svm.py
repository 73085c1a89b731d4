"""A support vector machine with a radial kernel on functionals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serkit.parameters import Parameter, Parameters, Scalar, number, text
from serkit.trainers._sklearn import Inputs, SklearnModel, choose, fit_temperature
from serkit.trainers._trainer import FitContext, Fitted, FoldData, Preset, Trainer
from serkit.trainers.logreg import scaling

_GRID_C = (1.0, 3.0, 10.0, 30.0)


def _pipeline(parameters: Parameters, values: Mapping[str, Scalar]) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import SVC

    gamma = number(parameters, "gamma")
    model = SVC(
        C=number(values, "C"),
        kernel=text(parameters, "kernel"),
        gamma=gamma or "scale",
        class_weight=None if parameters["class_weight"] == "none" else "balanced",
        cache_size=500,
    )
    return make_pipeline(*scaling(text(parameters, "scale")), model)


def _fit(fold: FoldData, parameters: Parameters, context: FitContext) -> Fitted:
    inputs = Inputs.of(parameters)
    data = fold.everything
    matrix, labels = inputs.matrix(data), data.labels
    fixed = number(parameters, "C")
    # Also with C given: the inner folds' decision values are what the temperature is fitted on.
    choice = choose(
        [{"C": c} for c in ((fixed,) if fixed else _GRID_C)],
        lambda values: _pipeline(parameters, values),
        matrix,
        labels,
        data.actors,
        lambda done, total: context.progress(done, total, "choosing C"),
    )
    model = _pipeline(parameters, choice.values).fit(matrix, labels)
    found = {**choice.values, "inner_uar": round(choice.uar, 4)}
    return SklearnModel(model, inputs, found, fit_temperature(choice.decisions, labels))


TRAINER = Trainer(
    name="svm",
    summary="support vector machine",
    parameters={
        "features": Parameter("functionals", "features to read, separated by commas"),
        "columns": Parameter("", "clip columns to read beside them, separated by commas"),
        "scale": Parameter(
            "standard",
            "scaling, fitted on training clips",
            choices=("none", "standard", "quantile"),
        ),
        "kernel": Parameter("rbf", "kernel", choices=("rbf", "linear")),
        "C": Parameter(0.0, "inverse regularisation; 0 chooses it on inner folds by actor", 0),
        "gamma": Parameter(0.0, "width of the kernel; 0 is 1 / (columns x variance)", 0),
        "class_weight": Parameter("balanced", "weights of emotions", choices=("none", "balanced")),
    },
    presets={"best": Preset("functionals, C chosen on inner folds by actor")},
    features=lambda parameters: Inputs.of(parameters).features,
    fit=_fit,
    load=SklearnModel.load,
)

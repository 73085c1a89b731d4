"""Logistic regression: the study's on two numbers, and one on functionals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serkit.parameters import Parameter, Parameters, Scalar, integer, number, text
from serkit.trainers._sklearn import Inputs, SklearnModel, choose
from serkit.trainers._trainer import FitContext, Fitted, FoldData, Preset, Trainer

_GRID = (0.001, 0.003, 0.01, 0.03, 0.1)


def _pipeline(parameters: Parameters, values: Mapping[str, Scalar]) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline

    model = LogisticRegression(
        C=number(values, "C"),
        max_iter=integer(parameters, "max_iter"),
        class_weight=None if parameters["class_weight"] == "none" else "balanced",
    )
    last = OneVsRestClassifier(model) if parameters["scheme"] == "ovr" else model
    return make_pipeline(*scaling(text(parameters, "scale")), last)


def scaling(name: str) -> list[Any]:
    """Return the steps that bring columns to one scale; they are fitted inside the fold."""
    from sklearn.preprocessing import QuantileTransformer, StandardScaler

    if name == "quantile":
        return [QuantileTransformer(n_quantiles=200, output_distribution="normal", random_state=0)]
    return [StandardScaler()] if name == "standard" else []


def _fit(fold: FoldData, parameters: Parameters, context: FitContext) -> Fitted:
    inputs = Inputs.of(parameters)
    data = fold.everything
    matrix, labels = inputs.matrix(data), data.labels
    chosen: Mapping[str, Scalar] = {"C": number(parameters, "C")}
    found: dict[str, Scalar] = {}
    if not chosen["C"]:
        grid = [{"C": c} for c in _GRID]
        choice = choose(
            grid,
            lambda values: _pipeline(parameters, values),
            matrix,
            labels,
            data.actors,
            lambda done, total: context.progress(done, total, "choosing C"),
        )
        chosen = choice.values
        found = {**chosen, "inner_uar": round(choice.uar, 4)}
    model = _pipeline(parameters, chosen).fit(matrix, labels)
    return SklearnModel(model, inputs, found)


TRAINER = Trainer(
    name="logreg",
    summary="logistic regression",
    parameters={
        "features": Parameter("functionals", "features to read, separated by commas"),
        "columns": Parameter("", "clip columns to read beside them, separated by commas"),
        "scale": Parameter(
            "standard",
            "scaling, fitted on training clips",
            choices=("none", "standard", "quantile"),
        ),
        "scheme": Parameter(
            "multinomial",
            "one model of all emotions, or one against the rest for each",
            choices=("multinomial", "ovr"),
        ),
        "C": Parameter(0.0, "inverse regularisation; 0 chooses it on inner folds by actor", 0),
        "class_weight": Parameter("balanced", "weights of emotions", choices=("none", "balanced")),
        "max_iter": Parameter(1000, "most iterations of the solver", minimum=1),
    },
    presets={
        "best": Preset("functionals, C chosen on inner folds by actor"),
        "notebook": Preset(
            "the study's: change deviation and number of frames, one against the rest",
            {
                "features": "change_deviation",
                "columns": "num_frames",
                "scale": "none",
                "scheme": "ovr",
                "C": 1.0,
                "class_weight": "none",
                "max_iter": 10_000,
            },
        ),
    },
    features=lambda parameters: Inputs.of(parameters).features,
    fit=_fit,
    load=SklearnModel.load,
)

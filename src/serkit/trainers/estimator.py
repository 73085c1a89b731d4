"""A scikit-learn estimator of the caller's own, by ``serkit.train(estimator, ...)``."""

from __future__ import annotations

from pathlib import Path

from serkit.errors import UsageError
from serkit.models.classical.pipeline import INPUT_PARAMETERS, Inputs
from serkit.models.clips import FoldData
from serkit.models.refit import REFIT
from serkit.models.trainer import FitContext, Fitted, Preset, Trainer
from serkit.parameters import Parameter, Parameters


def _fit(_fold: FoldData, parameters: Parameters, _context: FitContext) -> Fitted:
    raise UsageError(
        f"estimator = {parameters['estimator']!r} is the text of an estimator, not the estimator",
        hint="in Python: serkit.train(estimator, features='functionals', store=..., protocol=...)",
    )


def _load(folder: Path) -> Fitted:
    from serkit.models.classical.estimator import load

    return load(folder)


TRAINER = Trainer(
    name="estimator",
    summary="a scikit-learn estimator of your own (in Python alone)",
    parameters={
        "estimator": Parameter("", "the estimator, as scikit-learn prints it"),
        **INPUT_PARAMETERS,
        **REFIT,
    },
    presets={"best": Preset("the estimator as it is handed over")},
    features=lambda parameters: Inputs.of(parameters).features,
    fit=_fit,
    load=_load,
    validates=lambda _parameters: False,  # a search chooses on inner folds of what is fitted on
)

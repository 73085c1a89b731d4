"""A scikit-learn estimator of the caller's own, by ``serkit.train(estimator, ...)``."""

from __future__ import annotations

from serkit.errors import UsageError
from serkit.models.classical.estimator import EstimatorParameters, load
from serkit.models.clips import FoldData
from serkit.models.trainer import FitContext, Fitted, Preset, Trainer


def _fit(_fold: FoldData, parameters: EstimatorParameters, _context: FitContext) -> Fitted:
    raise UsageError(
        f"estimator = {parameters.estimator!r} is the text of an estimator, not the estimator",
        hint="in Python: serkit.train(estimator, features='functionals', store=..., protocol=...)",
    )


TRAINER = Trainer(
    name="estimator",
    summary="a scikit-learn estimator of your own (in Python alone)",
    parameters=EstimatorParameters,
    presets={"best": Preset("the estimator as it is handed over", EstimatorParameters())},
    features=lambda parameters: parameters.feature_names,
    fit=_fit,
    load=load,
    validates=lambda _parameters: False,  # a search selects on inner folds of the training clips
)

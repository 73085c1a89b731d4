"""Gradient-boosted trees on functionals, stopped early on inner validation speakers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.extras import require
from serkit.models.classical.inputs import Inputs
from serkit.models.classical.parameters import InputParameters
from serkit.models.clips import ClipData, FoldData, TrainingClips
from serkit.models.facts import FACTS, read_facts, write_facts
from serkit.models.graph import Graph
from serkit.models.refit import RefitParameters
from serkit.models.selection import INNER_ACTORS
from serkit.models.trainer import FitContext, Fitted, Preset, Trainer
from serkit.models.training import emotion_weights
from serkit.parameters import Scalar, parameter
from serkit.ranges import Between

_MODEL = "model.ubj"


@dataclass(frozen=True)
class XgboostParameters(InputParameters, RefitParameters):
    """Parameters of gradient-boosted trees."""

    rounds: int = parameter(400, "maximum number of boosting rounds", minimum=1)
    patience: int = parameter(
        40, "rounds without improvement of the validation log loss before stopping", minimum=1
    )
    max_depth: int = parameter(3, "depth of a tree", minimum=1, search=Between(2, 6))
    learning_rate: float = parameter(
        0.1,
        "learning rate: weight of each tree",
        minimum=1e-6,
        search=Between(0.03, 0.3, log=True),
    )
    subsample: float = parameter(
        0.7, "share of clips per tree", minimum=1e-6, maximum=1, search=Between(0.4, 1.0)
    )
    colsample_bytree: float = parameter(
        0.1,
        "share of columns per tree",
        minimum=1e-6,
        maximum=1,
        search=Between(0.02, 0.5, log=True),
    )
    min_child_weight: float = parameter(
        1.0, "minimum weight of a leaf", minimum=0, search=Between(0.5, 10.0, log=True)
    )
    reg_lambda: float = parameter(
        1.0, "L2 penalty on leaf weights", minimum=0, search=Between(0.3, 30.0, log=True)
    )
    max_bin: int = parameter(64, "histogram bins per column", minimum=2)
    threads: int = parameter(1, "number of threads; more are slower on small corpora", minimum=1)


@dataclass(frozen=True)
class XgboostModel:
    """A fitted booster.

    Attributes:
        booster: The trees.
        inputs: Their inputs.
        chosen: The number of rounds, chosen on inner validation speakers.
        fitted_clips: How many clips it was fitted on; None once it was saved and loaded.
        settings_tried: How many numbers of rounds were compared; None once it was saved and loaded.
    """

    booster: Any
    inputs: Inputs
    chosen: Mapping[str, Scalar]
    fitted_clips: int | None = None
    settings_tried: int | None = None

    @property
    def parameters(self) -> int:
        """Nodes of all trees: each holds a threshold or a leaf's value."""
        return int(sum(tree.count("\n") for tree in self.booster.get_dump()))

    def predict(self, data: ClipData) -> npt.NDArray[np.float64]:
        """Return probabilities, shape ``(n, classes)``."""
        import xgboost

        found = self.booster.predict(xgboost.DMatrix(self.inputs.matrix(data)))
        found = np.asarray(found, np.float64)
        return np.asarray(found / found.sum(axis=1, keepdims=True))

    def to_onnx(self, graph: Graph) -> str:
        """Add the trees to an ONNX graph; see :class:`serkit.models.graph.Exportable`."""
        from serkit.models.classical.onnx import booster_probabilities

        return booster_probabilities(graph, self.booster, self.inputs.in_graph(graph))

    def save(self, folder: Path) -> None:
        """Write the booster in XGBoost's own UBJSON and the rest as JSON."""
        # Not by save_model: its native code reports a full disk as an error of its own.
        (folder / _MODEL).write_bytes(self.booster.save_raw(raw_format="ubj"))
        facts = {
            **self.inputs.facts,
            "chosen": dict(self.chosen),
        }
        write_facts(folder / FACTS, facts)


def _fit(fold: FoldData, parameters: XgboostParameters, context: FitContext) -> Fitted:
    import xgboost

    inputs = Inputs.of(parameters)
    train = _matrix(fold.train, inputs, weighted=True)
    booster_parameters = _booster_parameters(parameters, len(fold.labels), context.seed)
    rounds = parameters.rounds
    watched = [(_matrix(fold.validation, inputs), "validation")] if len(fold.validation) else []
    patience = parameters.patience if watched else None
    booster = xgboost.train(
        booster_parameters,
        train,
        rounds,
        evals=watched,
        early_stopping_rounds=patience,
        verbose_eval=False,
        callbacks=[_reporter(context, rounds)],
    )
    best = booster.best_iteration + 1 if watched else rounds
    tried, side = booster.num_boosted_rounds(), parameters.fitted_side(fold)
    if watched and len(side) > len(fold.train):
        everything = _matrix(side, inputs, weighted=True)
        booster = xgboost.train(booster_parameters, everything, best)
    chosen = {"rounds": best} if watched else {}
    return XgboostModel(booster[:best], inputs, chosen, len(side), tried)


def _load(folder: Path) -> Fitted:
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(folder / _MODEL)
    facts = read_facts(folder / FACTS)
    return XgboostModel(booster, Inputs.of_facts(facts), facts["chosen"])


def _matrix(data: TrainingClips, inputs: Inputs, *, weighted: bool = False) -> Any:
    import xgboost

    matrix = inputs.training_matrix(data)
    labels = np.resize(data.labels, len(matrix))  # copies have their clips' labels
    weights = None
    if weighted:  # every emotion weighs the same: neutral has half as many clips
        weights = emotion_weights(labels, len(data.label_set), "balanced")[labels]
    return xgboost.DMatrix(matrix, labels, weight=weights)


def _booster_parameters(parameters: XgboostParameters, classes: int, seed: int) -> dict[str, Any]:
    return {
        "objective": "multi:softprob",
        "num_class": classes,
        "eval_metric": "mlogloss",
        "tree_method": "hist",
        "max_depth": parameters.max_depth,
        "eta": parameters.learning_rate,
        "subsample": parameters.subsample,
        "colsample_bytree": parameters.colsample_bytree,
        "min_child_weight": parameters.min_child_weight,
        "lambda": parameters.reg_lambda,
        "max_bin": parameters.max_bin,
        "nthread": parameters.threads,
        "seed": seed,
    }


def _reporter(context: FitContext, rounds: int) -> Any:
    import xgboost

    class Reporter(xgboost.callback.TrainingCallback):  # type: ignore[misc]
        """Passes each round on to the progress bar."""

        def after_iteration(self, _model: Any, epoch: int, _logs: Any) -> bool:
            context.progress(epoch + 1, rounds, "boosting")
            return False

    return Reporter()


TRAINER = Trainer(
    name="xgboost",
    summary="gradient-boosted trees",
    parameters=XgboostParameters,
    presets={
        "best": Preset(
            "functionals, rounds chosen on inner validation speakers",
            XgboostParameters(),
            INNER_ACTORS,
        )
    },
    features=lambda parameters: parameters.feature_names,
    voices=lambda parameters: parameters.voices,
    fit=_fit,
    load=_load,
    require=lambda: require("xgboost"),
)

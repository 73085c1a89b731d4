"""A linear probe: logistic regression on one layer of a frozen speech encoder.

The recipe behind the best published speaker-independent result on RAVDESS (XLS-R 300M, UAR 0.819):
the mean of each hidden layer over the clip, standardised on the training speakers, balanced
logistic regression, layer and C chosen on inner folds by speaker
(hsn07pk/ravdess-speaker-independent-ser).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from serkit.compute.blas import on_one_blas_thread
from serkit.errors import TrainingError, UsageError
from serkit.features import ArrayLayout
from serkit.models.classical.choice import Choice, choose, unconverged
from serkit.models.classical.decisions import fit_temperature
from serkit.models.classical.inputs import Inputs
from serkit.models.classical.parameters import ClassWeightParameters
from serkit.models.classical.pipeline import Matrix, SklearnModel
from serkit.models.clips import FoldData, TrainingClips
from serkit.models.refit import RefitParameters
from serkit.models.trainer import FitContext, Fitted, Preset, Trainer
from serkit.parameters import Scalar, parameter

C_GRID = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
"""Inverse regularisation, ascending: each fit begins where the one before it ended."""


@dataclass(frozen=True)
class ProbeParameters(ClassWeightParameters, RefitParameters):
    """Parameters of a probe."""

    checkpoint: str = parameter(
        "facebook/wav2vec2-xls-r-300m",
        "encoder of the feature embeddings:CHECKPOINT: a name or a folder",
    )
    features: str = parameter("", "another feature of that kind, from your own recipe")
    layer: int = parameter(
        -1, "hidden layer, 0 is the input embedding; -1 chooses on inner folds", minimum=-1
    )
    C: float = parameter(
        0.0, "inverse regularisation strength; 0 chooses it on inner folds by speaker", minimum=0
    )
    max_iter: int = parameter(300, "maximum number of solver iterations", minimum=1)

    @property
    def feature(self) -> str:
        """The feature that is read: the one named, or the checkpoint's."""
        return self.features or f"embeddings:{self.checkpoint}"


def _check(parameters: ProbeParameters) -> None:
    if not parameters.features and not parameters.checkpoint:
        raise UsageError(
            "neither checkpoint nor features is given",
            hint="name the encoder with --checkpoint NAME_OR_FOLDER",
        )


@dataclass
class _Path:
    """Logistic regressions along :data:`C_GRID`, each begun at the one before it.

    From scratch the weak penalties take most of the time, and end at the same place.
    """

    parameters: ProbeParameters
    model: Any = None

    def build(self, values: Mapping[str, Scalar]) -> Any:
        """Return the unfitted model of a setting."""
        if self.model is None or values["C"] == C_GRID[0]:
            self.model = _classifier(self.parameters, values, warm_start=True)
        return self.model.set_params(C=values["C"])


def _classifier(parameters: ProbeParameters, values: Mapping[str, Scalar], **options: Any) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(
        C=values["C"],
        max_iter=parameters.max_iter,
        class_weight=parameters.sklearn_class_weight,
        **options,
    )


@on_one_blas_thread
def _fit(fold: FoldData, parameters: ProbeParameters, context: FitContext) -> Fitted:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    feature, data = parameters.feature, parameters.fitted_side(fold)
    _refuse_others(data, feature)
    values = data.read(feature).X
    layers = _layers(parameters, values.shape[1])
    grid: list[Mapping[str, Scalar]]
    grid = [{"C": c} for c in ((parameters.C,) if parameters.C else C_GRID)]
    chosen: dict[str, Scalar] = {}
    layer, setting, temperature = layers[0], grid[0], None
    with unconverged() as warned:
        if len(layers) * len(grid) > 1:
            layer, choice = _choose(values, layers, grid, data, parameters, context)
            setting = choice.values
            chosen = {"layer": layer, **setting, "inner_uar": round(choice.uar, 4)}
            temperature = fit_temperature(choice.decisions, data.labels)
        model = make_pipeline(StandardScaler(), _classifier(parameters, setting))
        model.fit(np.ascontiguousarray(values[:, layer]), data.labels)
    if warned:
        chosen["converged"] = False
    return SklearnModel(
        model,
        Inputs((feature,), (), layer),
        len(fold.labels),
        chosen,
        temperature,
        len(data),
        len(layers) * len(grid),
    )


def _choose(
    values: Matrix,
    layers: Sequence[int],
    grid: Sequence[Mapping[str, Scalar]],
    data: TrainingClips,
    parameters: ProbeParameters,
    context: FitContext,
) -> tuple[int, Choice]:
    """Choose layer and C by the UAR on speakers not fitted on; of equal ones the first."""
    from sklearn.preprocessing import StandardScaler

    best: tuple[int, Choice] | None = None
    for index, layer in enumerate(layers):

        def step(done: int, total: int, _what: str = "", /, *, index: int = index) -> None:
            context.progress(index * total + done, len(layers) * total, "choosing layer and C")

        choice = choose(
            grid,
            StandardScaler,
            _Path(parameters).build,
            data,
            np.ascontiguousarray(values[:, layer]),
            step,
        )
        if best is None or choice.uar > best[1].uar:
            best = layer, choice
    if best is None:
        raise AssertionError  # there is a layer
    return best


def _layers(parameters: ProbeParameters, count: int) -> range:
    """Return the layers to choose from."""
    layer = parameters.layer
    if layer < 0:
        return range(count)
    if layer >= count:
        raise TrainingError(
            f"layer = {layer}, and the encoder has the layers 0 to {count - 1}",
            hint="--set layer=-1 chooses one on inner folds",
        )
    return range(layer, layer + 1)


def _refuse_others(data: TrainingClips, feature: str) -> None:
    layout = data.layout(feature)
    if not (isinstance(layout, ArrayLayout) and layout.axis == "units"):
        raise TrainingError(
            f"{feature} holds no layers of a frozen encoder",
            hint="extract some with 'serkit extract SRC --features embeddings:CHECKPOINT'",
        )


TRAINER = Trainer(
    name="probe",
    summary="logistic regression on one layer of a frozen speech encoder",
    parameters=ProbeParameters,
    presets={
        "best": Preset(
            "layer and C chosen on inner folds by speaker, as published", ProbeParameters()
        )
    },
    features=lambda parameters: (parameters.feature,),
    fit=_fit,
    load=SklearnModel.load,
    check=_check,
    validates=lambda _parameters: (
        False
    ),  # everything is chosen on inner folds of the training clips
)

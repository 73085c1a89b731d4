"""A support vector machine with a radial kernel on functionals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from serkit.compute.blas import on_one_blas_thread
from serkit.models.classical.choice import Labels, choose
from serkit.models.classical.decisions import fit_temperature
from serkit.models.classical.inputs import Inputs
from serkit.models.classical.parameters import PipelineParameters
from serkit.models.classical.pipeline import Matrix, SklearnModel, preprocessing
from serkit.models.clips import FoldData
from serkit.models.copies import OTHER_VOICES, ROBUST_FEATURES, SCENE_COPIES
from serkit.models.selection import INNER_ACTORS
from serkit.models.trainer import FitContext, Fitted, Preset, Trainer
from serkit.parameters import Scalar, parameter
from serkit.ranges import Between

_GRID_C = (1.0, 1.5, 3.0)

_WHITENED = (0.05, 0.1)
_PLAIN = (0.1, 0.3, 1.0)
"""Widths of the kernel to choose from, over the mean squared length of a clip's columns.

Whitening gives every axis nearly the same weight and clips a mean squared length of 1; without it
few axes carry most of the length, so the kernel has to be narrower. 1.0 is what scikit-learn calls
``scale``.
"""


@dataclass(frozen=True)
class SvmParameters(PipelineParameters):
    """Parameters of a support vector machine."""

    kernel: str = parameter("rbf", "kernel", choices=("rbf", "linear"))
    gamma: float = parameter(
        0.0,
        "width of the kernel; 0 chooses it on inner folds by speaker",
        minimum=0,
        search=Between(0.02, 0.5, log=True),
    )


def _classifier(parameters: SvmParameters, values: Mapping[str, Scalar]) -> Any:
    from sklearn.svm import SVC

    return SVC(
        C=values["C"],
        kernel=parameters.kernel,
        gamma=values["gamma"],
        class_weight=parameters.sklearn_class_weight,
        cache_size=500,
    )


def _grid(parameters: SvmParameters, matrix: Matrix, labels: Labels) -> list[Mapping[str, Scalar]]:
    """Return the settings to choose from; a fixed value is the only candidate.

    Args:
        parameters: The trainer's.
        matrix: The training side's columns, shape ``(n, columns)``.
        labels: Its emotions, shape ``(n,)``.
    """
    many_c = (parameters.C,) if parameters.C else _GRID_C
    many_gamma = (parameters.gamma,) if parameters.gamma else _gammas(parameters, matrix, labels)
    if parameters.kernel == "linear":  # a linear kernel has no width
        many_gamma = many_gamma[:1]
    return [{"C": c, "gamma": gamma} for gamma, c in product(many_gamma, many_c)]


def _gammas(parameters: SvmParameters, matrix: Matrix, labels: Labels) -> tuple[float, ...]:
    """Return widths of the kernel that suit how long the rows are that it compares."""
    if parameters.whiten:
        return _WHITENED
    if parameters.kernel == "linear":
        return _PLAIN
    prepared = preprocessing(parameters).fit_transform(matrix, labels)
    length = float(np.var(prepared, axis=0, dtype=np.float64).sum())
    return tuple(width / length if length else width for width in _PLAIN)


@on_one_blas_thread
def _fit(fold: FoldData, parameters: SvmParameters, context: FitContext) -> Fitted:
    from sklearn.pipeline import make_pipeline

    inputs = Inputs.of(parameters)
    data = parameters.fitted_side(fold)
    matrix = inputs.training_matrix(data)
    labels = np.resize(data.labels, len(matrix))  # copies have their clips' labels
    grid = _grid(parameters, matrix, labels)
    if len(grid) == 1 and len(np.unique(data.speakers)) < 2:  # nothing to choose
        model = make_pipeline(preprocessing(parameters), _classifier(parameters, grid[0]))
        model.fit(matrix, labels)
        return SklearnModel(model, inputs, len(fold.labels), grid[0], 1.0, len(data), 1)
    # needed even if everything is fixed: the temperature is fitted on inner decision values
    choice = choose(
        grid,
        lambda: preprocessing(parameters),
        lambda setting: _classifier(parameters, setting),
        data,
        matrix,
        lambda done, total, _what="": context.progress(done, total, "choosing C and gamma"),
    )
    model = make_pipeline(preprocessing(parameters), _classifier(parameters, choice.values))
    chosen = {**choice.values, "inner_uar": round(choice.uar, 4)}
    temperature = fit_temperature(choice.decisions, data.labels)
    model.fit(matrix, labels)
    return SklearnModel(model, inputs, len(fold.labels), chosen, temperature, len(data), len(grid))


TRAINER = Trainer(
    name="svm",
    summary="support vector machine",
    parameters=SvmParameters,
    presets={
        "best": Preset(
            "functionals, whitened, C and gamma chosen on inner folds by speaker",
            SvmParameters(),
            INNER_ACTORS,
        ),
        "voices": Preset(
            "the same, fitted also on copies a tenth slower and a tenth faster",
            SvmParameters(copies=OTHER_VOICES),
            INNER_ACTORS,
        ),
        "robust": Preset(
            "functionals, and those that change little with level, band and noise; fitted also on "
            "copies in four drawn scenes (tempo, room, noise, level, band) and in a murmur",
            # The best of six pairs on inner folds; a search would take 24 times as long.
            SvmParameters(features=ROBUST_FEATURES, copies=SCENE_COPIES, C=3.0, gamma=0.03),
            INNER_ACTORS,
        ),
    },
    features=lambda parameters: parameters.feature_names,
    voices=lambda parameters: parameters.voices,
    by_speaker=lambda parameters: parameters.by_speaker,
    fit=_fit,
    load=SklearnModel.load,
    validates=lambda _parameters: (
        False
    ),  # everything is chosen on inner folds of the training clips
)

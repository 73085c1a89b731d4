"""Logistic regression on functionals, and on each sentence aligned with how it usually sounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.compute.blas import on_one_blas_thread
from serkit.errors import UsageError
from serkit.features import ArrayLayout
from serkit.models.classical.aligned import AlignedModel, LinearBlock, read_frames
from serkit.models.classical.by_feature import mean_and_axes, whitening_of
from serkit.models.classical.choice import INNER_FOLDS, choose, unconverged
from serkit.models.classical.decisions import fit_temperature
from serkit.models.classical.inputs import Inputs
from serkit.models.classical.parameters import ClassWeightParameters, InputParameters
from serkit.models.classical.pooling import all_classes
from serkit.models.classical.sentences import UNKNOWN, Sentences, usable_sentences
from serkit.models.clips import FoldData, TrainingClips
from serkit.models.copies import OTHER_VOICES
from serkit.models.refit import RefitParameters
from serkit.models.selection import INNER_ACTORS
from serkit.models.trainer import FitContext, Fitted, Preset, Trainer
from serkit.parameters import parameter
from serkit.ranges import Between

Matrix = npt.NDArray[Any]

_LIMIT = 4.0
"""Standard deviations that columns are clipped to, so that one odd number cannot decide."""


@dataclass(frozen=True)
class AlignedParameters(InputParameters, ClassWeightParameters, RefitParameters):
    """Parameters of a logistic regression on functionals and aligned sentences."""

    frames: str = parameter("tracks40", "the feature whose frames are aligned in time")
    segments: int = parameter(32, "equal parts that a sentence is divided into", minimum=1)
    weight: float = parameter(
        1.0,
        "mean squared length of the aligned columns, in those of the functionals",
        minimum=0,
        search=Between(0.1, 2.0, log=True),
    )
    whiten: float = parameter(
        0.9, "shrinkage of the whitening", minimum=0.01, maximum=1, search=Between(0.5, 0.99)
    )
    C: float = parameter(
        1.0, "inverse regularisation strength", minimum=1e-6, search=Between(0.1, 10.0, log=True)
    )
    max_iter: int = parameter(1000, "maximum number of solver iterations", minimum=1)


@on_one_blas_thread
def _fit(fold: FoldData, parameters: AlignedParameters, context: FitContext) -> Fitted:
    from sklearn.preprocessing import StandardScaler

    from serkit.models.classical.steps import Clip

    data = parameters.fitted_side(fold)
    inputs = Inputs.of(parameters)
    sentences, rows = _aligned(data, parameters, context)
    table = inputs.training_matrix(data)
    scaler = StandardScaler().fit(table.astype(np.float64))
    limited = Clip(_LIMIT).fit_transform(scaler.transform(table))
    matrix = np.hstack([limited, rows])
    columns = limited.shape[1]
    blocks = (*inputs.blocks(data), slice(columns, matrix.shape[1]))
    labels = np.resize(data.labels, len(table))  # copies have their clips' labels
    with unconverged() as warned:
        temperature = _temperature(data, matrix, blocks, parameters, context)
        whitening = _whitening(blocks, parameters).fit(matrix)
        model = _classifier(parameters).fit(whitening.transform(matrix), labels)
    weights, intercept = _in_one(whitening, model)
    return AlignedModel(
        inputs,
        parameters.frames,
        sentences,
        LinearBlock(scaler.mean_, scaler.scale_, _LIMIT, weights[:columns] / temperature),
        weights[columns:] / temperature,
        intercept / temperature,
        np.asarray(model.classes_, np.int64),
        len(fold.labels),
        {"sentences": len(sentences.templates), **({"converged": False} if warned else {})},
        len(data),
    )


def _aligned(
    data: TrainingClips, parameters: AlignedParameters, context: FitContext
) -> tuple[Sentences, Matrix]:
    """Learn the sentences of a training side, and describe its clips and copies along them."""
    name = parameters.frames
    layout = data.layout(name)
    if not isinstance(layout, ArrayLayout) or len(layout.item) != 1:
        raise UsageError(
            f"frames = {name!r} has no frames to align",
            allowed="a feature of values over time, such as 'tracks40', is allowed",
        )
    usable = usable_sentences(data.sentences, data.labels, data.speakers)
    numbers = np.where(np.isin(data.sentences, usable), data.sentences, UNKNOWN)
    context.progress(0, 3 + INNER_FOLDS, "reading frames")
    clips = read_frames(data, name)
    copies = [each for voice in data.voices for each in read_frames(data, name, voice)]
    context.progress(1, 3 + INNER_FOLDS, "aligning clips")
    sentences = Sentences.fit(clips, numbers, copies, parameters.segments)
    return sentences, sentences.rows([*clips, *copies])


def _whitening(blocks: Sequence[slice], parameters: AlignedParameters) -> Any:
    """Make the unfitted step that whitens each feature's columns and the aligned ones apart."""
    shares = [1.0] * (len(blocks) - 1) + [parameters.weight]
    return whitening_of(blocks, parameters.whiten, shares)


def _classifier(parameters: AlignedParameters) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(
        C=parameters.C,
        max_iter=parameters.max_iter,
        class_weight=parameters.sklearn_class_weight,
    )


def _temperature(
    data: TrainingClips,
    matrix: Matrix,
    blocks: Sequence[slice],
    parameters: AlignedParameters,
    context: FitContext,
) -> float:
    """Return what decision values are divided by, fitted on inner folds by speaker.

    The templates are those of the whole training side: they hold no labels, and aligning anew in
    each inner fold would take longer than all the rest.
    """
    if len(np.unique(data.speakers)) < 2:
        return 1.0
    choice = choose(
        [{"C": parameters.C}],
        lambda: _whitening(blocks, parameters),
        lambda _values: _classifier(parameters),
        data,
        matrix,
        lambda done, total, _what="": context.progress(2 + done, 3 + total, "fitting"),
    )
    return fit_temperature(choice.decisions, data.labels)


def _in_one(whitening: Any, model: Any) -> tuple[Matrix, Matrix]:
    """Multiply whitening and classifier.

    Returns:
        Weights of all columns, shape ``(columns, classes)``, and intercepts, ``(classes,)``.
    """
    of_axes, intercept = all_classes(model)
    mean, axes = mean_and_axes(whitening)
    weights = axes @ of_axes
    return weights, intercept - mean @ weights


TRAINER = Trainer(
    name="aligned",
    summary="logistic regression on functionals and on sentences aligned in time",
    parameters=AlignedParameters,
    presets={
        "best": Preset(
            "functionals, responses to random patterns (ROCKET), how frame tracks move together, "
            "and their means in 32 parts of each sentence, each whitened by itself; fitted also "
            "on copies a tenth slower and a tenth faster",
            AlignedParameters(
                features="functionals,rocket,covariance,covariance40", copies=OTHER_VOICES
            ),
            INNER_ACTORS,
        ),
        "patterns": Preset(
            "the same without how tracks move together",
            AlignedParameters(features="functionals,rocket", copies=OTHER_VOICES),
            INNER_ACTORS,
        ),
        "functionals": Preset(
            "functionals and aligned sentences, with the same copies",
            AlignedParameters(copies=OTHER_VOICES),
            INNER_ACTORS,
        ),
        "plain": Preset(
            "functionals and aligned sentences, without copies",
            AlignedParameters(),
            INNER_ACTORS,
        ),
    },
    features=lambda parameters: (*parameters.feature_names, parameters.frames),
    voices=lambda parameters: parameters.voices,
    true_length=lambda _parameters: True,
    fit=_fit,
    load=AlignedModel.load,
    validates=lambda _parameters: False,  # everything is fixed
)

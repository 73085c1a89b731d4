"""Logistic regression for known voices: who speaks, and how far from how they usually sound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.compute.blas import on_one_blas_thread
from serkit.errors import TrainingError, UsageError
from serkit.models.classical.baselines import baselines, by_cell
from serkit.models.classical.by_feature import mean_and_axes, whitening_of
from serkit.models.classical.choice import INNER_FOLDS, unconverged
from serkit.models.classical.decisions import fit_temperature
from serkit.models.classical.inputs import Inputs
from serkit.models.classical.linear import Limit, Scale
from serkit.models.classical.parameters import InputParameters
from serkit.models.classical.personal import Judges, PersonalModel, Recogniser
from serkit.models.classical.pooling import all_classes, fit_pooled
from serkit.models.clips import FoldData, TrainingClips
from serkit.models.copies import OTHER_VOICES, SAME_VOICE, with_copies
from serkit.models.probabilities import softmax
from serkit.models.refit import RefitParameters
from serkit.models.selection import INNER_CLIPS
from serkit.models.trainer import FitContext, Fitted, Preset, Trainer
from serkit.parameters import parameter
from serkit.ranges import Between

Matrix = npt.NDArray[Any]
Numbers = npt.NDArray[np.int64]

_LIMIT = 4.0
"""Standard deviations that columns are clipped to, so that one odd number cannot decide."""

_CLIPS = 4
"""Clips of a speaker on average, at least: fewer do not tell how somebody usually sounds."""

_MOST_ROWS = 20_000
"""Clips and copies together, at most: products of all pairs take 6 GB then."""


_STEPS = 2 * INNER_FOLDS + 1
"""Fits of either kind on inner folds, and the last ones of both together."""


@dataclass(frozen=True)
class PersonalParameters(InputParameters, RefitParameters):
    """Parameters of a logistic regression for known voices."""

    own: float = parameter(
        1.0,
        "how freely a speaker's weights depart from those shared by all; 0 shares all",
        minimum=0,
        search=Between(0.1, 4.0, log=True),
    )
    whiten: float = parameter(
        0.9, "shrinkage of the whitening", minimum=0.01, maximum=1, search=Between(0.5, 0.99)
    )
    C: float = parameter(
        3.0, "inverse regularisation strength", minimum=1e-6, search=Between(0.3, 30.0, log=True)
    )
    max_iter: int = parameter(1000, "maximum number of solver iterations", minimum=1)


@dataclass(frozen=True)
class _Training:
    """Scaled columns of clips, and below them of their copies.

    Attributes:
        columns: Shape ``(clips * voices, columns)``.
        labels: Shape ``(clips,)``.
        speakers: Their positions among the speakers in ascending order, same shape.
        blocks: The columns of each feature.
    """

    columns: Matrix
    labels: Numbers
    speakers: Numbers
    blocks: tuple[slice, ...]

    def take(self, clips: npt.NDArray[np.intp]) -> _Training:
        """Return some clips, and their copies."""
        rows = with_copies(clips, len(self.labels), len(self.columns))
        return _Training(self.columns[rows], self.labels[clips], self.speakers[clips], self.blocks)

    def voices(self) -> Iterator[Matrix]:
        """Yield the columns of all clips as recorded, then in one voice after another."""
        for start in range(0, len(self.columns), len(self.labels)):
            yield self.columns[start : start + len(self.labels)]


@on_one_blas_thread
def _fit(fold: FoldData, parameters: PersonalParameters, context: FitContext) -> Fitted:
    data = parameters.fitted_side(fold)
    _refuse(data)
    scale, training = _scaled(data, parameters)
    with unconverged() as warned:
        who, what = _temperatures(training, parameters, context)
        context.progress(_STEPS - 1, _STEPS, "fitting")
        recogniser = _recogniser(training, parameters)
        judges, trained = _judges(training, parameters)
    known = {"speakers": len(judges.weights), **({"converged": False} if warned else {})}
    return PersonalModel(
        Inputs.of(parameters),
        scale,
        Limit(_LIMIT),
        Recogniser(recogniser.weights / who, recogniser.intercept / who),
        Judges((judges.weights / what).astype(np.float32), judges.intercepts / what),
        trained,
        len(fold.labels),
        known,
        len(data),
    )


def _refuse(data: TrainingClips) -> None:
    """Refuse clips of which there are too few of a speaker, or too many in all.

    Raises:
        TrainingError: Too few.
        UsageError: Too many.
    """
    speakers = len(np.unique(data.speakers))
    if len(data) < _CLIPS * speakers:
        raise TrainingError(
            f"{len(data):,} clips of {speakers:,} speakers do not tell how each usually sounds: "
            f"it takes {_CLIPS} clips of a speaker on average",
            hint="name the speakers of your clips, or train aligned or logreg",
        )
    rows = len(data) * (1 + len(data.voices))
    if rows > _MOST_ROWS:
        raise UsageError(
            f"{len(data):,} clips in {1 + len(data.voices)} voices are more than personal can hold",
            allowed=f"{_MOST_ROWS:,} together are allowed",
            hint="take fewer copies by --set copies=..., or train logreg",
        )


def _scaled(data: TrainingClips, parameters: PersonalParameters) -> tuple[Scale, _Training]:
    from sklearn.preprocessing import StandardScaler

    inputs = Inputs.of(parameters)
    table = inputs.training_matrix(data).astype(np.float64)
    scaler = StandardScaler().fit(table)
    scale = Scale(scaler.mean_, scaler.scale_)
    positions = np.searchsorted(np.unique(data.speakers), data.speakers)
    columns = Limit(_LIMIT)(scale(table))
    return scale, _Training(columns, data.labels, positions, inputs.blocks(data))


def _temperatures(
    training: _Training, parameters: PersonalParameters, context: FitContext
) -> tuple[float, float]:
    """Return what decision values of speakers and of emotions are divided by.

    Both are fitted on inner folds in which all speakers are known, as later. Who speaks comes
    first: with that temperature, a clip's decision values can be mixed at once, and those under
    every single speaker's model need not be kept.
    """
    folds = [
        (fitted, held_out)
        for fitted, held_out in _inner_folds(training)
        if len(np.unique(training.labels[fitted])) > 1
    ]
    speakers = int(training.speakers.max()) + 1
    who = np.full((len(training.labels), speakers), -np.inf)
    for number, (fitted, held_out) in enumerate(folds):
        context.progress(number, _STEPS, "calibrating")
        part = training.take(fitted)
        known = np.unique(part.speakers)
        who[np.ix_(held_out, known)] = _recogniser(part, parameters)(training.columns[held_out])
    judged = np.isfinite(who[np.arange(len(who)), training.speakers])
    of_speakers = (
        fit_temperature(who[judged], training.speakers[judged], np.arange(speakers))
        if speakers > 1
        else 1.0
    )
    emotions = np.unique(training.labels)
    values = np.full((len(who), len(emotions)), -np.inf)
    for number, (fitted, held_out) in enumerate(folds, start=INNER_FOLDS):
        context.progress(number, _STEPS, "calibrating")
        part = training.take(fitted)
        judges, trained = _judges(part, parameters)
        shares = softmax(who[held_out] / of_speakers)[:, np.unique(part.speakers)]
        found = np.searchsorted(emotions, trained)
        values[np.ix_(held_out, found)] = judges.mixed(training.columns[held_out], shares)
    return of_speakers, fit_temperature(values[judged], training.labels[judged], emotions)


def _inner_folds(
    training: _Training,
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Divide clips so that every fold has a share of each speaker's in each emotion."""
    order = np.lexsort((training.labels, training.speakers))
    in_turn = np.arange(len(order)) % INNER_FOLDS
    # Eight clips of a speaker, one in each of eight emotions: in turn alone, an emotion would be in
    # one fold whole, so that no fold could judge it.
    shifted = (in_turn + training.speakers[order]) % INNER_FOLDS
    labels = training.labels[order]
    places = min((in_turn, shifted), key=lambda each: _in_one_fold(labels, each))
    for number in range(INNER_FOLDS):
        held_out = np.sort(order[places == number])
        yield np.setdiff1d(order, held_out), held_out


def _in_one_fold(labels: Numbers, places: Numbers) -> int:
    """Return how many clips are of emotions that one fold has all clips of."""
    emotions = (labels == each for each in np.unique(labels))
    return sum(int(mine.sum()) for mine in emotions if len(np.unique(places[mine])) == 1)


def _judges(
    training: _Training, parameters: PersonalParameters
) -> tuple[Judges, npt.NDArray[np.int64]]:
    """Fit a model of emotions for each speaker, in ascending order.

    Returns:
        The models, and the numbers of the emotions that were trained on.
    """
    usual = [baselines(each, training.speakers, training.labels) for each in training.voices()]
    known, positions = np.unique(training.speakers, return_inverse=True)
    apart = np.concatenate(
        [each - mean[positions] for each, mean in zip(training.voices(), usual, strict=True)]
    )
    count = len(apart) // len(positions)
    whitening = _whitening(training.blocks, parameters).fit(apart)
    pooled = fit_pooled(
        whitening.transform(apart),
        np.tile(training.labels, count),
        np.tile(positions, count),
        np.tile(by_cell(positions, training.labels), count),
        own=parameters.own,
        C=parameters.C,
        max_iter=parameters.max_iter,
    )
    mean, axes = mean_and_axes(whitening)
    weights = np.empty((len(known), len(axes), len(pooled.trained)), np.float32)
    intercepts = np.empty((len(known), len(pooled.trained)))
    for speaker, in_axes in enumerate(pooled.weights):
        in_columns = axes @ in_axes
        weights[speaker] = in_columns
        # Columns that are usual for a speaker, and usual departures from them, change nothing.
        intercepts[speaker] = pooled.intercept - (usual[0][speaker] + mean) @ in_columns
    return Judges(weights, intercepts), pooled.trained


def _recogniser(training: _Training, parameters: PersonalParameters) -> Recogniser:
    """Fit what recognises speakers, on clips as recorded: a copy is another voice."""
    from sklearn.linear_model import LogisticRegression

    recorded = next(training.voices())
    if len(np.unique(training.speakers)) == 1:
        return Recogniser(np.zeros((recorded.shape[1], 1)), np.zeros(1))
    whitening = _whitening(training.blocks, parameters).fit(recorded)
    model = LogisticRegression(C=parameters.C, max_iter=parameters.max_iter)
    weights, intercept = all_classes(model.fit(whitening.transform(recorded), training.speakers))
    mean, axes = mean_and_axes(whitening)
    in_columns = axes @ weights
    return Recogniser(in_columns, intercept - mean @ in_columns)


def _whitening(blocks: Sequence[slice], parameters: PersonalParameters) -> Any:
    return whitening_of(blocks, parameters.whiten, [1.0] * len(blocks))


TRAINER = Trainer(
    name="personal",
    summary="logistic regression for known voices: against how each speaker usually sounds",
    parameters=PersonalParameters,
    presets={
        "best": Preset(
            "functionals and responses to random patterns (ROCKET), less each speaker's baseline; "
            "weights shared by all and each speaker's own; fitted also on copies in the same "
            "voice: a tenth slower and faster, 7 % lower and higher",
            PersonalParameters(features="functionals,rocket", copies=SAME_VOICE, own=2.0, C=2.0),
            INNER_CLIPS,
        ),
        "voices": Preset(
            "the same with copies a tenth slower and a tenth faster, which sound like others",
            PersonalParameters(features="functionals,rocket", copies=OTHER_VOICES),
            INNER_CLIPS,
        ),
        "plain": Preset(
            "functionals alone, without copies",
            PersonalParameters(),
            INNER_CLIPS,
        ),
    },
    features=lambda parameters: parameters.feature_names,
    voices=lambda parameters: parameters.voices,
    fit=_fit,
    load=PersonalModel.load,
    validates=lambda _parameters: False,  # everything is fixed
)

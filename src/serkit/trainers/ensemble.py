"""Finished runs' models combined: fold by fold, of models that saw the same clips."""

from __future__ import annotations

from serkit.errors import TrainingError
from serkit.models.clips import FoldData
from serkit.models.ensemble import Ensemble, EnsembleParameters, Member, load
from serkit.models.stacking import stacked_weights
from serkit.models.trainer import TRAINERS, FitContext, Fitted, Preset, Trainer


def _fit(fold: FoldData, parameters: EnsembleParameters, context: FitContext) -> Fitted:
    if not context.members:
        raise TrainingError(
            "an ensemble combines finished runs, but none are given",
            hint="name them: serkit train ensemble --runs RUN,RUN",
        )
    trainers = [TRAINERS.get(each.kind) for each in context.members]
    members = []
    for number, (each, trainer) in enumerate(zip(context.members, trainers, strict=True)):
        context.progress(number, len(trainers), f"loading {each.kind}")
        trainer.require()
        members.append(Member(each.kind, trainer.load(each.folder)))
    weights: tuple[float, ...] = ()
    if parameters.fits_members:
        weights = stacked_weights(context.members, trainers, fold, parameters.inner, context)
    return Ensemble(tuple(members), parameters.mean, weights)


TRAINER = Trainer(
    name="ensemble",
    summary="average or weighted mean of the models of finished runs",
    parameters=EnsembleParameters,
    presets={"best": Preset("geometric mean of the members' probabilities", EnsembleParameters())},
    features=lambda parameters: parameters.feature_names,
    voices=lambda parameters: parameters.voices,
    fit=_fit,
    load=load,
    combines_runs=True,
    validates=lambda _parameters: False,
)

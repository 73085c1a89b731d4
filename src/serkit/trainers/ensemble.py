"""The average of finished runs' models: fold by fold, of models that saw the same clips."""

from __future__ import annotations

from serkit.errors import TrainingError
from serkit.models.clips import FoldData
from serkit.models.ensemble import Ensemble, EnsembleParameters, Member, load
from serkit.models.trainer import TRAINERS, FitContext, Fitted, Preset, Trainer


def _fit(_fold: FoldData, parameters: EnsembleParameters, context: FitContext) -> Fitted:
    if not context.members:
        raise TrainingError(
            "an ensemble combines finished runs, but none are given",
            hint="name them: serkit train ensemble --runs RUN,RUN",
        )
    members = []
    for number, (kind, folder) in enumerate(context.members):
        context.progress(number, len(context.members), f"loading {kind}")
        trainer = TRAINERS.get(kind)
        trainer.require()
        members.append(Member(kind, trainer.load(folder)))
    return Ensemble(tuple(members), parameters.mean)


TRAINER = Trainer(
    name="ensemble",
    summary="average of the models of finished runs",
    parameters=EnsembleParameters,
    presets={"best": Preset("geometric mean of the members' probabilities", EnsembleParameters())},
    features=lambda parameters: parameters.feature_names,
    fit=_fit,
    load=load,
    combines_runs=True,
    validates=lambda _parameters: False,
)

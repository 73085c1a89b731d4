"""The average of finished runs' models: fold by fold, of models that saw the same clips."""

from __future__ import annotations

from serkit.errors import TrainingError
from serkit.models.clips import FoldData
from serkit.models.ensemble import Ensemble, Member, load
from serkit.models.trainer import TRAINERS, FitContext, Fitted, Preset, Trainer
from serkit.parameters import Parameter, Parameters, text


def _fit(_fold: FoldData, parameters: Parameters, context: FitContext) -> Fitted:
    if not context.members:
        raise TrainingError(
            "an ensemble is made of finished runs, and there are none to make it of",
            hint="name them: serkit train ensemble --runs RUN,RUN",
        )
    members = []
    for number, (kind, folder) in enumerate(context.members):
        context.progress(number, len(context.members), f"loading {kind}")
        trainer = TRAINERS.get(kind)
        trainer.require()
        members.append(Member(kind, trainer.load(folder)))
    return Ensemble(tuple(members), text(parameters, "mean"))


TRAINER = Trainer(
    name="ensemble",
    summary="average of the models of finished runs",
    parameters={
        "members": Parameter("", "the runs, separated by commas; what --runs names"),
        "features": Parameter("", "the features that they read, found by itself"),
        "mean": Parameter(
            "geometric",
            "how probabilities are averaged; geometric is the mean of their logarithms",
            choices=("geometric", "arithmetic"),
        ),
    },
    presets={"best": Preset("geometric mean of the members' probabilities")},
    features=lambda parameters: tuple(filter(None, text(parameters, "features").split(","))),
    fit=_fit,
    load=load,
    combines_runs=True,
    validates=lambda _parameters: False,
)

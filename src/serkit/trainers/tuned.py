"""Another model, with parameters that each fold searches on its own inner folds.

The search is part of the fit: it sees what a fit sees, which is a fold's training side. So no test
clip can have a say in it, and each fold may come to other values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from serkit.errors import UsageError
from serkit.extras import require
from serkit.models import TRAINERS
from serkit.models.clips import ClipData, FoldData
from serkit.models.facts import read_facts, write_facts
from serkit.models.graph import Graph
from serkit.models.trainer import (
    FitContext,
    Fitted,
    Preset,
    Trainer,
    earlier_seconds,
    fitted_clips,
    history_of,
    notes_of,
)
from serkit.models.training import training_key
from serkit.models.tuning.inner import Report, divide, judge
from serkit.models.tuning.search import Search, Trial, best_of, seconds_of
from serkit.models.tuning.space import Space, inside, space_of
from serkit.parameters import Parameters, Scalar, parameter

T = TypeVar("T")

FILE = "tuned.json"
"""The setting and all trials, in a fold's folder."""

_JOURNAL = "study.log"


@dataclass(frozen=True)
class TunedParameters(Parameters):
    """The model, what is searched, and how long."""

    of: str = parameter("logreg", "the model whose parameters are searched")
    of_preset: str = parameter("best", "the preset that the search starts from")
    fixed: str = parameter("", "parameters that are set and not searched: KEY=VALUE;KEY=VALUE")
    search: str = parameter(
        "",
        "what is searched: KEY;KEY=LOW:HIGH;KEY=A|B|C; empty searches what the model declares",
    )
    trials: int = parameter(30, "settings tried in each fold", minimum=1)
    random: int = parameter(10, "how many of them are drawn at random", minimum=1)
    inner: int = parameter(
        4,
        "inner folds by speaker that a setting is judged on; 1 judges on the fold's validation "
        "speakers",
        minimum=1,
    )
    prune: bool = parameter(True, "give up settings that are below the median so far")


@dataclass(frozen=True)
class _Wrapped:
    """The model that is tuned.

    Attributes:
        trainer: Its kind.
        base: Its parameters before the search.
        fixed: Those of them that were set by hand.
    """

    trainer: Trainer[Any]
    base: Parameters
    fixed: tuple[str, ...]

    @classmethod
    def of(cls, parameters: TunedParameters) -> _Wrapped:
        trainer = TRAINERS.get(parameters.of)
        if trainer.name in _NOT_TUNED or trainer.combines_runs:
            raise UsageError(
                f"{trainer.name} cannot be tuned", allowed="a model with parameters of its own can"
            )
        fixed = _pairs(parameters.fixed)
        if fixed.get("teachers"):
            raise UsageError(
                f"{trainer.name} is tuned without teachers",
                hint="tune it first, then train the best setting with --distil",
            )
        return cls(trainer, trainer.settle(parameters.of_preset, fixed), tuple(fixed))

    def space(self, search: str) -> Space:
        return space_of(self.trainer, self.base, search, self.fixed)


_NOT_TUNED = ("tuned", "permutation")


def _pairs(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(";") if part.strip()]
    for key, equals, _ in pairs:
        if not equals:
            raise UsageError(f"fixed = {key!r} is not KEY=VALUE", hint="use --set KEY=VALUE")
    return {key.strip(): value.strip() for key, _, value in pairs}


@dataclass(frozen=True)
class TunedModel:
    """A model that was fitted with the best setting of a search.

    Attributes:
        of: Its kind.
        model: The model.
        best: The setting.
        inner_uar: The setting's UAR on the inner folds, which flatters it: it is the best of many.
        trials: All settings that were tried; empty once it was saved and loaded.
        journal: Optuna's study; empty where it was kept in memory, and once loaded.
        searched_before: How long interrupted processes had searched, in seconds.
    """

    of: str
    model: Fitted
    best: Mapping[str, Scalar]
    inner_uar: float
    trials: Sequence[Trial] = ()
    journal: bytes = b""
    searched_before: float = 0.0

    @property
    def parameters(self) -> int:
        """Those of the model."""
        return self.model.parameters

    @property
    def chosen(self) -> Mapping[str, Scalar]:
        """The setting, its UAR on the inner folds, and what the model chose itself."""
        return {**self.model.chosen, **self.best, "inner_uar": round(self.inner_uar, 4)}

    @property
    def settings_tried(self) -> int | None:
        """How many settings were tried; None once it was saved and loaded."""
        return len(self.trials) or None

    @property
    def fitted_clips(self) -> int | None:
        """How many clips the model was fitted on."""
        return fitted_clips(self.model)

    @property
    def history(self) -> Any:
        """The model's epochs; None where it was not trained in epochs."""
        return history_of(self.model)

    @property
    def notes(self) -> tuple[str, ...]:
        """The model's notes."""
        return notes_of(self.model)

    @property
    def earlier_seconds(self) -> float:
        """How long interrupted processes had searched and trained."""
        return self.searched_before + earlier_seconds(self.model)

    def predict(self, data: ClipData) -> npt.NDArray[np.float64]:
        """Ask the model."""
        return self.model.predict(data)

    def to_onnx(self, graph: Graph) -> str:
        """Add the model to an ONNX graph; see :class:`serkit.models.graph.Exportable`."""
        return graph.add(self.model, self.of)

    def save(self, folder: Path) -> None:
        """Write the model, the trials, and Optuna's study as its journal."""
        self.model.save(folder)
        facts = {
            "of": self.of,
            "best": dict(self.best),
            "inner_uar": self.inner_uar,
            "trials": [asdict(each) for each in self.trials],
        }
        write_facts(folder / FILE, facts)
        if self.journal:
            (folder / _JOURNAL).write_bytes(self.journal)


def _load(folder: Path) -> Fitted:
    facts = read_facts(folder / FILE)
    model = TRAINERS.get(facts["of"]).load(folder)
    return TunedModel(facts["of"], model, facts["best"], facts["inner_uar"])


def _fit(fold: FoldData, parameters: TunedParameters, context: FitContext) -> Fitted:
    wrapped = _Wrapped.of(parameters)
    trainer, base = wrapped.trainer, wrapped.base
    space = wrapped.space(parameters.search)
    folds = divide(fold, parameters.inner, chooses=trainer.validates(base))
    trials = parameters.trials

    def objective(number: int, values: Mapping[str, Scalar], report: Report) -> float:
        def step(done: int, total: int, what: str = "", /) -> None:
            context.batches(done, total, f"setting {number + 1}, {what}")

        quiet = FitContext(context.seed, progress=step)
        return judge(trainer, replace(base, **values), folds, quiet, report)

    def show_trials(done: list[Trial]) -> None:
        known = [each.uar for each in done if each.uar is not None]
        said = f"best inner UAR {100 * max(known):.1f} %" if known else "searching"
        context.progress(len(done), trials + 1, said)

    key = training_key(fold, trainer.name, base.to_json(), parameters.to_json(), context.seed)
    journal = context.workdir and context.workdir / f"study-{key[:16]}.log"
    before = seconds_of(journal)
    search = Search(
        space,
        inside(space, base.to_json()),
        trials,
        parameters.random,
        parameters.prune,
        context.seed,
    )
    tried = search.run(objective, journal, show_trials)
    best = best_of(tried)
    model = trainer.fit(fold, replace(base, **best.values), _for_the_best(context))
    context.progress(trials + 1, trials + 1, "fitted with the best setting")
    return TunedModel(
        trainer.name,
        model,
        best.values,
        best.uar or 0.0,
        tried,
        journal.read_bytes() if journal else b"",
        before,
    )


def _for_the_best(context: FitContext) -> FitContext:
    """Return the context of the last fit: its steps are shown as batches, its checkpoints kept."""
    folder = context.workdir and context.workdir / "best"
    if folder:
        folder.mkdir(exist_ok=True)
    return replace(context, progress=context.batches, workdir=folder)


def _check(parameters: TunedParameters) -> None:
    require("optuna", extra="tune")
    wrapped = _Wrapped.of(parameters)
    wrapped.trainer.require()
    wrapped.trainer.check(wrapped.base)
    wrapped.space(parameters.search)


def _as_wrapped(
    of: Callable[[Trainer[Any]], Callable[[Any], T]],
) -> Callable[[TunedParameters], T]:
    """Return a function of the wrapped trainer as one of this trainer."""

    def ask(parameters: TunedParameters) -> T:
        wrapped = _Wrapped.of(parameters)
        return of(wrapped.trainer)(wrapped.base)

    return ask


TRAINER = Trainer(
    name="tuned",
    summary="another model, its parameters searched on inner folds: 'serkit tune'",
    parameters=TunedParameters,
    presets={
        "best": Preset(
            "logistic regression, its declared ranges searched",
            TunedParameters(),
            "the data that the wrapped model's preset was chosen on",
        )
    },
    features=_as_wrapped(lambda trainer: trainer.features),
    voices=_as_wrapped(lambda trainer: trainer.voices),
    true_length=_as_wrapped(lambda trainer: trainer.true_length),
    by_speaker=_as_wrapped(lambda trainer: trainer.by_speaker),
    validates=_as_wrapped(lambda trainer: trainer.validates),
    check=_check,
    fit=_fit,
    load=_load,
)

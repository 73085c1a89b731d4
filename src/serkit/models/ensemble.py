"""An ensemble: the averaged or weighted probabilities of several fitted models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from serkit.errors import RunError
from serkit.models.clips import ClipData
from serkit.models.facts import read_facts, write_facts
from serkit.models.graph import Graph
from serkit.models.stacking import LEAST, pool
from serkit.models.trainer import TRAINERS, Fitted
from serkit.parameters import Parameters, Scalar, names_in, parameter

Probabilities = npt.NDArray[np.float64]

FACTS = "ensemble.json"


@dataclass(frozen=True)
class CombinedRuns(Parameters):
    """The finished runs that a model is made of."""

    members: str = parameter("", "runs, separated by commas, as given by --runs")
    features: str = parameter("", "input features of the members, set automatically")

    @property
    def member_names(self) -> tuple[str, ...]:
        """The runs, as they were named."""
        return names_in(self.members)

    @property
    def fits_members(self) -> bool:
        """Whether models like the members are fitted again, on inner folds."""
        return False

    def with_copies(self, copies: str) -> Self:
        """Return them with the voices that the members' training clips are read in."""
        raise NotImplementedError(copies)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The features."""
        return names_in(self.features)


@dataclass(frozen=True)
class EnsembleParameters(CombinedRuns):
    """The runs, and how their probabilities are combined."""

    how: str = parameter(
        "averaging",
        "averaging counts all runs alike; stacking weights them by what models like them predict "
        "for the speakers left out of inner folds",
        choices=("averaging", "stacking"),
    )
    inner: int = parameter(4, "inner folds by speaker (how=stacking)", minimum=2)
    copies: str = parameter(
        "", "voices of the members' training clips, set automatically (how=stacking)"
    )
    mean: str = parameter(
        "geometric",
        "averaging of probabilities; geometric averages their logarithms",
        choices=("geometric", "arithmetic"),
    )

    @property
    def fits_members(self) -> bool:
        """Whether the runs are weighted by what models like them predict on inner folds."""
        return self.how == "stacking"

    def with_copies(self, copies: str) -> Self:
        """Return them with the voices that the members' training clips are read in."""
        return replace(self, copies=copies)

    @property
    def voices(self) -> tuple[str, ...]:
        """The voices that training clips are read in."""
        return names_in(self.copies)


@dataclass(frozen=True)
class Member:
    """One of the models.

    Attributes:
        kind: Its trainer's name.
        model: The fitted model.
    """

    kind: str
    model: Fitted


@dataclass(frozen=True)
class Ensemble:
    """Fitted models whose predictions are averaged.

    Attributes:
        members: The models.
        mean: ``geometric`` or ``arithmetic``.
        weights: How much each counts, where they are stacked; empty where they are averaged.
    """

    members: tuple[Member, ...]
    mean: str = "geometric"
    weights: tuple[float, ...] = ()

    @property
    def chosen(self) -> Mapping[str, Scalar]:
        """The weights of stacking; averaging chooses nothing."""
        return {f"weight_{number}": each for number, each in enumerate(self.weights, start=1)}

    @property
    def parameters(self) -> int:
        """How many numbers were fitted, over all members."""
        return sum(member.model.parameters for member in self.members)

    def predict(self, data: ClipData) -> Probabilities:
        """Return the members' mean or weighted probabilities, shape ``(n, classes)``."""
        answers = [member.model.predict(data) for member in self.members]
        return pool(answers, self.weights) if self.weights else average(answers, self.mean)

    def to_onnx(self, graph: Graph) -> str:
        """Add all members to an ONNX graph; see :class:`serkit.models.graph.Exportable`."""
        answers = [graph.add(member.model, member.kind) for member in self.members]
        if self.weights or self.mean == "geometric":
            least = graph.constant(np.float32(LEAST))
            answers = [graph.op("Log", graph.op("Max", each, least)) for each in answers]
        if self.weights:
            answers = [
                graph.op("Mul", each, graph.constant(np.float32(weight)))
                for each, weight in zip(answers, self.weights, strict=True)
            ]
            return graph.op("Softmax", graph.op("Sum", *answers), axis=-1)
        mixed = graph.op("Mean", *answers)
        if self.mean == "geometric":
            mixed = graph.op("Exp", mixed)
        return graph.normalised(mixed)

    def save(self, folder: Path) -> None:
        """Write each member into its own folder, and their kinds."""
        for number, member in enumerate(self.members, start=1):
            place = folder / _folder(number)
            place.mkdir()
            member.model.save(place)
        facts = {
            "members": [member.kind for member in self.members],
            "mean": self.mean,
            "weights": list(self.weights),
        }
        write_facts(folder / FACTS, facts)


def load(folder: Path) -> Ensemble:
    """Read what :meth:`Ensemble.save` wrote.

    Raises:
        RunError: Its facts are missing or damaged, or a member is of a model that is not
            installed here.
    """
    facts = read_facts(folder / FACTS)
    members = []
    for number, kind in enumerate(facts["members"], start=1):
        if kind not in TRAINERS:
            raise RunError(
                f"a member of the ensemble in {folder} is of the model {kind!r}, "
                "which is not installed here",
                allowed=f"there are: {', '.join(TRAINERS.names())}",
            )
        members.append(Member(kind, TRAINERS.get(kind).load(folder / _folder(number))))
    return Ensemble(tuple(members), facts["mean"], tuple(facts.get("weights", ())))


def average(answers: Sequence[Probabilities], mean: str) -> Probabilities:
    """Average probabilities over models.

    The geometric mean is that of log probabilities: a model that thinks something next to
    impossible counts for more than in the arithmetic one.

    Args:
        answers: Each shape ``(n, classes)``.
        mean: ``geometric`` or ``arithmetic``.

    Returns:
        Shape ``(n, classes)``; rows sum to 1.

    Example:
        >>> one, other = np.array([[0.9, 0.1]]), np.array([[0.5, 0.5]])
        >>> average([one, other], "geometric").round(2).tolist()
        [[0.75, 0.25]]
    """
    every = np.stack(answers)
    if mean == "geometric":
        mixed = np.exp(np.log(np.maximum(every, LEAST)).mean(axis=0))
    else:
        mixed = every.mean(axis=0)
    return np.asarray(mixed / mixed.sum(axis=1, keepdims=True))


def _folder(number: int) -> str:
    return f"member-{number}"

"""An ensemble: the averaged probabilities of several fitted models."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from serkit.errors import RunError
from serkit.models.clips import ClipData
from serkit.models.graph import Graph
from serkit.models.trainer import TRAINERS, Fitted
from serkit.parameters import Parameters, Scalar, names_in, parameter

Probabilities = npt.NDArray[np.float64]

FACTS = "ensemble.json"

_LEAST = 1e-6
"""A model that is sure of being right must not overrule all others where it is wrong."""


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
    def feature_names(self) -> tuple[str, ...]:
        """The features."""
        return names_in(self.features)


@dataclass(frozen=True)
class EnsembleParameters(CombinedRuns):
    """The runs, and how their probabilities are averaged."""

    mean: str = parameter(
        "geometric",
        "averaging of probabilities; geometric averages their logarithms",
        choices=("geometric", "arithmetic"),
    )


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
        chosen: Nothing: averaging chooses nothing.
    """

    members: tuple[Member, ...]
    mean: str = "geometric"
    chosen: Mapping[str, Scalar] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        """How many numbers were fitted, over all members."""
        return sum(member.model.parameters for member in self.members)

    def predict(self, data: ClipData) -> Probabilities:
        """Return the members' mean probabilities, shape ``(n, classes)``."""
        return average([member.model.predict(data) for member in self.members], self.mean)

    def to_onnx(self, graph: Graph) -> str:
        """Add all members to an ONNX graph; see :class:`serkit.models.graph.Exportable`."""
        answers = [graph.add(member.model, member.kind) for member in self.members]
        if self.mean == "geometric":
            least = graph.constant(np.float32(_LEAST))
            answers = [graph.op("Log", graph.op("Max", each, least)) for each in answers]
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
        facts = {"members": [member.kind for member in self.members], "mean": self.mean}
        (folder / FACTS).write_text(json.dumps(facts, indent=1))


def load(folder: Path) -> Ensemble:
    """Read what :meth:`Ensemble.save` wrote.

    Raises:
        RunError: A member is of a model that is not installed here.
    """
    facts = json.loads((folder / FACTS).read_text())
    members = []
    for number, kind in enumerate(facts["members"], start=1):
        if kind not in TRAINERS:
            raise RunError(
                f"a member of the ensemble in {folder} is of the model {kind!r}, "
                "which is not installed here",
                allowed=f"there are: {', '.join(TRAINERS.names())}",
            )
        members.append(Member(kind, TRAINERS.get(kind).load(folder / _folder(number))))
    return Ensemble(tuple(members), facts["mean"])


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
        mixed = np.exp(np.log(np.maximum(every, _LEAST)).mean(axis=0))
    else:
        mixed = every.mean(axis=0)
    return np.asarray(mixed / mixed.sum(axis=1, keepdims=True))


def _folder(number: int) -> str:
    return f"member-{number}"

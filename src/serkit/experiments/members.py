"""The runs that an ensemble is made of: found, and checked to belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from serkit.errors import LeakageError, UsageError
from serkit.models import TRAINERS
from serkit.models.ensemble import CombinedRuns
from serkit.models.trainer import MemberModel
from serkit.results.finding import find_run
from serkit.results.run import Run

C = TypeVar("C", bound=CombinedRuns)


def find_members(parameters: CombinedRuns, runs: Path) -> tuple[Run, ...]:
    """Find the runs that the parameter ``members`` names.

    Args:
        parameters: An ensemble's.
        runs: The folder of runs.

    Raises:
        UsageError: Fewer than two are named, one is named twice or is transductive, or they do
            not belong together.
        LeakageError: One chose something on the clips that it was tested on.
        NotFoundError: There is no such folder.
        UnknownNameError: There is no such run.
    """
    names = parameters.member_names
    found = tuple(find_run(runs, name) for name in names)
    if len({run.path.resolve() for run in found}) < max(2, len(found)):
        raise UsageError(
            f"an ensemble of {', '.join(names) or 'no runs'}",
            allowed="two or more different runs are needed",
            hint="name them: serkit train ensemble --runs RUN,RUN; see 'serkit compare'",
        )
    for run in found:
        refuse_misfit(found[0], run, "an ensemble needs")
    return found


def completed(parameters: C, members: Sequence[Run]) -> C:
    """Return an ensemble's parameters with its members' full names and all that they read."""
    read = dict.fromkeys(str(spec["name"]) for run in members for spec in run.record["features"])
    names = ",".join(run.name for run in members)
    found = replace(parameters, members=names, features=",".join(read))
    return found.with_copies(_copies(members)) if found.fits_members else found


def _copies(members: Sequence[Run]) -> str:
    """Return the voices that all members were fitted on, for fitting them anew.

    Raises:
        UsageError: They differ, or a member is itself made of runs.
    """
    for run in members:
        if TRAINERS.get(run.model).combines_runs:
            raise UsageError(
                f"{run.name} is made of other runs, and cannot be fitted on inner folds",
                hint="name those runs themselves",
            )
    voices = {run.name: str(run.record["values"].get("copies", "")) for run in members}
    if len(set(voices.values())) > 1:
        said = ", ".join(f"{name}: {each or 'none'}" for name, each in voices.items())
        raise UsageError(
            f"stacking fits the runs anew, and they were fitted on other copies ({said})",
            hint="use runs with the same copies, or --set how=averaging",
        )
    return next(iter(voices.values()))


def refuse_other_split(
    members: Sequence[Run], split_digest: str, fingerprints: Mapping[str, str]
) -> None:
    """Reject members that were trained on other folds or clips.

    Args:
        members: The runs; none where the model is no ensemble.
        split_digest: Identity of the folds that are tested.
        fingerprints: Those of the features in the store, by name.

    Raises:
        LeakageError: A member was fitted on other folds, so its training clips may be tested here.
        UsageError: A member has read a feature of another recipe than the store holds.
    """
    for run in members:
        if run.record["split_digest"] != split_digest:
            raise LeakageError(
                f"{run.name} was fitted on other folds than the ensemble's",
                hint="leave out --protocol and --folds: the members' own are used",
            )
        refuse_other_recipes(run, fingerprints)


def refuse_other_recipes(run: Run, fingerprints: Mapping[str, str]) -> None:
    """Reject a run that was trained on a feature made by another recipe than the store's.

    Args:
        run: The run.
        fingerprints: Those of the features in the store, by name.

    Raises:
        UsageError: A fingerprint differs.
    """
    for name, fingerprint in run.record["feature_fingerprints"].items():
        if fingerprints.get(name, fingerprint) != fingerprint:
            raise UsageError(
                f"{run.name} was trained on {name} made by another recipe than the store's",
                hint="train it again, or name the store that it was trained on",
            )


def member_models(members: Sequence[Run], fold: str) -> tuple[MemberModel, ...]:
    """Return each member's model for a fold."""
    return tuple(
        MemberModel(run.model, run.folder_of(fold), run.record["values"], run.record["seed"])
        for run in members
    )


def refuse_misfit(first: Run, run: Run, needs: str) -> None:
    """Reject a run whose predictions cannot be combined with another's.

    Args:
        first: The other run.
        run: The run.
        needs: The start of what is allowed, such as ``an ensemble needs``.

    Raises:
        LeakageError: It chose something on the clips that it was tested on.
        UsageError: It is transductive, or was trained on other folds, clips or recipes.
    """
    if run.record["selected_on_test"]:
        raise LeakageError(
            f"{run.name} selected its epoch on its test clips",
            hint="use runs that selected it on validation actors",
        )
    if run.record["transductive"]:
        raise UsageError(
            f"{run.name} is transductive: its predictions depend on the other clips of a batch",
            allowed=f"{needs} models that predict each clip independently",
        )
    differing = {
        "split_digest": "other folds",
        "corpus_digest": "other clips",
        "protocol": "another protocol",
    }
    for key, what in differing.items():
        if run.record[key] != first.record[key]:
            raise UsageError(
                f"{run.name} was trained with {what} than {first.name}",
                allowed=f"{needs} runs of one protocol on the same clips",
            )
    known = first.record["feature_fingerprints"]
    for name, fingerprint in run.record["feature_fingerprints"].items():
        if known.get(name, fingerprint) != fingerprint:
            raise UsageError(
                f"{run.name} and {first.name} read {name} made by different recipes",
                hint="train one of them again",
            )

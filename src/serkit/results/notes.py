"""Caveats for readers of a ranking."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from serkit.evaluation.metrics import BestComparison
from serkit.results.recount import Counted
from serkit.results.seeds import ModelRuns
from serkit.results.verdicts import had_help


def notes_of(models: Sequence[ModelRuns], found: BestComparison) -> tuple[str, ...]:
    """Return the notes of a group of models on the same clips, best first."""
    first = models[0].members[0]
    notes = [*_of_runs(models), *_of_labels(first)]
    if not first.run.record["speaker_independent"]:
        notes.append(
            "not speaker-independent: the same speakers are trained and tested on, which "
            "overestimates accuracy on new speakers"
        )
    if found.why_not:
        notes.append(found.why_not)
    if any(had_help(m.first.record) for m in models) and not had_help(
        models[found.best].first.record
    ):
        notes.append(
            "models stamped transductive or selected-on-test had more to go by, and are not "
            "compared with the others"
        )
    notes += _of_seeds(models)
    notes += _of_copies(models)
    return tuple(dict.fromkeys(notes))


def _of_runs(models: Sequence[ModelRuns]) -> list[str]:
    """Return the runs' notes, with run names where only some have a note."""
    listed = [[_today(note) for run in m.runs for note in run.record["notes"]] for m in models]
    each = [set(notes) for notes in listed]
    order = dict.fromkeys(note for notes in listed for note in notes)
    lines = []
    for note in order:
        noting = [m.first.model for m, notes in zip(models, each, strict=True) if note in notes]
        if len(noting) == len(models):
            lines.append(note)
        else:
            lines.append(f"{', '.join(dict.fromkeys(noting))}: {note}")
    return lines


def _today(note: str) -> str:
    """Return a note as it reads today: older records call speakers actors.

    Example:
        >>> _today("actors 4, 13 are not there; the folds keep the rest")
        'speakers 4, 13 are not there; the folds keep the rest'
    """
    missing = re.match(r"actors? (?=\d+[^;]* not there; the folds keep the rest)", note)
    return note.replace("actor", "speaker", 1) if missing else note


def _of_labels(evidence: Counted) -> list[str]:
    """Note labels that make a score less meaningful than it looks."""
    facts, labels = evidence.facts, evidence.labels
    present = np.unique(facts.true)
    if len(present) == 1:
        return [
            f"every test clip is {labels[present[0]]}: a model that always says so reaches 100 %"
        ]
    notes = []
    if len(present) < len(labels):
        missing = ", ".join(name for i, name in enumerate(labels) if i not in present)
        notes.append(f"no test clip is {missing}: UAR is over the other {len(present)} classes")
    return notes


def _of_seeds(models: Sequence[ModelRuns]) -> list[str]:
    return [
        f"{m.first.model} ignores the seed: its predictions with seeds "
        f"{', '.join(map(str, m.seeds))} are the same and count once"
        for m in models
        if m.ignores_seed
    ]


def _of_copies(models: Sequence[ModelRuns]) -> list[str]:
    notes = [
        f"{copy.path} has the same predictions as {original.path}, and counts once"
        for model in models
        for copy, original in model.copies
    ]
    answers: dict[tuple[str, ...], ModelRuns] = {}
    for model in models:
        key = tuple(sorted(member.answer for member in model.members))
        other = answers.setdefault(key, model)
        if other is not model:
            notes.append(
                f"{model.first.name} has the same predictions as {other.first.name}, though they "
                "say they are different models; in the tests they count as one"
            )
    return notes

"""People among the models: both are judged on the clips that both answered.

A run of the model ``human`` covers the clips that were heard, and is of no protocol that a model
is trained under. So it stands twice: alone, with published listeners, and beside the models of
each speaker-independent protocol, all of them counted again on the clips that were heard.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from serkit.results.folder import PREDICTIONS
from serkit.results.recount import Counted, restricted

MODEL = "human"
"""The model's name."""

PROTOCOL = "listening"
"""What stands in the place of a protocol in its runs."""


def is_human(evidence: Counted) -> bool:
    """Return whether a run was made by people."""
    return bool(evidence.run.model == MODEL and evidence.run.protocol == PROTOCOL)


def beside_people(
    groups: Iterable[Sequence[Counted]], problems: list[str]
) -> list[tuple[str, list[Counted]]]:
    """Put people among the models of every speaker-independent protocol.

    Args:
        groups: The runs of each split, people's among them.
        problems: Takes a sentence for each run of people that contradicts a split's clips.

    Returns:
        For each run of people and each split of the same corpus and labels that tests clips which
        were heard: the split's protocol, and all its runs and the people's on those clips alone.
    """
    groups = list(groups)
    people = [each for group in groups for each in group if is_human(each)]
    found = []
    for human in people:
        for group in groups:
            first = group[0]
            if is_human(first) or not _comparable(human, first):
                continue
            shared = np.intersect1d(human.facts.clip_ids, first.facts.clip_ids)
            if not len(shared):
                continue
            mine, theirs = restricted(human, shared), restricted(first, shared)
            if why := _contradiction(mine, theirs):
                problems.append(why)
                continue
            models = [theirs, *(restricted(each, shared) for each in group[1:])]
            found.append((first.run.protocol, [mine, *models]))
    return found


def _comparable(human: Counted, model: Counted) -> bool:
    record, other = human.run.record, model.run.record
    return (
        bool(other["speaker_independent"])
        and record["corpus"] == other["corpus"]
        and human.labels == model.labels
    )


def _contradiction(human: Counted, model: Counted) -> str:
    """Describe the clips on which two runs disagree about the truth; empty if there are none."""
    mine, theirs = human.facts, model.facts
    wrong = (mine.true != theirs.true) | (mine.speakers != theirs.speakers)
    if not wrong.any():
        return ""
    return (
        f"{human.run.path / PREDICTIONS} does not stand beside {model.run.name}: they have other "
        f"labels or speakers for {int(wrong.sum())} of {len(wrong)} clips, such as "
        f"{mine.clip_ids[int(wrong.argmax())]}"
    )

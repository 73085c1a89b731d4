"""Check that runs of one split agree on its clips, speakers and labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import numpy as np

from serkit.errors import SerkitError
from serkit.ingest.corpus import CORPORA
from serkit.results.answers import ClipFacts
from serkit.results.folder import PREDICTIONS
from serkit.results.recount import Counted

Truth = Mapping[str, str]
"""Labels by clip id, as a feature store has them."""


def agreeing(
    evidence: Sequence[Counted], truth: Truth | None = None
) -> tuple[list[Counted], list[str]]:
    """Exclude runs whose clips or labels differ from the split's.

    Args:
        evidence: Runs that claim the same split, at least one.
        truth: Labels from a store with exactly these clips, or None. Without them the majority of
            runs decides (copies count once), and in a tie the corpus's file names.

    Returns:
        The runs that agree, in their order, and a sentence for each other one.
    """
    problems: list[str] = []
    left = list(evidence)
    if truth is not None:
        wrong = _against_store(left, truth)
        odd = [each for each in left if wrong[each.facts.digest]]
        problems += [_not_the_stores(each, wrong[each.facts.digest], truth) for each in odd]
        left = [each for each in left if not wrong[each.facts.digest]]
    reference = _reference(left)
    if reference is None:
        return [], [*problems, *_undecided(left)]
    kept = []
    for each in left:
        if each.facts.digest == reference.facts.digest:
            kept.append(each)
        else:
            problems.append(
                f"{each.run.path / PREDICTIONS} is not ranked: "
                f"{_difference(each, reference)}, though both say they are of one split"
            )
    return kept, problems


def _against_store(evidence: Sequence[Counted], truth: Truth) -> dict[str, list[str]]:
    """Return, by identity of clips and labels, the clips whose label is not the store's."""
    wrong: dict[str, list[str]] = {}
    for each in evidence:
        facts = each.facts
        if facts.digest not in wrong:
            pairs = zip(facts.clip_ids.tolist(), facts.true.tolist(), strict=True)
            named = ((clip, each.labels[label]) for clip, label in pairs)
            wrong[facts.digest] = [clip for clip, said in named if truth.get(clip, said) != said]
    return wrong


def _not_the_stores(evidence: Counted, wrong: Sequence[str], truth: Truth) -> str:
    facts, clip = evidence.facts, wrong[0]
    said = evidence.labels[facts.true[facts.clip_ids.tolist().index(clip)]]
    return (
        f"{evidence.run.path / PREDICTIONS} is not ranked: true_id of {len(wrong)} of "
        f"{len(facts.true)} clips is not the store's: {clip} says {said}, the store says "
        f"{truth[clip]}"
    )


def _reference(evidence: Sequence[Counted]) -> Counted | None:
    """Return a run whose labels are trusted; None if undecided."""
    by_facts: dict[str, list[Counted]] = {}
    for each in evidence:
        by_facts.setdefault(each.facts.digest, []).append(each)
    votes = Counter({d: len({e.answer for e in group}) for d, group in by_facts.items()})
    ranked = votes.most_common()
    if not ranked:
        return None
    most = [digest for digest, count in ranked if count == ranked[0][1]]
    if len(most) > 1:
        most = [digest for digest in most if _as_named(by_facts[digest][0])] or most
    return by_facts[most[0]][0] if len(most) == 1 else None


def _as_named(evidence: Counted) -> bool:
    """Return whether the labels match those in the corpus's file names."""
    facts = evidence.facts
    try:
        parse = CORPORA.get(evidence.run.record["corpus"]).parse
        names = [parse(PurePosixPath(f"{clip}.wav")).emotion for clip in facts.clip_ids.tolist()]
    except SerkitError:
        return False
    return names == [evidence.labels[label] for label in facts.true.tolist()]


def _undecided(evidence: Sequence[Counted]) -> list[str]:
    if not evidence:
        return []
    first = evidence[0]
    other = next(each for each in evidence if each.facts.digest != first.facts.digest)
    names = ", ".join(str(each.run.path) for each in evidence)
    return [
        f"not ranked, as nothing says which is right: {names}: {_difference(other, first)}; "
        "name the feature store with --store"
    ]


def _difference(one: Counted, other: Counted) -> str:
    """Describe how one run's clips differ from another's."""
    mine, theirs = one.facts, other.facts
    where = f"{other.run.path}"
    if not np.array_equal(mine.clip_ids, theirs.clip_ids):
        return f"it has predictions of other clips than {where}"
    for column, said, counted in (
        ("true_id", _names(one, mine), _names(other, theirs)),
        ("speaker", mine.speakers, theirs.speakers),
        ("fold", mine.folds, theirs.folds),
    ):
        rows = np.asarray(said) != np.asarray(counted)
        if rows.any():
            first = int(rows.argmax())
            return (
                f"{column} of {int(rows.sum())} of {len(rows)} clips differs from that in {where}: "
                f"{mine.clip_ids[first]} says {said[first]}, there {counted[first]}"
            )
    return f"its classes differ from those in {where}"


def _names(evidence: Counted, facts: ClipFacts) -> list[str]:
    return [evidence.labels[label] for label in facts.true.tolist()]

"""Whether a record may claim that its test speakers are not training speakers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from serkit.errors import SerkitError
from serkit.evaluation.splits import PROTOCOLS, Protocol, Split, SplitClip
from serkit.results.answers import ClipFacts

_UNKNOWN_SEX = "unknown"


def false_claim(record: Mapping[str, Any], facts: ClipFacts) -> str | None:
    """Return what speaks against a record's claim about its speakers; None if nothing does.

    A known protocol says itself whether it keeps speakers apart. A run of one that does, but tests
    a speaker in several folds where the protocol would not, was made by another protocol.

    Args:
        record: The content of ``run.json``.
        facts: The run's test clips.
    """
    name, claimed = record["protocol"], record["speaker_independent"]
    if name not in PROTOCOLS:
        return None  # over several stores, or somebody's own that is not installed here
    protocol = PROTOCOLS.get(name)
    if claimed != protocol.speaker_independent:
        truth = "is" if protocol.speaker_independent else "is not"
        return f"speaker_independent is {str(claimed).lower()}, and {name} {truth}"
    if not claimed or sum(facts.speakers_a_fold) == len(facts.by_speaker.names):
        return None
    if _tests_a_speaker_twice(protocol, record["corpus"], facts):
        return None
    speaker, folds = _tested_twice(facts)
    return f"speaker {speaker} is tested in folds {', '.join(folds)}, and {name} tests each in one"


def _tested_twice(facts: ClipFacts) -> tuple[str, list[str]]:
    """Return the first speaker who is tested in several folds, and the folds."""
    for speaker in facts.by_speaker.names:
        folds = np.unique(facts.folds[facts.speakers == speaker])
        if len(folds) > 1:
            return speaker, folds.tolist()
    raise AssertionError("no speaker is tested in several folds")


def _tests_a_speaker_twice(protocol: Protocol, corpus: str, facts: ClipFacts) -> bool:
    """Return whether the protocol itself, on these clips, tests a speaker in several folds."""
    sexes = facts.groups.get("sex")
    split = _split(
        protocol,
        [
            SplitClip(
                clip_id,
                speaker=speaker,
                sex=sexes.names[sexes.codes[row]] if sexes else _UNKNOWN_SEX,
                label=int(label),
                pcm_sha256=clip_id,  # unknown here; folds do not depend on it
                corpus=corpus,
            )
            for row, (clip_id, speaker, label) in enumerate(
                zip(facts.clip_ids.tolist(), facts.speakers.tolist(), facts.true, strict=True)
            )
        ],
    )
    if split is None:
        return True  # it cannot be said
    owner = dict(zip(facts.clip_ids.tolist(), facts.speakers.tolist(), strict=True))
    pairs = {(owner[clip_id], fold.name) for fold in split.folds for clip_id in fold.test}
    return len(pairs) > len({speaker for speaker, _ in pairs})


def _split(protocol: Protocol, clips: list[SplitClip]) -> Split | None:
    try:
        return protocol.make(clips)
    except (SerkitError, ValueError):
        return None

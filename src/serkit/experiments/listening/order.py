"""In which order clips are played: random, and balanced from the first clip on."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable

from serkit.store.tables import ClipRow


def balanced_order(clips: Iterable[ClipRow], seed: int) -> tuple[str, ...]:
    """Return clip ids in random order, balanced over emotions and speakers.

    Each round plays one clip of every emotion, in random order; within an emotion every speaker is
    heard before one is heard again, and emotions begin with different speakers. Places depend on
    hashes of seed and names alone: the same on every machine, and clips added later leave the
    others in their order.

    Args:
        clips: The clips; those of few emotions run out first.
        seed: Another one gives another order.
    """
    clips = tuple(clips)
    emotions = sorted({clip.emotion for clip in clips})
    speakers = sorted({clip.speaker for clip in clips}, key=lambda name: _hash(seed, name))
    places = {name: place for place, name in enumerate(speakers)}
    entries = []
    for number, emotion in enumerate(emotions):
        start = number * len(speakers) // len(emotions)
        own = [clip for clip in clips if clip.emotion == emotion]
        turns = _turns(own, seed)
        own.sort(
            key=lambda clip: (
                turns[clip.clip_id],
                (places[clip.speaker] - start) % len(speakers),
            )
        )
        entries += [
            (place, _hash(seed, place, emotion), clip.clip_id) for place, clip in enumerate(own)
        ]
    return tuple(clip_id for *_, clip_id in sorted(entries))


def _turns(clips: Iterable[ClipRow], seed: int) -> dict[str, int]:
    """Return for each clip how many clips of its speaker are played before it."""
    seen: defaultdict[str, int] = defaultdict(int)
    turns = {}
    for clip in sorted(clips, key=lambda clip: _hash(seed, clip.clip_id)):
        turns[clip.clip_id] = seen[clip.speaker]
        seen[clip.speaker] += 1
    return turns


def _hash(*parts: object) -> bytes:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).digest()

"""The identity of a set of clips, hashed in their order without holding all of them as objects."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice, starmap
from operator import attrgetter

from serkit.features.spec import canonical_json
from serkit.packed import in_order

_AT_ONCE = 4096
"""Clips that are hashed at a time."""


@dataclass(frozen=True, slots=True)
class _Clip:
    corpus: str
    clip_id: str
    pcm_sha256: str


_values = attrgetter("corpus", "clip_id", "pcm_sha256")


def digest_of_clips(clips: Iterable[tuple[str, str, str]]) -> str:
    """Return SHA-256 over corpus, id and samples of clips, sorted.

    What is hashed is the canonical JSON of the sorted list.

    Args:
        clips: Corpus, id, and SHA-256 of the samples of each clip, in any order.
    """
    rows = map(_values, in_order(_Clip, starmap(_Clip, clips), _values))
    digest = hashlib.sha256(b"[")
    separator = ""
    while some := list(islice(rows, _AT_ONCE)):
        digest.update(f"{separator}{canonical_json(some)[1:-1]}".encode())
        separator = ","
    digest.update(b"]")
    return digest.hexdigest()

"""The ids that models see in place of the clips' own, and the way back for messages."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from serkit.errors import SerkitError, unknown_name
from serkit.store.source import ClipSource
from serkit.store.tables import ClipRow

_OPAQUE = re.compile("clip-[0-9a-f]{16}")


def opaque_id(clip: ClipRow) -> str:
    """Return the opaque id that models see; it cannot be linked to a clip without the samples."""
    digest = hashlib.sha256(f"{clip.pcm_sha256} {clip.corpus} {clip.clip_id}".encode())
    return f"clip-{digest.hexdigest()[:16]}"


def with_true_names(error: SerkitError, store: ClipSource, clip_ids: Iterable[str]) -> SerkitError:
    """Return an error that a model raised with the clips' own ids in place of the opaque ones.

    Args:
        error: The model's error.
        store: The store that the clips are of.
        clip_ids: The model's clips.
    """
    if not _OPAQUE.search(str(error)):
        return error
    names = tuple(clip_ids)
    true = dict(zip(map(opaque_id, rows_of(store, names)), names, strict=True))
    got, allowed, hint = (
        _OPAQUE.sub(lambda found: true.get(found[0], found[0]), part)
        for part in (error.got, error.allowed, error.hint)
    )
    return type(error)(got, allowed=allowed, hint=hint)


def rows_of(store: ClipSource, clip_ids: Iterable[str]) -> list[ClipRow]:
    """Return what a store has of some clips.

    Raises:
        UnknownNameError: There is no such clip.
    """
    clips = store.state.clips
    try:
        return [clips[clip_id] for clip_id in clip_ids]
    except KeyError as error:
        raise unknown_name("clip", str(error.args[0]), clips) from None

"""Fingerprints of sound of a store's clips, computed once and kept in the store's folder.

They are made from the feature ``raw`` and kept by the identity of a clip's samples, so the file is
never stale. It is no part of the store: whoever deletes it loses seconds, and where the folder
cannot be written, nothing is kept.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from serkit.dsp.alike import same_takes
from serkit.dsp.soundprint import Words, soundprint
from serkit.errors import SerkitError
from serkit.storage.files import write_file
from serkit.store.source import ClipStore

SOUNDPRINTS = "soundprints.npz"

RAW = "raw"

_AT_ONCE = 64
"""Clips whose samples are held at a time."""


def near_duplicates(store: ClipStore, clip_ids: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Name the pairs of clips that hold the same take in other samples.

    Args:
        store: The store.
        clip_ids: The clips.

    Returns:
        Ids of clips, each pair in sorted order; nothing where ``raw`` is not in the store or cannot
        be read.
    """
    samples = {clip_id: row.pcm_sha256 for clip_id, row in store.state.clips.items()}
    usable = sorted(set(clip_ids) & store.state.index.get(RAW, {}).keys())
    try:
        prints = _prints(store, {clip_id: samples[clip_id] for clip_id in usable})
    except SerkitError:  # nothing that a model needs: its reader reports it to whoever trains on it
        return ()
    pairs = same_takes([prints[samples[clip_id]] for clip_id in usable])
    found = ((usable[pair.first], usable[pair.second]) for pair in pairs)
    return tuple((one, other) for one, other in found if samples[one] != samples[other])


def _prints(store: ClipStore, wanted: Mapping[str, str]) -> dict[str, Words]:
    """Return fingerprints by samples' identity, from the file where they are there.

    Args:
        store: The store.
        wanted: The samples' identities, by clip.
    """
    folder = getattr(store, "path", None)  # several stores read as one keep none
    known = _kept(folder / SOUNDPRINTS) if folder else {}
    new = {clip_id: sha for clip_id, sha in wanted.items() if sha not in known}
    if new:
        known |= dict(_computed(store, new))
        if folder:
            _keep(folder / SOUNDPRINTS, known)
    return known


def _computed(store: ClipStore, wanted: Mapping[str, str]) -> Iterator[tuple[str, Words]]:
    rate = int(str(store.spec(RAW).parameters["sample_rate"]))
    ids = list(wanted)
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        for clip_id, samples in zip(some, store.read(RAW, some, padded=False).X, strict=True):
            yield wanted[clip_id], soundprint(samples, rate)


def _kept(path: Path) -> dict[str, Words]:
    try:
        with np.load(path, allow_pickle=False) as file:
            names, ends, words = file["samples"], file["ends"], file["words"]
        return dict(zip(names.tolist(), np.split(words, ends[:-1]), strict=True))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):  # not there, or half of it
        return {}


def _keep(path: Path, prints: Mapping[str, Words]) -> None:
    buffer = io.BytesIO()
    np.savez(
        buffer,
        samples=np.array(list(prints), np.str_),
        ends=np.cumsum([len(words) for words in prints.values()]),
        words=np.concatenate(list(prints.values())),
    )
    try:
        write_file(path, buffer.getvalue(), flush=False)
    except (SerkitError, OSError):  # a folder that only others may write: computed again next time
        return

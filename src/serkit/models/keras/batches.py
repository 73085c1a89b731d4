"""Batches of clips of similar length, padded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from serkit.models.keras.beside import Rows
from serkit.models.keras.scaling import Scaling
from serkit.models.keras.source import Frames, Source
from serkit.models.keras.spectra import Spectra

Inputs = dict[str, npt.NDArray[np.float32]]
"""A net's inputs: ``frames``; ``live`` if padding is masked; ``beside`` if it reads tables, too."""

STEP = 32
"""Batches are a multiple of this many frames long, so that few shapes are compiled."""

SPREAD = 0.1
"""Standard deviation, as a share of a clip's length, of the noise that batches are sorted with."""


def assemble(
    clips: Sequence[Frames], source: Source, scaling: Scaling, rows: Rows | None = None
) -> Inputs:
    """Pad clips that are scaled already into one batch.

    Args:
        clips: The clips, scaled.
        source: What they are.
        scaling: How they were scaled, and how rows are.
        rows: Rows of the tables that are read beside, unscaled.

    Returns:
        ``frames`` of shape ``(clips, frames, bands)``, for true lengths and masked padding
        ``live`` of shape ``(clips, frames)``, 1 and outside the clip 0, and for tables ``beside``
        of shape ``(clips, columns)``.
    """
    inputs = _assemble_frames(clips, source, scaling)
    inputs["frames"] = scaling.whitened(inputs["frames"])
    return inputs | assemble_beside(rows, scaling)


def assemble_beside(rows: Rows | None, scaling: Scaling) -> Inputs:
    """Scale rows of tables that are read beside frames; no input where none are read."""
    if rows is None or scaling.beside is None:
        return {}
    return {"beside": scaling.beside.whitened(scaling.beside(rows))}


def _assemble_frames(clips: Sequence[Frames], source: Source, scaling: Scaling) -> Inputs:
    length = bucket(max(map(len, clips)))
    if source.length is not None:
        length = source.length if source.fixed else min(length, source.length)
        frames = _padded_in_front(clips, source, scaling, length)
        return {"frames": frames} | (_live(clips, length) if source.padding == "masked" else {})
    frames = np.zeros((len(clips), length, source.bands), np.float32)
    live = np.zeros((len(clips), length), np.float32)
    for position, clip in enumerate(clips):
        frames[position, : len(clip)] = clip
        live[position, : len(clip)] = 1
    return {"frames": frames, "live": live}


def _padded_in_front(
    clips: Sequence[Frames], source: Source, scaling: Scaling, length: int
) -> Frames:
    silence = scaling(np.zeros((1, source.bands), np.float32))[0]
    if source.scale == "db":  # no power has no decibels: the middle of each band
        silence = np.zeros(source.bands, np.float32)
    out = np.empty((len(clips), length, source.bands), np.float32)
    for row, clip in zip(out, clips, strict=True):
        kept = clip[-length:]  # a slower tempo may have made it too long
        lead = length - len(kept)
        row[:lead], row[lead:] = silence, kept
    return out


def _live(clips: Sequence[Frames], length: int) -> Inputs:
    """Return 1 for the frames of clips aligned at the end of the batch, else 0."""
    first = length - np.minimum([len(clip) for clip in clips], length)
    return {"live": (np.arange(length) >= first[:, None]).astype(np.float32)}


def bucket(length: int) -> int:
    """Return the length that clips of a length are padded to in a batch."""
    return max(1, -(-length // STEP)) * STEP


def ordered_batches(spectra: Spectra, size: int) -> list[npt.NDArray[np.intp]]:
    """Divide clips into batches of one bucket each: a clip's batch mates never change its input."""
    if spectra.source.fixed:
        return list(spectra.chunks(size))
    buckets = np.array([bucket(int(length)) for length in spectra.lengths])
    order = np.argsort(buckets, kind="stable")
    cuts = np.flatnonzero(np.diff(buckets[order])) + 1
    groups = np.split(order, cuts)
    return [group[first : first + size] for group in groups for first in range(0, len(group), size)]


def random_batches(
    spectra: Spectra, size: int, random: np.random.Generator
) -> list[npt.NDArray[np.intp]]:
    """Divide clips into batches for one epoch, in random order.

    Clips of true length are sorted by their length with some noise, so that batches hold clips of
    similar length and yet are others every epoch.

    Args:
        spectra: The clips.
        size: Clips in a batch.
        random: Where chance comes from.
    """
    order = random.permutation(len(spectra))
    if spectra.source.padding == "crop":
        noisy = spectra.lengths * (1 + SPREAD * random.standard_normal(len(spectra)))
        order = np.argsort(noisy, kind="stable")
    batches = [order[first : first + size] for first in range(0, len(order), size)]
    return [batches[i] for i in random.permutation(len(batches))]

"""Rows of tables that are scaled and whitened once for a whole training, not in every batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serkit.models.keras.beside import Rows
from serkit.models.keras.scaling import Scaling
from serkit.models.keras.spectra import CACHE_BYTES, Spectra

_ROWS = 256
"""Rows that are whitened at a time."""


@dataclass(frozen=True, eq=False)
class ReadyRows:
    """Training clips' rows as a net reads them; what is None is scaled batch by batch.

    Attributes:
        frames: Tables that are read as frames, shape ``(n, columns)``; None for frames over time,
            and where clips are changed at random before they are whitened.
        beside: Tables that are read beside frames, same shape.
    """

    frames: Rows | None = None
    beside: Rows | None = None

    @classmethod
    def of(cls, clips: Spectra, scaling: Scaling, changed: bool) -> ReadyRows:
        """Scale and whiten the rows of all clips, if they fit into memory.

        Args:
            clips: The training clips.
            scaling: How they are scaled.
            changed: Whether the frames of clips are changed at random in every epoch.
        """
        source, beside = clips.source, scaling.beside
        frames = None
        if source.padding == "none" and not changed and _fits(clips, source.bands):
            frames = _ready((np.concatenate(clips.take(some)) for some in _parts(clips)), scaling)
        if beside is None or not _fits(clips, source.columns):
            return cls(frames)
        rows = (each for some in _parts(clips) if (each := clips.rows(some)) is not None)
        return cls(frames, _ready(rows, beside))


def _parts(clips: Spectra) -> Iterator[npt.NDArray[np.intp]]:
    return clips.chunks(_ROWS)


def _fits(clips: Spectra, columns: int) -> bool:
    return 4 * len(clips) * columns <= CACHE_BYTES


def _ready(parts: Iterator[Rows], scaling: Scaling) -> Rows:
    return np.concatenate([scaling.whitened(scaling(part)) for part in parts])

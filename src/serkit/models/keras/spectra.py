"""Clips as a net reads them, kept in memory if they fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from serkit.dsp.mel import mel_edges
from serkit.errors import ClipTooLongError
from serkit.extractors.mel import MelParameters
from serkit.labels import LabelSet
from serkit.models.clips import ClipData, TrainingClips
from serkit.models.keras.beside import Rows, read_rows
from serkit.models.keras.source import Frames, Source

CACHE_BYTES = 2 * 2**30
"""Clips are kept in memory up to this size, and read batch by batch beyond it."""


class Spectra:
    """Clips, read on demand and cached in memory if they fit.

    Copies in other voices are further clips: all as recorded come first, then all in one voice
    after another.

    Args:
        data: The clips.
        source: The input.
        cache_bytes: How much is kept.
    """

    def __init__(self, data: ClipData, source: Source, cache_bytes: int = CACHE_BYTES) -> None:
        self.source = source
        self._data = data
        self._voices = ("", *data.voices)
        one, *_ = source.features  # tables have one length
        self.lengths = np.concatenate([data.lengths(one, each) for each in self._voices])
        self._refuse_longer()
        fits = 4 * int(self.lengths.sum()) * source.bands <= cache_bytes
        self._kept: dict[int, Frames] | None = {} if fits else None
        rows_fit = 4 * len(self.lengths) * source.columns <= cache_bytes
        self._rows: dict[int, Rows] | None = {} if rows_fit else None

    def __len__(self) -> int:
        return len(self.lengths)

    def _refuse_longer(self) -> None:
        """Refuse clips that do not fit; copies in a slower voice lose their beginning instead."""
        most = self.source.length
        lengths = self.lengths[: len(self._data)]
        if most is None or self.source.padding == "none" or not (lengths > most).any():
            return
        longest = int(lengths.argmax())
        raise ClipTooLongError(
            f"{int((lengths > most).sum()):,} of {len(lengths):,} clips are longer than the "
            f"{most:,} frames that {self.source.feature} pads to "
            f"({self._data.clip_ids[longest]} has {int(lengths[longest]):,})",
            hint="use --set padding=crop, or a recipe with a larger pad_to",
        )

    @property
    def clips(self) -> int:
        """How many clips there are as recorded."""
        return len(self._data)

    @property
    def label_set(self) -> LabelSet:
        """The classes of a training side."""
        return self._training.label_set

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """Emotion numbers of a training side, shape ``(n,)``."""
        return np.resize(self._training.labels, len(self))

    @property
    def _training(self) -> TrainingClips:
        if not isinstance(self._data, TrainingClips):
            raise TypeError("clips that are to be predicted have no labels")
        return self._data

    @property
    def edges(self) -> npt.NDArray[np.float64] | None:
        """Where the bands begin, peak and end, in Hz, ``(bands + 2,)``; None if it is not mel."""
        mel = self._data.spec(self.source.features[0]).settings
        if not isinstance(mel, MelParameters):
            return None
        return mel_edges(mel.sample_rate, self.source.bands, mel.fmin, mel.fmax or None)

    def take(self, positions: npt.NDArray[np.intp]) -> list[Frames]:
        """Return clips by position, unscaled."""
        return _cached(self._kept, positions, lambda missing: self._read(missing, self.source.read))

    def rows(self, positions: npt.NDArray[np.intp]) -> Rows | None:
        """Return the tables beside clips, by position, unscaled; None where none are read."""
        if not self.source.tables:
            return None

        def read(data: ClipData, clips: Sequence[int], voice: str) -> Iterable[Rows]:
            return read_rows(data, self.source.tables, clips, voice)

        return np.stack(_cached(self._rows, positions, lambda missing: self._read(missing, read)))

    def _read(
        self,
        positions: Sequence[int],
        read: Callable[[ClipData, Sequence[int], str], Iterable[Frames]],
    ) -> Iterator[tuple[int, Frames]]:
        """Yield clips by position, in any order, the clips of one voice read at once."""
        for place, voice in enumerate(self._voices):
            mine = [p for p in positions if p // len(self._data) == place]
            if mine:
                clips = [p % len(self._data) for p in mine]
                yield from zip(mine, read(self._data, clips, voice), strict=True)

    def chunks(self, size: int) -> Iterator[npt.NDArray[np.intp]]:
        """Yield all positions in order, some at a time."""
        for first in range(0, len(self), size):
            yield np.arange(first, min(first + size, len(self)))


def _cached(
    kept: dict[int, Frames] | None,
    positions: npt.NDArray[np.intp],
    read: Callable[[list[int]], Iterator[tuple[int, Frames]]],
) -> list[Frames]:
    """Return values by position; those that are not kept are read, and kept unless that is None."""
    known = {} if kept is None else kept
    missing = [int(p) for p in positions if int(p) not in known]
    found = dict(read(missing)) if missing else {}
    if kept is not None:
        kept.update(found)
    return [found[int(p)] if int(p) in found else known[int(p)] for p in positions]

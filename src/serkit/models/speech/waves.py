"""Clips as a speech encoder reads them: waveforms at its rate, in batches without padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from serkit.audio import resample
from serkit.encoders.waveform import Wave, normalised, trim
from serkit.errors import TrainingError
from serkit.features import ArrayLayout
from serkit.models.clips import ClipData

CACHE_BYTES = 2 * 2**30
"""Clips are kept in memory up to this size, and read again beyond it."""

_CHUNK = 64


@dataclass(frozen=True)
class InputSpec:
    """The input signal of an encoder, and its preparation.

    Attributes:
        feature: The signals, such as ``raw``.
        sample_rate: The encoder's rate in Hz.
        normalise: Whether each clip gets mean 0 and variance 1.
        trim_db: Silence this far below the loudest frame is cut off; 0 cuts none.
        masks: Whether clips may be padded, with a mask.
        fewest_samples: The shortest signal that the encoder accepts.
    """

    feature: str
    sample_rate: int
    normalise: bool
    trim_db: float
    masks: bool
    fewest_samples: int

    def finish(self, wave: Wave) -> Wave:
        """Normalise a clip, as the last thing before the encoder."""
        return normalised(wave) if self.normalise else wave


@dataclass(frozen=True)
class Waves:
    """Signals of clips, read from the store on demand.

    Attributes:
        data: The clips.
        hearing: Input settings.
    """

    data: ClipData
    hearing: InputSpec
    _kept: dict[int, npt.NDArray[np.int16]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.data)

    def take(self, positions: Sequence[int]) -> list[Wave]:
        """Return clips at the encoder's rate, trimmed, from -1 to 1, in their true length.

        Raises:
            TrainingError: The feature is no signal, or a clip is too short for the encoder.
        """
        missing = [each for each in positions if each not in self._kept]
        read = self._read(missing)
        room = CACHE_BYTES - sum(each.nbytes for each in self._kept.values())
        for position, samples in read.items():
            if (room := room - samples.nbytes) >= 0:
                self._kept[position] = samples
        found = (read[each] if each in read else self._kept[each] for each in positions)
        return [samples.astype(np.float32) / np.float32(32768) for samples in found]

    def _read(self, positions: Sequence[int]) -> dict[int, npt.NDArray[np.int16]]:
        if not positions:
            return {}
        ids = [self.data.clip_ids[each] for each in positions]
        layout = self.data.layout(self.hearing.feature)
        if not (isinstance(layout, ArrayLayout) and (layout.axis, layout.item) == ("samples", ())):
            raise TrainingError(
                f"{self.hearing.feature} holds no signals", hint="use --set features=raw"
            )
        batch = self.data.read(self.hearing.feature, positions, padded=False)
        rate = batch.spec.whole("sample_rate") or 0
        return {
            position: self._heard(samples, rate, clip_id)
            for position, samples, clip_id in zip(positions, batch.X, ids, strict=True)
        }

    def _heard(
        self, samples: npt.NDArray[np.int16], rate: int, clip_id: str
    ) -> npt.NDArray[np.int16]:
        heard = self.hearing
        if rate != heard.sample_rate:
            samples = resample(samples, rate, heard.sample_rate)
        whole = samples.astype(np.float32) / np.float32(32768)
        kept = trim(whole, heard.trim_db)
        if len(kept) < heard.fewest_samples:
            raise TrainingError(
                f"clip {clip_id} has {len(kept):,} samples at {heard.sample_rate:,} Hz, and the "
                f"encoder needs at least {heard.fewest_samples:,}",
                hint="remove it from the store, or train with --set trim_db=0",
            )
        # A view of the same places: amplitudes stay integers, which take half the memory.
        first = (kept.__array_interface__["data"][0] - whole.__array_interface__["data"][0]) // 4
        return samples[first : first + len(kept)]


def ordered_waves(waves: Waves) -> Iterator[tuple[list[int], list[Wave]]]:
    """Yield all clips once, finished, a chunk at a time, each chunk's by length."""
    for first in range(0, len(waves), _CHUNK):
        positions = list(range(first, min(first + _CHUNK, len(waves))))
        finished = [waves.hearing.finish(wave) for wave in waves.take(positions)]
        yield positions, finished


def by_length(lengths: Sequence[int], most: int) -> list[list[int]]:
    """Divide clips into groups of exactly one length each.

    Args:
        lengths: Of the clips.
        most: Most clips of a group.

    Returns:
        Positions, shortest clips first; within a length in the order given.
    """
    order = sorted(range(len(lengths)), key=lambda each: lengths[each])
    groups: list[list[int]] = []
    for each in order:
        last = groups[-1] if groups else []
        if last and lengths[last[0]] == lengths[each] and len(last) < most:
            last.append(each)
        else:
            groups.append([each])
    return groups


def by_rank(lengths: Sequence[int], most: int) -> list[list[int]]:
    """Divide clips into groups of similar length, for encoders that may be padded with a mask."""
    order = sorted(range(len(lengths)), key=lambda each: lengths[each])
    return [order[first : first + most] for first in range(0, len(order), most)]


def stack(waves: Sequence[Wave]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64] | None]:
    """Put clips into one array.

    Returns:
        The clips, shape ``(n, samples)``, shorter ones with zeros behind them; and their mask,
        which is None where all have one length, so that nothing is padded.
    """
    lengths = np.array([len(wave) for wave in waves])
    if (lengths == lengths[0]).all():
        return np.stack(waves), None
    out = np.zeros((len(waves), lengths.max()), np.float32)
    for row, wave in zip(out, waves, strict=True):
        row[: len(wave)] = wave
    mask = np.arange(out.shape[1])[None, :] < lengths[:, None]
    return out, mask.astype(np.int64)

"""Mean and standard deviation of what a net reads, fitted on training clips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.models.keras.source import Frames
from serkit.models.keras.spectra import Spectra
from serkit.models.keras.whitening import FrameWhitening, Whitening

_SMALLEST_DEVIATION = 1e-6
_LIMIT = 4.0
"""Standard deviations that columns before a linear layer are clipped to, so that one odd number
cannot decide."""


@dataclass(frozen=True)
class Scaling:
    """Mean and standard deviation of each band, fitted on training clips.

    Attributes:
        mean: Shape ``(bands,)``.
        deviation: Shape ``(bands,)``.
        beside: The same for the columns of tables that are read beside; None where there are none.
        limit: Largest absolute value let through; None lets all through.
        whitening: Of whole batches, while a net is trained; None for none. It is not saved.
    """

    mean: npt.NDArray[np.float64]
    deviation: npt.NDArray[np.float64]
    beside: Scaling | None = None
    limit: float | None = None
    whitening: Whitening | None = None

    def __call__(self, frames: Frames) -> Frames:
        """Return frames, or rows of a table, scaled."""
        scaled = (frames - self.mean) / self.deviation
        if self.limit is not None:
            scaled = np.clip(scaled, -self.limit, self.limit)
        single: Frames = scaled.astype(np.float32)
        return single

    def whitened(self, batch: Frames) -> Frames:
        """Return a batch of scaled frames or rows as the net is trained on them."""
        return batch if self.whitening is None else self.whitening(batch)

    def to_json(self) -> dict[str, Any]:
        """Return all as lists."""
        found: dict[str, Any] = {"mean": self.mean.tolist(), "deviation": self.deviation.tolist()}
        if self.limit is not None:
            found["limit"] = self.limit
        return found if self.beside is None else {**found, "beside": self.beside.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Scaling:
        """Read what :meth:`to_json` gave."""
        beside = cls.from_json(data["beside"]) if "beside" in data else None
        limit = data.get("limit")
        return cls(np.array(data["mean"]), np.array(data["deviation"]), beside, limit)

    @classmethod
    def identity(cls, bands: int) -> Scaling:
        """Return the scaling that changes nothing."""
        return cls(np.zeros(bands), np.ones(bands))


def fit_scaling(
    spectra: Spectra, over: str, linear_beside: bool = False, tables: FrameWhitening | None = None
) -> Scaling:
    """Fit the scaling of each band, and of tables that are read beside, on training clips.

    Args:
        spectra: The clips.
        over: ``live`` frames alone; ``all`` frames, padding counted as zeros; ``none`` leaves
            bands as they are. Tables are always scaled.
        linear_beside: Whether a linear layer reads the tables: they are clipped, and whitened
            during training.
        tables: How tables that are read as frames are whitened; None for frames that are not.
    """
    bands = _fit_frames_of_tables(spectra, tables) if tables else _fit_bands(spectra, over)
    return replace(bands, beside=_fit_beside(spectra, linear_beside))


def _fit_frames_of_tables(spectra: Spectra, how: FrameWhitening) -> Scaling:
    """Fit the scaling of tables that are read as one frame a clip."""
    clips = [clip for positions in spectra.chunks(64) for clip in spectra.take(positions)]
    return _fit_whitened(np.concatenate(clips).astype(np.float64), spectra.clips, how.invariance)


def _fit_beside(spectra: Spectra, whitened: bool) -> Scaling | None:
    """Fit the scaling of the tables that are read beside frames; None where there are none."""
    read = [spectra.rows(positions) for positions in spectra.chunks(64)]
    rows = [each.astype(np.float64) for each in read if each is not None]
    if not rows:
        return None
    every = np.concatenate(rows)
    return _fit_whitened(every) if whitened else _fit_columns(every)


def _fit_whitened(
    every: npt.NDArray[np.float64], clips: int = 0, invariance: float = 0.0
) -> Scaling:
    """Fit the scaling of columns before a linear layer; see :meth:`Whitening.fit`."""
    clipped = replace(_fit_columns(every), limit=_LIMIT)
    scaled = clipped(every.astype(np.float32))
    return replace(clipped, whitening=Whitening.fit(scaled, clips, invariance))


def _fit_columns(every: npt.NDArray[np.float64]) -> Scaling:
    """Fit the scaling of columns on all clips' rows, shape ``(clips, columns)``."""
    deviation = every.std(axis=0)
    deviation = np.where(deviation > _SMALLEST_DEVIATION, deviation, 1.0)
    return Scaling(every.mean(axis=0), deviation)


def _fit_bands(spectra: Spectra, over: str) -> Scaling:
    bands = spectra.source.bands
    if over == "none":
        return Scaling.identity(bands)
    count, total, squares = 0, np.zeros(bands), np.zeros(bands)
    # Powers reach 1e12: without a shift by a typical value their squares would lose the rest.
    shift = np.mean([each.mean(axis=0) for each in spectra.take(np.arange(1))], axis=0)
    shift = shift.astype(np.float64) if over == "live" else np.zeros(bands)
    for positions in spectra.chunks(64):
        for frames in spectra.take(positions):
            shifted = frames.astype(np.float64) - shift
            total += shifted.sum(axis=0)
            squares += (shifted**2).sum(axis=0)
            count += (spectra.source.length or 0) if over == "all" else len(frames)
    mean = total / max(count, 1)
    deviation = np.sqrt(np.maximum(squares / max(count, 1) - mean**2, 0))
    return Scaling(mean + shift, np.where(deviation > _SMALLEST_DEVIATION, deviation, 1.0))

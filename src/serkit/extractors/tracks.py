"""Frame tracks: level, cepstrum, spectral shape, pitch and voice quality over time.

The statistics of these tracks are the ``functionals``; nets read the tracks themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serkit.dsp.families import FAMILIES
from serkit.dsp.signal import Signal
from serkit.dsp.tracks import FRAMES_PER_SECOND, Tracks, measure
from serkit.errors import UsageError, unknown_name
from serkit.features.extractor import ArrayLayout, Column, Extractor, Values
from serkit.parameters import Parameters, names_in, parameter

Floats = npt.NDArray[np.float32]

_FLAGS = {
    "speech": "1 where the frame holds speech (at most 30 dB below the loudest), else 0",
    "voiced": "1 where that speech is voiced, else 0",
}


def average(frames: Floats, every: int) -> Floats:
    """Return the mean of each ``every`` frames; the last mean may be of fewer.

    Args:
        frames: Shape ``(frames, tracks)``.
        every: Frames that become one.

    Example:
        >>> average(np.array([[1], [3], [8]], np.float32), 2).tolist()
        [[2.0], [8.0]]
    """
    first = np.arange(0, len(frames), every)
    sizes = np.diff(np.append(first, len(frames)))[:, np.newaxis]
    return np.asarray(np.add.reduceat(frames, first, axis=0) / sizes, np.float32)


def spread(frames: Floats, every: int) -> Floats:
    """Return the standard deviation inside each ``every`` frames; see :func:`average`."""
    means = np.repeat(average(frames, every), every, axis=0)[: len(frames)]
    return np.sqrt(average((frames - means) ** 2, every))


@dataclass(frozen=True)
class TracksParameters(Parameters):
    """Which tracks, and how many frames become one."""

    families: str = parameter(
        "energy,mfcc,shape,high,pitch,voice",
        f"families of tracks, separated by commas, out of {', '.join(FAMILIES)}",
    )
    every: int = parameter(1, f"frames of 1/{FRAMES_PER_SECOND} s averaged into one", minimum=1)
    spread: str = parameter("", "families of which the spread inside each frame is added")

    @property
    def levels(self) -> tuple[str, ...]:
        """Families to average."""
        return _known("families", self.families)

    @property
    def spreads(self) -> tuple[str, ...]:
        """Families whose standard deviation is added."""
        return _known("spread", self.spread)


def _known(key: str, value: str) -> tuple[str, ...]:
    names = names_in(value)
    for name in names:
        if name not in FAMILIES:
            raise unknown_name(f"family of tracks in {key}", name, FAMILIES)
    return names


def check_tracks(parameters: TracksParameters) -> None:
    """Refuse a spread that no frames or no family have.

    Raises:
        UsageError: The parameters contradict each other.
    """
    families = parameters.levels
    for name in parameters.spreads:
        if name not in families:
            raise UsageError(
                f"spread = {parameters.spread!r} names {name!r}, which is not in families",
                allowed=f"{', '.join(families) or 'none'} can be named",
            )
    if parameters.spread and parameters.every == 1:
        raise UsageError(
            "spread needs several frames in one",
            allowed="every = 2 or more is allowed with it",
        )


def _layout(parameters: TracksParameters) -> ArrayLayout:
    return ArrayLayout("float32", (len(describe_tracks(parameters)),), None, "frames")


def describe_tracks(parameters: TracksParameters) -> tuple[Column, ...]:
    """Return the names and meanings of the tracks, in order."""
    levels = {k: v for name in parameters.levels for k, v in FAMILIES[name].items()}
    spreads = {
        f"{track}_spread": f"standard deviation inside the frame of {meaning}"
        for name in parameters.spreads
        for track, meaning in FAMILIES[name].items()
    }
    return tuple(Column(*item) for item in {**levels, **spreads, **_FLAGS}.items())


def measure_tracks(signal: Signal, parameters: TracksParameters) -> Floats:
    """Measure the tracks of a clip, shape ``(frames, tracks)``."""
    tracks = measure(signal.samples, signal.sample_rate)
    every = parameters.every
    parts = [average(tracks.families[name], every) for name in parameters.levels]
    parts += [spread(tracks.families[name], every) for name in parameters.spreads]
    parts.append(average(_flags(tracks), every))
    return np.concatenate(parts, axis=1)


def _compute(signal: Signal, parameters: TracksParameters) -> Values:
    return Values(np.ascontiguousarray(measure_tracks(signal, parameters).T))


def _flags(tracks: Tracks) -> Floats:
    return np.stack([tracks.speech, tracks.voiced], axis=1).astype(np.float32)


EXTRACTOR = Extractor(
    name="tracks",
    version=1,
    summary="level, cepstrum, shape, pitch and voice quality, first to last speech frame",
    parameters=TracksParameters,
    check=check_tracks,
    layout=_layout,
    compute=_compute,
    describe=describe_tracks,
    per_clip_ms=9.0,
)

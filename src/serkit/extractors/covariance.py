"""How the frame tracks of a clip move together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serkit.dsp.covariance import log_covariance, pairs
from serkit.dsp.signal import Signal
from serkit.dsp.tracks import FRAMES_PER_SECOND
from serkit.extractors.tracks import (
    TracksParameters,
    check_tracks,
    describe_tracks,
    measure_tracks,
)
from serkit.features.extractor import Column, Extractor, TableLayout, Values
from serkit.parameters import parameter

Floats = npt.NDArray[np.float32]

_TYPICAL = {
    "energy": 10.0,
    "mel": 15.0,
    "mfcc_01": 35.0,
    "mfcc_02": 17.0,
    "mfcc_03": 17.0,
    "mfcc_04": 17.0,
    "mfcc_0": 9.0,
    "mfcc": 6.5,
    "centroid": 1_300.0,
    "bandwidth": 600.0,
    "spectral_skewness": 1.0,
    "spectral_kurtosis": 1.5,
    "rolloff_25": 1_200.0,
    "rolloff_50": 1_500.0,
    "rolloff_75": 1_800.0,
    "rolloff_90": 2_000.0,
    "flatness": 8.0,
    "slope_0": 30.0,
    "slope_500": 10.0,
    "slope_1500": 4.0,
    "alpha_ratio": 10.0,
    "hammarberg": 10.0,
    "flux": 0.2,
    "level": 12.0,
    "pitch": 7.0,
    "harmonicity": 9.0,
    "cepstral_peak": 0.8,
    "h1": 12.0,
    "speech": 0.3,
    "voiced": 0.5,
}
"""About the standard deviation of tracks inside a clip of speech, in their units, by how their
names begin; the first that fits counts. Rounded, because stored values depend on them."""

_SPREAD = 0.2
"""Typical deviation of a track's spread inside a frame, in that of the track."""


@dataclass(frozen=True)
class CovarianceParameters(TracksParameters):
    """Which tracks, and whether their changes count as tracks of their own."""

    change: int = parameter(
        0,
        "frames before and after that the change of each track is taken between; 0 omits it",
        minimum=0,
    )


def _typical(name: str) -> float:
    """Return about how much a track varies, in its unit.

    Example:
        >>> _typical("mfcc_01"), _typical("mfcc_05"), _typical("mfcc_05_spread")
        (35.0, 9.0, 1.8)
    """
    own = name.removesuffix("_change").removesuffix("_spread")
    value = next(value for begin, value in _TYPICAL.items() if own.startswith(begin))
    return value * _SPREAD if "_spread" in name else value


def _tracks(parameters: CovarianceParameters) -> Iterator[Column]:
    yield from describe_tracks(parameters)
    if parameters.change:
        apart = 2 * parameters.change * parameters.every / FRAMES_PER_SECOND
        for track in describe_tracks(parameters):
            yield Column(f"{track.name}_change", f"change in {apart:g} s of {track.description}")


def _describe(parameters: CovarianceParameters) -> tuple[Column, ...]:
    tracks = [track.name for track in _tracks(parameters)]
    return tuple(
        Column(tracks[a], f"how much {tracks[a]} varies, apart from what varies with other tracks")
        if a == b
        else Column(f"{tracks[a]}*{tracks[b]}", f"how {tracks[a]} moves with {tracks[b]}")
        for a, b in zip(*pairs(len(tracks)), strict=True)
    )


def _layout(parameters: CovarianceParameters) -> TableLayout:
    return TableLayout("float32", tuple(column.name for column in _describe(parameters)))


def _compute(signal: Signal, parameters: CovarianceParameters) -> Values:
    frames = measure_tracks(signal, parameters)
    if parameters.change:
        frames = np.hstack([frames, changes(frames, parameters.change)])
    typical = np.array([_typical(track.name) for track in _tracks(parameters)])
    return Values(log_covariance(frames, typical))


def changes(frames: Floats, apart: int) -> Floats:
    """Return how much each track differs between so many frames after and before; ends repeat.

    Args:
        frames: Shape ``(frames, tracks)``.
        apart: Frames.

    Example:
        >>> changes(np.array([[0], [1], [5]], np.float32), 1).tolist()
        [[1.0], [5.0], [4.0]]
    """
    longer = np.pad(frames, ((apart, apart), (0, 0)), mode="edge")
    return longer[2 * apart :] - longer[: -2 * apart]


EXTRACTOR = Extractor(
    name="covariance",
    version=1,
    summary="how frame tracks move together: the logarithm of their covariance",
    parameters=CovarianceParameters,
    check=check_tracks,
    layout=_layout,
    compute=_compute,
    describe=_describe,
    per_clip_ms=13.0,
)

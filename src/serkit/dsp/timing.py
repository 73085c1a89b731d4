"""Temporal structure of a clip: segments, pauses, speaking rate, rhythm and contours."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from serkit.dsp import fft
from serkit.dsp.tracks import FRAMES_PER_SECOND, Tracks

Floats = npt.NDArray[np.float32]
Values = npt.NDArray[np.floating]

RHYTHM_BANDS = (0, 1, 2, 3, 5, 8, 13, 21, 34)
"""Edges in Hz of the bands of modulation."""

FIFTHS = 5
"""Parts of equal length that contours are drawn over."""

_MEL_GROUPS = 5
_RHYTHM_COEFFICIENTS = 6
_MODULATION_FFT = 1024
_PEAK_RANGE = 25.0
_BELL = np.hanning(9) / np.hanning(9).sum()

_DURATIONS = {
    "duration_clip": "length of the clip in s",
    "duration_before": "length before the first speech frame in s",
    "duration_after": "length behind the last speech frame in s",
    "duration_span": "length from the first to the last speech frame in s",
    "duration_span_log": "natural logarithm of that length in s",
    "duration_speech": "length of all speech frames in s",
    "duration_voiced": "length of all voiced frames in s",
    "speech_share": "share of speech frames in the span",
    "voiced_share": "share of voiced frames in the span",
    "voiced_share_speech": "share of voiced frames in the speech frames",
    "voiced_runs": "number of unbroken runs of voiced frames",
    "voiced_runs_rate": "those runs a second",
    "voiced_run_mean": "mean length of a run of voiced frames in s",
    "voiced_run_std": "standard deviation of the lengths of those runs in s",
    "voiced_run_max": "length of the longest run of voiced frames in s",
    "pauses": "number of runs of frames without speech in the span",
    "pause_max": "length of the longest of those runs in s",
    "peaks": "number of peaks of the smoothed level, at most 25 dB below the highest",
    "peaks_rate": "those peaks a second",
}


def durations(tracks: Tracks) -> Values:
    """Return lengths, shares and counts, in the order of their names in :data:`PARTS`."""
    span, speech, voiced = len(tracks.speech), tracks.speech.sum(), tracks.voiced.sum()
    runs, pauses = _run_lengths(tracks.voiced), _run_lengths(~tracks.speech)
    peaks = _count_peaks(tracks.families["energy"][:, 0])
    frames = np.array(
        [tracks.before + span + tracks.after, tracks.before, tracks.after, span],
    )
    seconds = span / FRAMES_PER_SECOND
    run_mean, run_std = (runs.mean(), runs.std()) if len(runs) else (0.0, 0.0)
    return np.concatenate(
        (
            frames / FRAMES_PER_SECOND,
            [np.log(seconds), speech / FRAMES_PER_SECOND, voiced / FRAMES_PER_SECOND],
            [speech / span, voiced / span, voiced / speech],
            [len(runs), len(runs) / seconds],
            np.array([run_mean, run_std, runs.max(initial=0)]) / FRAMES_PER_SECOND,
            [len(pauses), pauses.max(initial=0) / FRAMES_PER_SECOND],
            [peaks, peaks / seconds],
        )
    )


def _run_lengths(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return the length of each unbroken run of true values."""
    edges = np.diff(np.concatenate(([False], mask, [False])).astype(np.int8))
    return np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)


def _count_peaks(level: Floats) -> int:
    """Count the local maxima of a level in dB, smoothed over about 50 ms."""
    if len(level) < 3:
        return 0
    smooth = np.convolve(
        level[np.clip(np.arange(-4, len(level) + 4), 0, len(level) - 1)], _BELL, "valid"
    )
    middle = smooth[1:-1]
    peak = (middle > smooth[:-2]) & (middle >= smooth[2:])
    return int(np.sum(peak & (middle > smooth.max() - _PEAK_RANGE)))


def perturbation(tracks: Tracks) -> Values:
    """Return how pitch and level jump between neighbouring voiced frames."""
    both = tracks.voiced[1:] & tracks.voiced[:-1]
    if not both.any():
        return np.zeros(4)
    steps = np.abs(np.diff(tracks.families["pitch"][:, 0]))[both]
    small = np.minimum(steps, 2.0)
    level = np.abs(np.diff(tracks.families["energy"][:, 0]))[both]
    return np.array([small.mean(), np.median(small), (steps >= 2.0).mean(), level.mean()])


_PERTURBATION = {
    "pitch_step_mean": "mean step of the pitch between voiced frames in semitones, 2 at most",
    "pitch_step_p50": "median of those steps",
    "pitch_jumps": "share of those steps that are of 2 semitones or more",
    "energy_step_mean": "mean step of the level between voiced frames in dB",
}


def rhythm(tracks: Tracks) -> Values:
    """Return the log power of the modulation of level, mel groups and cepstrum, band by band."""
    mel = tracks.families["mel"]
    groups = mel.reshape(len(mel), _MEL_GROUPS, -1).mean(axis=2)
    cepstrum = tracks.families["mfcc"][:, :_RHYTHM_COEFFICIENTS]
    followed = np.concatenate((tracks.families["energy"], groups, cepstrum), axis=1)
    return _modulation(followed).ravel()


def _modulation(tracks: Floats) -> Values:
    """Return the natural log of each track's mean power in each of :data:`RHYTHM_BANDS`.

    Returns:
        Shape (bands, tracks).
    """
    window = _bell(len(tracks))[:, np.newaxis]
    moving = ((tracks - tracks.mean(axis=0)) * window).astype(np.float32)
    size = max(_MODULATION_FFT, fft.next_fast_len(len(tracks)))
    power = np.abs(fft.rfft(moving, size, axis=0)) ** 2 / len(tracks)
    frequency = np.fft.rfftfreq(size, 1.0 / FRAMES_PER_SECOND)
    edges = np.searchsorted(frequency, RHYTHM_BANDS)
    bands = [power[low:high].mean(axis=0) for low, high in pairwise(edges)]
    return np.log(np.stack(bands) + 1e-6)


@lru_cache(maxsize=64)
def _bell(frames: int) -> Values:
    """Return a Hann window without its zeros."""
    return np.hanning(frames + 2)[1:-1]


def _rhythm_names() -> dict[str, str]:
    followed = {"energy": "the level"}
    followed |= {f"mel_group_{i}": f"mel group {i}" for i in range(1, _MEL_GROUPS + 1)}
    followed |= {
        f"mfcc_{i:02d}": f"cepstral coefficient {i}" for i in range(1, _RHYTHM_COEFFICIENTS + 1)
    }
    return {
        f"{name}_modulation_{low}_{high}": (
            f"log power of the modulation of {meaning} from {low} to {high} Hz"
        )
        for low, high in pairwise(RHYTHM_BANDS)
        for name, meaning in followed.items()
    }


def contours(tracks: Tracks) -> Values:
    """Return level, pitch, voicing and harmonicity in each fifth of the span."""
    every = np.ones(len(tracks.speech))
    level = _fifths(tracks.families["energy"][:, 0], every)
    pitch = _fifths(tracks.families["pitch"][:, 0], tracks.voiced)
    voiced = _fifths(tracks.voiced, every)
    harmonicity = _fifths(tracks.families["voice"][:, 0], every)
    relative = level - level.mean(), pitch - pitch.mean()
    return np.concatenate((level, relative[0], pitch, relative[1], voiced, harmonicity))


def _fifths(
    track: npt.NDArray[np.floating] | npt.NDArray[np.bool_],
    weight: npt.NDArray[np.floating] | npt.NDArray[np.bool_],
) -> Values:
    """Return a track's weighted mean in each fifth; empty fifths are bridged, all-empty is 0."""
    weighted, weight = track * weight, weight.astype(float)
    sums = np.array([np.add.reduce(weighted[fifth]) for fifth in _fifths_of(len(track))])
    weights = np.array([np.add.reduce(weight[fifth]) for fifth in _fifths_of(len(track))])
    held = np.flatnonzero(weights)
    if not len(held):
        return np.zeros(FIFTHS)
    return np.asarray(np.interp(np.arange(FIFTHS), held, sums[held] / weights[held]))


@lru_cache(maxsize=64)
def _fifths_of(frames: int) -> tuple[slice, ...]:
    """Return the frames of each fifth; neighbours may share one."""
    edges = np.linspace(0, frames, FIFTHS + 1)
    starts = np.minimum(edges[:-1].astype(int), frames - 1)
    ends = np.maximum(np.ceil(edges[1:]).astype(int), starts + 1)
    return tuple(slice(int(a), int(b)) for a, b in zip(starts, ends, strict=True))


def _contour_names() -> dict[str, str]:
    drawn = {
        "energy": "mean level in dB",
        "energy_relative": "mean level in dB over the mean of all fifths",
        "pitch": "mean pitch of voiced frames in semitones above 55 Hz",
        "pitch_relative": "mean pitch of voiced frames in semitones over the mean of all fifths",
        "voiced": "share of voiced frames",
        "harmonicity": "mean harmonicity in dB",
    }
    return {
        f"{name}_fifth_{i}": f"{meaning}, in fifth {i} of the span"
        for name, meaning in drawn.items()
        for i in range(1, FIFTHS + 1)
    }


PARTS: tuple[tuple[Callable[[Tracks], Values], dict[str, str]], ...] = (
    (durations, _DURATIONS),
    (perturbation, _PERTURBATION),
    (rhythm, _rhythm_names()),
    (contours, _contour_names()),
)
"""Names and meanings of the computed values, in order."""

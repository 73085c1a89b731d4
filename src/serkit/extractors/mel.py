"""Mel power spectrograms, equal to librosa's ``melspectrogram`` of the padded signal."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace

from serkit.dsp.kernel import MelBank
from serkit.dsp.mel import empty_bands
from serkit.dsp.signal import Signal, samples_at
from serkit.dsp.stft import StftSettings
from serkit.errors import UsageError
from serkit.features.extractor import ArrayLayout, Extractor, Values
from serkit.features.frames import FrameParameters
from serkit.parameters import parameter

_LONGEST_FRAME = 2**20
"""Longest frame, in samples, that is proposed."""


@dataclass(frozen=True)
class MelParameters(FrameParameters):
    """Frames, bands, and how far a clip is padded."""

    n_mels: int = parameter(128, "number of mel bands (Slaney scale and norm)", minimum=1)
    fmin: float = parameter(0.0, "lower edge of the lowest band in Hz", minimum=0)
    fmax: float = parameter(
        0.0, "upper edge of the highest band in Hz; 0 is half the rate", minimum=0
    )
    pad_to: int = parameter(253_125, "length in samples when padded; 0 pads nothing", minimum=0)


def _settings(parameters: MelParameters) -> StftSettings:
    return StftSettings(
        parameters.n_fft,
        parameters.hop_length,
        parameters.pad_to,
    )


def _check(parameters: MelParameters) -> None:
    rate = parameters.sample_rate
    fmin, fmax = parameters.fmin, parameters.fmax or rate / 2
    parameters.refuse_odd_frames()
    if not fmin < fmax <= rate / 2:
        raise UsageError(
            f"fmin = {fmin:g} Hz and fmax = {fmax:g} Hz span no band",
            allowed=f"0 <= fmin < fmax <= {rate / 2:g} Hz is allowed",
        )


def _doubts(parameters: MelParameters) -> tuple[str, ...]:
    """Warn about bands narrower than the distance between two bins, which are empty."""
    rate, n_fft, n_mels = parameters.sample_rate, parameters.n_fft, parameters.n_mels
    edges = parameters.fmin, parameters.fmax or None
    empty = empty_bands(rate, n_fft, n_mels, *edges)
    if not empty:
        return ()
    # More bands are narrower ones, so the largest number without empty ones can be bisected.
    fewer = bisect_left(range(1, n_mels), 1, key=lambda n: empty_bands(rate, n_fft, n, *edges))
    longer = n_fft
    while longer < _LONGEST_FRAME and empty_bands(rate, longer, n_mels, *edges):
        longer *= 2
    fits = [f"n_mels = {fewer}"] * (fewer > 0) + [f"n_fft = {longer}"] * (longer < _LONGEST_FRAME)
    without = f"; {' or '.join(fits)} has none" if fits else ""
    return (f"{empty} of {n_mels} mel bands lie between two bins and are zero{without}",)


def _layout(parameters: MelParameters) -> ArrayLayout:
    settings = _settings(parameters)
    length = settings.frames(settings.pad_to) if settings.pad_to else None
    bands = (parameters.n_mels,)
    return ArrayLayout("float32", bands, length, "frames", is_power=True)


def _bank(parameters: MelParameters) -> MelBank:
    return MelBank(
        parameters.n_mels,
        parameters.fmin,
        parameters.fmax or None,
    )


def _announce(signal: Signal, parameters: MelParameters) -> None:
    rate = parameters.sample_rate
    signal.at(rate).announce_mel(_settings(parameters), _bank(parameters))


def _compute(signal: Signal, parameters: MelParameters) -> Values:
    rate = parameters.sample_rate
    return Values(*signal.at(rate).mel_spectrogram(_settings(parameters), _bank(parameters)))


def _longer(parameters: MelParameters, num_frames: int) -> MelParameters:
    """Pad further by whole hops, so that the frames fall where they fell.

    Half a frame more than the clip needs, so that every overlapping frame is included, as for
    clearly shorter clips.
    """
    settings = _settings(parameters)
    needed = samples_at(parameters.sample_rate, num_frames) + settings.n_fft // 2
    hops = max(0, -(-(needed - settings.pad_to) // settings.hop_length))
    return replace(parameters, pad_to=settings.pad_to + hops * settings.hop_length)


EXTRACTOR = Extractor(
    name="mel",
    version=1,
    summary="mel power spectrogram",
    parameters=MelParameters,
    check=_check,
    doubts=_doubts,
    layout=_layout,
    announce=_announce,
    compute=_compute,
    longer=_longer,
    per_clip_ms=2.5,
)

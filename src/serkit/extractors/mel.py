"""Mel power spectrograms, equal to librosa's ``melspectrogram`` of the padded signal."""

from __future__ import annotations

from bisect import bisect_left

from serkit.dsp.kernel import MelBank
from serkit.dsp.mel import empty_bands
from serkit.dsp.signal import Signal, samples_at
from serkit.dsp.stft import StftSettings
from serkit.errors import UsageError
from serkit.features.extractor import ArrayLayout, Extractor, Values
from serkit.parameters import Parameter, Parameters, integer, number

_LONGEST_FRAME = 2**20
"""Longest frame, in samples, that is proposed."""


def _settings(parameters: Parameters) -> StftSettings:
    return StftSettings(
        integer(parameters, "n_fft"),
        integer(parameters, "hop_length"),
        integer(parameters, "pad_to"),
    )


def _check(parameters: Parameters) -> None:
    n_fft, rate = integer(parameters, "n_fft"), integer(parameters, "sample_rate")
    fmin, fmax = number(parameters, "fmin"), number(parameters, "fmax") or rate / 2
    if n_fft % 2:
        raise UsageError(f"n_fft = {n_fft} is odd", allowed="an even number is allowed")
    if not fmin < fmax <= rate / 2:
        raise UsageError(
            f"fmin = {fmin:g} Hz and fmax = {fmax:g} Hz span no band",
            allowed=f"0 <= fmin < fmax <= {rate / 2:g} Hz is allowed",
        )


def _doubts(parameters: Parameters) -> tuple[str, ...]:
    """Say where bands are narrower than the distance between two bins: they hold nothing."""
    rate, n_fft, n_mels = (integer(parameters, p) for p in ("sample_rate", "n_fft", "n_mels"))
    edges = number(parameters, "fmin"), number(parameters, "fmax") or None
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


def _layout(parameters: Parameters) -> ArrayLayout:
    settings = _settings(parameters)
    length = settings.frames(settings.pad_to) if settings.pad_to else None
    bands = (integer(parameters, "n_mels"),)
    return ArrayLayout("float32", bands, length, "frames", is_power=True)


def _bank(parameters: Parameters) -> MelBank:
    return MelBank(
        integer(parameters, "n_mels"),
        number(parameters, "fmin"),
        number(parameters, "fmax") or None,
    )


def _announce(signal: Signal, parameters: Parameters) -> None:
    rate = integer(parameters, "sample_rate")
    signal.at(rate).announce_mel(_settings(parameters), _bank(parameters))


def _compute(signal: Signal, parameters: Parameters) -> Values:
    rate = integer(parameters, "sample_rate")
    return Values(*signal.at(rate).mel_spectrogram(_settings(parameters), _bank(parameters)))


def _longer(parameters: Parameters, num_frames: int) -> Parameters:
    """Pad further by whole hops, so that the frames fall where they fell.

    Half a frame more than the clip needs: every frame that touches it is then there, as for any
    clip that is clearly shorter than what is padded to.
    """
    settings = _settings(parameters)
    needed = samples_at(integer(parameters, "sample_rate"), num_frames) + settings.n_fft // 2
    hops = max(0, -(-(needed - settings.pad_to) // settings.hop_length))
    return {**parameters, "pad_to": settings.pad_to + hops * settings.hop_length}


EXTRACTOR = Extractor(
    name="mel",
    version=1,
    summary="mel power spectrogram",
    parameters={
        "sample_rate": Parameter(48_000, "rate in Hz that the signal is brought to", minimum=1000),
        "n_fft": Parameter(2048, "samples in a frame (Hann window)", minimum=2),
        "hop_length": Parameter(512, "samples from one frame to the next", minimum=1),
        "n_mels": Parameter(128, "number of mel bands (Slaney scale and norm)", minimum=1),
        "fmin": Parameter(0.0, "lower edge of the lowest band in Hz", minimum=0),
        "fmax": Parameter(0.0, "upper edge of the highest band in Hz; 0 is half the rate", 0),
        "pad_to": Parameter(253_125, "length in samples when padded; 0 pads nothing", minimum=0),
    },
    check=_check,
    doubts=_doubts,
    layout=_layout,
    announce=_announce,
    compute=_compute,
    longer=_longer,
    per_clip_ms=2.5,
)

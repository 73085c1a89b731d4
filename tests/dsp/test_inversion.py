"""Mel spectrograms turned back into sound: length, level, place in time, distance."""

from __future__ import annotations

import numpy as np
import pytest

from serkit.dsp.inversion import (
    MelSettings,
    invert_mel,
    log_spectral_distance,
    mel_power,
    spread_bands,
)
from serkit.dsp.stft import StftSettings


def voice(frames: int = 24_001) -> np.ndarray:
    """A gliding tone with harmonics that begins after a tenth of a second of silence."""
    at = np.arange(frames) / 48_000
    phase = 2 * np.pi * (150 * at + 60 * at**2)
    tone = sum(np.sin(n * phase) / n for n in range(1, 12))
    return (4_000 * tone * (at > 0.1)).astype(np.int16)


def settings(n_mels: int = 128, hop: int = 512, pad_to: int = 30_000) -> MelSettings:
    return MelSettings(48_000, StftSettings(2_048, hop, pad_to), n_mels)


@pytest.mark.parametrize("frames", [1, 700, 24_001, 30_000])
@pytest.mark.parametrize("hop", [128, 500, 2_048])
def test_the_result_has_the_clip_s_length(frames, hop):
    given, own = settings(hop=hop), voice(30_000)[:frames]
    assert invert_mel(mel_power(own, given), frames, given, iterations=1).shape == (frames,)


@pytest.mark.parametrize("pad_to", [0, 24_001, 30_000])
def test_it_has_the_level_and_position_of_the_clip(pad_to):
    own, given = voice(), settings(pad_to=pad_to)
    found = invert_mel(mel_power(own, given), len(own), given).astype(float)
    assert found.std() == pytest.approx(own.astype(float).std(), rel=0.05)
    assert np.abs(found[:3_000]).max() < 0.05 * np.abs(found).max()
    assert np.abs(found[5_500:7_000]).mean() > 0.2 * np.abs(own.astype(float)).mean()


def test_it_keeps_the_bands_power():
    own, given = voice(), settings()
    mel = mel_power(own, given)
    again = mel_power(invert_mel(mel, len(own), given), given)
    loud = mel > 1e-3 * mel.max()
    assert np.median(np.abs(10 * np.log10(again[loud] / mel[loud]))) < 1.0


def test_more_bands_and_shorter_hops_lose_less():
    own = voice()

    def distance(n_mels: int, hop: int) -> float:
        given = settings(n_mels, hop)
        return log_spectral_distance(own, invert_mel(mel_power(own, given), len(own), given))

    assert distance(256, 256) < distance(128, 512) < distance(32, 2_048)


def test_the_same_seed_gives_the_same_sound():
    own, given = voice(6_000), settings(pad_to=0)
    mel = mel_power(own, given)
    one, two, other = (invert_mel(mel, 6_000, given, seed=seed) for seed in (1, 1, 2))
    assert (one == two).all()
    assert (one != other).any()


def test_silence_stays_silent():
    given = settings()
    silent = np.zeros(24_001, np.int16)
    assert not invert_mel(mel_power(silent, given), 24_001, given).any()


def test_a_spread_spectrogram_has_the_bands_it_was_spread_from():
    from serkit.dsp.mel import mel_bank

    given = settings()
    mel = mel_power(voice(), given)
    power = spread_bands(mel, given)
    assert power.shape == (1_025, mel.shape[1])
    assert (power >= 0).all()
    again = mel_bank(48_000, 2_048, 128) @ power
    loud = mel > 1e-4 * mel.max()
    assert np.abs(10 * np.log10(again[loud] / mel[loud])).mean() < 0.1


class TestDistance:
    def test_of_a_signal_from_itself_is_zero(self):
        assert log_spectral_distance(voice(), voice()) == 0.0

    def test_of_half_the_amplitude_is_six_decibels_where_all_is_loud(self):
        noise = np.random.default_rng(0).normal(0, 3_000, 24_000).astype(np.int16)
        half = (noise // 2).astype(np.int16)
        assert log_spectral_distance(noise, half) == pytest.approx(6.02, abs=0.1)

    def test_of_silence_from_silence_is_zero(self):
        silent = np.zeros(9_000, np.int16)
        assert log_spectral_distance(silent, silent) == 0.0

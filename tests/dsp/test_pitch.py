"""Pitch and periodicity of frames."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serkit.dsp.pitch import yin

RATE, HOP = 16_000, 160
WHOLE = slice(5, -5)  # frames that lie wholly inside the signal


def tone(f0: float, seconds: float = 0.5) -> npt.NDArray[np.float32]:
    """A voice-like tone of ten harmonics, each 1 / order as strong as the first."""
    time = np.arange(int(RATE * seconds)) / RATE
    orders = np.arange(1, 11)
    orders = orders[orders * f0 < RATE / 2]
    waves = np.sin(2 * np.pi * f0 * orders[:, np.newaxis] * time) / orders[:, np.newaxis]
    return (0.1 * waves.sum(axis=0)).astype(np.float32)


@settings(max_examples=25, deadline=None)
@given(f0=st.floats(70.0, 700.0))
def test_it_finds_the_pitch_of_a_tone_to_a_hundredth_of_an_octave(f0: float) -> None:
    track = yin(tone(f0), RATE, hop_length=HOP)
    assert np.abs(np.log2(track.f0[WHOLE] / f0)).max() < 0.01
    assert track.aperiodicity[WHOLE].max() < 0.05


def test_it_follows_a_glide_as_librosa_does() -> None:
    librosa = pytest.importorskip("librosa")
    time = np.arange(RATE) / RATE
    phase = 2 * np.pi * np.cumsum(120.0 * 2.0**time) / RATE
    noise = np.random.default_rng(0).normal(0.0, 0.003, RATE)
    glide = (0.1 * np.sin(phase) + 0.05 * np.sin(2 * phase) + noise).astype(np.float32)

    ours = yin(glide, RATE, hop_length=HOP).f0
    theirs = librosa.yin(
        glide, fmin=65, fmax=800, sr=RATE, frame_length=1024, hop_length=HOP, trough_threshold=0.15
    )

    assert len(ours) == len(theirs)
    # The two look through windows of other lengths, so they lag by other amounts.
    np.testing.assert_allclose(np.log2(ours / theirs)[WHOLE], 0.0, atol=0.02)


def test_noise_is_not_periodic() -> None:
    noise = np.random.default_rng(0).normal(0.0, 0.1, RATE).astype(np.float32)
    assert np.median(yin(noise, RATE, hop_length=HOP).aperiodicity) > 0.6


@pytest.mark.parametrize("level", [0.0, 0.25])
def test_a_constant_signal_is_not_periodic(level: float) -> None:
    track = yin(np.full(RATE // 4, level, np.float32), RATE, hop_length=HOP)
    assert track.aperiodicity[WHOLE].min() == 1.0
    assert np.isfinite(track.f0).all()


def test_loudness_does_not_matter() -> None:
    quiet, loud = (yin(gain * tone(200.0), RATE, hop_length=HOP) for gain in (0.01, 1.0))
    np.testing.assert_allclose(quiet.f0, loud.f0, rtol=1e-3)
    np.testing.assert_allclose(quiet.aperiodicity, loud.aperiodicity, atol=1e-3)


@pytest.mark.parametrize(("samples", "frames"), [(0, 1), (1, 1), (159, 1), (160, 2), (16_000, 101)])
def test_there_is_a_frame_around_every_hop(samples: int, frames: int) -> None:
    track = yin(np.zeros(samples, np.float32), RATE, hop_length=HOP)
    assert track.f0.shape == track.aperiodicity.shape == (frames,)
    assert track.f0.dtype == track.aperiodicity.dtype == np.float32


def test_some_frames_are_what_they_are_among_all() -> None:
    signal = tone(180.0)
    every = yin(signal, RATE, hop_length=HOP)
    some = yin(signal, RATE, hop_length=HOP, frames=slice(7, 20))
    np.testing.assert_array_equal(some.f0, every.f0[7:20])
    np.testing.assert_array_equal(some.aperiodicity, every.aperiodicity[7:20])

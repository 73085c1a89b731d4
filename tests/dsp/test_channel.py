"""Bands, companding, codecs, overload and silence: what each takes away, and what it leaves."""

from __future__ import annotations

import numpy as np
import pytest

from serkit.dsp.channel import (
    CODECS,
    add_silence,
    drop_weak_bands,
    limit_band,
    offset,
    overload,
    remove_constant,
    through_codec,
    through_mu_law,
    through_rate,
)
from serkit.testing import example_signal

RATE = 48_000


def tone(hertz, seconds=0.5, amplitude=8_000):
    time = np.arange(int(RATE * seconds)) / RATE
    return np.round(amplitude * np.sin(2 * np.pi * hertz * time)).astype(np.int16)


def level(samples):
    """Return the level in dB, without the first 50 ms, in which filters settle."""
    return 20 * np.log10(np.sqrt(np.mean(samples[2_400:].astype(float) ** 2)) + 1e-9)


@pytest.mark.parametrize(("hertz", "kept"), [(100, False), (1_000, True), (6_000, False)])
def test_the_telephone_band_keeps_what_is_inside(hertz, kept):
    before = tone(hertz)
    lost = level(before) - level(limit_band(before, 300.0, 3_400.0, RATE))
    assert lost == pytest.approx(0.0, abs=0.5) if kept else lost > 30


@pytest.mark.parametrize(("hertz", "kept"), [(6_000, True), (10_000, False)])
def test_resampling_keeps_frequencies_below_nyquist(hertz, kept):
    before = tone(hertz)
    after = through_rate(before, 16_000, RATE)
    assert len(after) == len(before)
    lost = level(before) - level(after)
    assert lost == pytest.approx(0.0, abs=0.5) if kept else lost > 60


def test_mu_law_has_the_noise_that_eight_bits_have_at_every_level():
    # G.711's signal-to-noise ratio of a tone is about 38 dB over a wide range of levels.
    for amplitude in (300, 3_000, 20_000):
        samples = tone(440, amplitude=amplitude)
        noise = through_mu_law(samples).astype(float) - samples
        ratio = 10 * np.log10(np.mean(samples.astype(float) ** 2) / np.mean(noise**2))
        assert 33 < ratio < 42


@pytest.mark.parametrize("codec", CODECS)
def test_codecs_keep_the_length_and_roughly_the_sound(codec):
    samples = tone(440) + tone(1_320, amplitude=2_000)
    decoded = through_codec(samples, codec, RATE)
    assert decoded.dtype == np.int16
    assert len(decoded) == len(samples)
    assert level(decoded) == pytest.approx(level(samples), abs=1.5)
    spectrum = np.abs(np.fft.rfft(decoded.astype(float)))
    assert spectrum.argmax() * RATE / len(decoded) == pytest.approx(440, abs=4)


def test_codecs_of_few_bits_lose_what_is_high():
    samples = tone(12_000)
    assert level(through_codec(samples, "mp3-96", RATE)) > level(samples) - 3
    assert level(through_codec(samples, "mp3-32", RATE)) < level(samples) - 30


def test_overload_cuts_peaks_and_leaves_the_rest():
    samples = example_signal(RATE)
    cut = overload(samples, 12.0)
    most = np.abs(samples.astype(int)).max() * 10 ** (-12 / 20)
    assert np.abs(cut.astype(int)).max() == pytest.approx(most, abs=1)
    below = np.abs(samples.astype(int)) < most - 1
    assert np.array_equal(cut[below], samples[below])


def test_a_constant_is_taken_away_to_the_last_step():
    samples = tone(440)
    assert np.array_equal(remove_constant(offset(samples, 0.02)), samples)
    assert np.array_equal(remove_constant(samples), samples)
    assert not remove_constant(np.full(50, -900, np.int16)).any()
    assert len(remove_constant(np.zeros(0, np.int16))) == 0


def test_bands_are_dropped_where_others_are_much_louder():
    loud, weak = tone(440), tone(6_000, amplitude=100)  # 38 dB below

    def weak_part(samples):
        """Return the amplitude at 6 kHz, over that of the weak tone."""
        place = 6_000 * len(samples) // RATE
        return np.abs(np.fft.rfft(samples)[place]) / np.abs(np.fft.rfft(weak)[place])

    assert weak_part(drop_weak_bands(loud + weak, 30.0)) < 0.1
    assert weak_part(drop_weak_bands(loud + weak, 50.0)) == pytest.approx(1.0, abs=0.1)
    assert weak_part(drop_weak_bands(weak, 30.0)) == pytest.approx(1.0, abs=0.1)


def test_silence_is_added_in_seconds():
    samples = example_signal(480)
    longer = add_silence(samples, 0.25, 0.5, RATE)
    assert len(longer) == 12_000 + 480 + 24_000
    assert np.array_equal(longer[12_000:12_480], samples)
    assert not longer[:12_000].any()
    assert not longer[12_480:].any()


@pytest.mark.parametrize("frames", [1, 50])
def test_short_clips_keep_their_length(frames):
    samples = np.full(frames, 1_000, np.int16)
    for changed in (
        limit_band(samples, 300.0, 3_400.0, RATE),
        through_rate(samples, 16_000, RATE),
        through_mu_law(samples),
        overload(samples, 6.0),
        remove_constant(samples),
        drop_weak_bands(samples, 30.0),
        *(through_codec(samples, codec, RATE) for codec in CODECS),
    ):
        assert len(changed) == frames

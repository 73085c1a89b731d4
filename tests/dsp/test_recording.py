"""What recordings are like: level, noise, bandwidth and clipping are measured as they were made."""

from __future__ import annotations

import numpy as np
import pytest

from serkit.dsp.channel import limit_band, through_rate
from serkit.dsp.disguise import add_noise, change_gain
from serkit.dsp.recording import MEASURES, describe_recording

RATE = 48_000


def described(samples):
    return dict(zip(MEASURES, describe_recording(samples, RATE).tolist(), strict=True))


@pytest.fixture(scope="module")
def sentence():
    """A second of bursts of noise and pauses between them: loud and quiet, all frequencies."""
    random = np.random.default_rng(0)
    loud = (np.arange(RATE) // 4_800) % 2
    return (random.standard_normal(RATE) * (3_000 * loud + 3)).astype(np.int16)


def test_level_follows_the_gain(sentence):
    before, after = described(sentence), described(change_gain(sentence, -12.0))
    assert after["level"] - before["level"] == pytest.approx(-12, abs=0.1)


def test_the_ratio_is_that_of_loud_to_quiet_frames(sentence):
    assert described(sentence)["snr"] == pytest.approx(60, abs=2)
    # Half of the clip is silent, so its mean power is 3 dB below that of its bursts.
    assert described(add_noise(sentence, 20.0))["snr"] == pytest.approx(23, abs=1)


def test_digital_silence_is_no_noise(sentence):
    padded = np.concatenate([np.zeros(RATE, np.int16), sentence])
    assert described(padded)["snr"] == pytest.approx(described(sentence)["snr"], abs=2)


def test_bandwidth_is_where_nothing_is_left(sentence):
    assert described(sentence)["bandwidth"] > 23_000
    assert described(through_rate(sentence, 16_000, RATE))["bandwidth"] == pytest.approx(
        8_000, abs=500
    )
    assert described(limit_band(sentence, 300, 3_400, RATE))["bandwidth"] < 12_000


def test_clipping_is_counted_where_samples_stick_to_the_edge(sentence):
    assert described(sentence)["clipped"] == 0.0
    slow = np.clip(20_000 * np.sin(np.arange(RATE) / 300), -10_000, 10_000).astype(np.int16)
    assert described(slow)["clipped"] == pytest.approx(2 / 3, abs=0.05)


@pytest.mark.parametrize("samples", [[0], [5], [0] * 2_000])
def test_silence_and_single_samples_are_described_by_finite_numbers(samples):
    assert np.isfinite(describe_recording(np.array(samples, np.int16), RATE)).all()

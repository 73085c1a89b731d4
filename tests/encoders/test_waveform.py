"""What an encoder is given: trimmed as librosa trims, normalised as transformers normalises."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from serkit.encoders.waveform import normalised, prepare, trim


def speech(lead: int, body: int, tail: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    loud = np.concatenate([np.full(lead, 1e-3), np.full(body, 0.3), np.full(tail, 2e-3)])
    return (loud * random.standard_normal(len(loud))).astype(np.float32)


@pytest.mark.skipif(not find_spec("librosa"), reason="needs librosa")
@pytest.mark.parametrize(
    ("lead", "body", "tail"), [(9000, 20_000, 7000), (0, 5000, 0), (300, 900, 12_345), (1, 1, 1)]
)
@pytest.mark.parametrize("decibels", [10.0, 30.0, 60.0])
def test_silence_is_cut_as_librosa_cuts_it(lead, body, tail, decibels):
    import librosa

    wave = speech(lead, body, tail)
    expected, _ = librosa.effects.trim(wave, top_db=decibels)
    assert np.array_equal(trim(wave, decibels), expected)


def test_nothing_is_cut_where_that_is_wanted_or_nothing_is_louder():
    wave = speech(9000, 20_000, 7000)
    assert trim(wave, 0) is wave
    assert len(trim(np.zeros(5000, np.float32), 30)) == 5000


@pytest.mark.skipif(not find_spec("transformers"), reason="needs transformers")
def test_it_is_normalised_as_the_encoder_s_own_extractor_does():
    from transformers import Wav2Vec2FeatureExtractor

    wave = speech(100, 4000, 50) + np.float32(0.1)
    expected = Wav2Vec2FeatureExtractor()(wave, sampling_rate=16_000, return_tensors="np")
    np.testing.assert_allclose(normalised(wave), expected["input_values"][0], atol=1e-6)


def test_silence_stays_silent_and_finite():
    assert not prepare(np.zeros(900, np.int16), decibels=30, normalise=True).any()


def test_without_normalising_amplitudes_reach_from_minus_one_to_one():
    found = prepare(np.array([-32768, 0, 16384], np.int16), decibels=0, normalise=False)
    assert found.tolist() == [-1, 0, 0.5]

"""The change deviation: the study's figures, and a plain implementation of its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from serkit.audio import read_audio
from serkit.dsp.signal import Signal
from serkit.extractors.change_deviation import change_deviation
from serkit.features import Recipes

PAD_TO = 253_125


def naive(samples: np.ndarray, block: int, pad_to: int) -> float:
    """Pad, average, difference and take the population deviation, as the study did."""
    length = pad_to or -(-len(samples) // block) * block
    signal = np.concatenate([np.zeros(length - len(samples)), samples.astype(np.float64)])
    averages = signal.reshape(-1, block).mean(axis=1)
    changes = np.diff(averages)
    return float(np.std(changes)) if len(changes) else 0.0


def of(samples, block=5, pad_to=PAD_TO) -> float:
    return change_deviation(Signal(np.asarray(samples, np.int16)), block=block, pad_to=pad_to)


@pytest.mark.parametrize(
    ("clip", "published"),
    [
        ("03-01-02-01-01-02-01", 31.471642),
        ("03-01-08-01-02-02-01", 82.661036),
        ("03-01-03-01-02-01-20", 125.440993),
    ],
)
def test_the_study_s_values_of_single_clips_to_six_decimals(ravdess, clip, published):
    audio = read_audio(ravdess / f"Actor_{clip[-2:]}" / f"{clip}.flac")
    spec = Recipes().get("change_deviation")
    assert spec.parameters["block"] == 5
    assert round(of(audio.samples), 6) == published


amplitudes = hnp.arrays(np.int16, st.integers(1, 120))


@given(amplitudes, st.integers(1, 12), st.integers(0, 40))
def test_it_follows_the_definition_padded(samples, block, more_blocks):
    pad_to = (-(-len(samples) // block) + more_blocks) * block
    expected = naive(samples, block, pad_to)
    assert of(samples, block, pad_to) == pytest.approx(expected, rel=1e-9, abs=1e-6)


@given(amplitudes, st.integers(1, 12))
def test_it_follows_the_definition_padded_to_whole_blocks_only(samples, block):
    expected = naive(samples, block, 0)
    assert of(samples, block, 0) == pytest.approx(expected, rel=1e-9, abs=1e-6)


@given(amplitudes)
def test_it_follows_the_definition_at_the_study_s_length(samples):
    expected = naive(samples, 5, PAD_TO)
    assert of(samples) == pytest.approx(expected, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("block", [10, 1_000, 42_000])
def test_long_blocks_of_full_scale_do_not_overflow(block):
    halves = np.where(np.arange(6 * block) // block % 2, 32_767, -32_768).astype(np.int16)
    assert of(halves, block, 6 * block) == pytest.approx(naive(halves, block, 6 * block))


def test_a_signal_worked_out_by_hand():
    # Averages of pairs: 0, 1, 4; changes: 1, 3; their deviation: 1.
    assert of([0, 2, 3, 5], block=2, pad_to=6) == 1.0


@pytest.mark.parametrize("samples", [[0] * 100, [0], [7]])
def test_silence_and_a_single_block_do_not_change(samples):
    assert of(samples, pad_to=0) == 0.0


def test_twice_as_loud_changes_twice_as_much():
    samples = np.random.default_rng(0).integers(-9_000, 9_000, 5_000)
    assert of(2 * samples) == pytest.approx(2 * of(samples), rel=1e-12)


def test_a_clip_longer_than_the_padded_length_is_padded_to_whole_blocks():
    samples = np.random.default_rng(0).integers(-9_000, 9_000, 1_003)
    assert of(samples, pad_to=1_000) == pytest.approx(naive(samples, 5, 0), rel=1e-12)

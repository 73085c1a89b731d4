"""MFCC and chroma against librosa 0.11: equal means within a hundred-thousandth of the largest."""

from __future__ import annotations

import numpy as np
import pytest

from serkit.dsp.signal import Signal
from serkit.errors import UsageError
from serkit.extractors.chroma import EXTRACTOR as CHROMA
from serkit.extractors.mfcc import EXTRACTOR as MFCC
from serkit.features import Recipes, resolve
from serkit.testing import example_signal

librosa = pytest.importorskip("librosa")

RATE = 48_000
LENGTHS = (1, 511, 48_000, 177_632)


def values(extractor, samples, **parameters):
    spec = resolve("feature", extractor, parameters)
    return extractor.compute(Signal(samples), spec.settings).array


def assert_equal(ours, theirs):
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 1e-5 * max(np.abs(theirs).max(), 1.0)


def unit(samples):
    """Return a signal between -1 and 1, as librosa loads it."""
    return samples.astype(np.float32) / np.float32(32_768)


@pytest.mark.parametrize("frames", LENGTHS)
def test_mfcc_equals_librosa_s(frames):
    samples = example_signal(frames)
    theirs = librosa.feature.mfcc(y=unit(samples), sr=RATE, n_mfcc=20, n_fft=2048, hop_length=512)
    assert_equal(values(MFCC, samples), theirs)


def test_mfcc_equals_librosa_s_with_every_parameter_changed():
    samples = example_signal(60_000)
    theirs = librosa.feature.mfcc(
        y=unit(samples), sr=RATE, n_mfcc=34, n_fft=4096, hop_length=2048, n_mels=40, lifter=22
    )
    ours = values(MFCC, samples, n_mfcc=34, n_fft=4096, hop_length=2048, n_mels=40, lifter=22.0)
    assert_equal(ours, theirs)


@pytest.mark.parametrize("tuning", [0.0, -0.31])
@pytest.mark.parametrize("frames", LENGTHS)
def test_chroma_equals_librosa_s(frames, tuning):
    samples = example_signal(frames)
    theirs = librosa.feature.chroma_stft(
        y=unit(samples), sr=RATE, n_fft=2048, hop_length=512, tuning=tuning
    )
    assert_equal(values(CHROMA, samples, tuning=tuning), theirs)


def test_silence_has_no_pitch_class():
    assert not values(CHROMA, np.zeros(4_800, np.int16)).any()


@pytest.mark.parametrize("name", ["mfcc", "chroma"])
def test_the_recipes_are_ragged_and_name_their_rows(name):
    spec = Recipes().get(name)
    layout = spec.layout()
    columns = (MFCC if name == "mfcc" else CHROMA).describe(spec.settings)
    assert (layout.length, layout.axis, layout.item) == (None, "frames", (len(columns),))


@pytest.mark.parametrize(
    ("extractor", "given", "said"),
    [
        (MFCC, {"n_mfcc": 41, "n_mels": 40}, "n_mfcc = 41 is more than the mel bands; up to"),
        (MFCC, {"n_fft": 1023}, "n_fft = 1023 is odd"),
        (CHROMA, {"n_fft": 1023}, "n_fft = 1023 is odd"),
        (CHROMA, {"tuning": 0.6}, "0.5 or less is allowed"),
    ],
)
def test_incompatible_parameters_are_refused(extractor, given, said):
    with pytest.raises(UsageError) as caught:
        resolve("feature", extractor, given)
    assert said in str(caught.value)

"""The robust vector: what it does not change with, and what its recipe may say."""

from __future__ import annotations

import numpy as np
import pytest

from serkit.dsp.channel import add_silence, limit_band
from serkit.dsp.disguise import add_noise, change_gain
from serkit.dsp.robust import Robustness, measure_robustly
from serkit.dsp.robust_functionals import robust_columns, robust_functionals
from serkit.errors import UsageError
from serkit.features import EXTRACTORS, resolve

RATE = 48_000
HOW = Robustness()
NAMES = [column.name for column in robust_columns(HOW)]


@pytest.fixture(scope="module")
def sentence():
    """A second of syllables of a gliding buzz between pauses, over faint noise."""
    time = np.arange(2 * RATE) / RATE
    phase = 2 * np.pi * np.cumsum(np.geomspace(140, 220, len(time))) / RATE
    buzz = sum(np.sin(k * phase) / k for k in range(1, 30))
    syllables = np.clip(np.sin(2 * np.pi * 2 * time), 0, None) * (time > 0.5) * (time < 1.6)
    hiss = np.random.default_rng(0).standard_normal(len(time))
    return np.round(4_000 * buzz * syllables + 3 * hiss).astype(np.int16)


def measured(samples):
    return dict(zip(NAMES, robust_functionals(samples, RATE, HOW).tolist(), strict=True))


def test_every_column_has_a_name_of_its_own_and_a_description():
    columns = robust_columns(HOW)
    assert len(set(NAMES)) == len(NAMES)
    assert all(column.description for column in columns)


def test_the_level_does_not_count(sentence):
    plain, quiet = measured(sentence), measured(change_gain(sentence, -12.0))
    for name in ("mfcc_01_speech_mean", "energy_speech_p95", "pitch_voiced_mean", "speech_share"):
        assert quiet[name] == pytest.approx(plain[name], abs=0.05 * max(1.0, abs(plain[name])))


def test_silence_at_the_ends_does_not_count(sentence):
    plain, longer = measured(sentence), measured(add_silence(sentence, 0.5, 0.25, RATE))
    assert not any("duration_before" in name or "duration_clip" in name for name in NAMES)
    off = [
        name for name in NAMES if abs(longer[name] - plain[name]) > 0.1 + 0.02 * abs(plain[name])
    ]
    assert len(off) < len(NAMES) / 20, off


def test_noise_moves_the_spectrum_far_less_than_it_moves_what_is_not_cleaned(sentence):
    noisy = add_noise(sentence, 15.0)

    def moved(how):
        one, two = (measure_robustly(each, RATE, how) for each in (sentence, noisy))
        shared = min(len(one.speech), len(two.speech))
        tracks = (each.families["mel"][:shared] for each in (one, two))
        return float(np.sqrt(np.mean(np.square(np.subtract(*tracks)))))

    assert moved(HOW) < moved(Robustness(subtract=0.0, floor=90.0)) / 3


def test_pitch_and_speech_are_found_in_noise_and_by_telephone(sentence):
    plain = measured(sentence)
    for changed in (add_noise(sentence, 10.0), limit_band(sentence, 300, 3_400, RATE)):
        found = measured(changed)
        assert found["pitch_voiced_p50"] == pytest.approx(plain["pitch_voiced_p50"], abs=0.3)
        assert found["duration_speech"] == pytest.approx(plain["duration_speech"], abs=0.06)


@pytest.mark.parametrize("samples", [[0], [7], [0] * 4_800, list(range(-200, 200)) * 30])
def test_silence_and_short_clips_give_finite_values(samples):
    assert np.isfinite(robust_functionals(np.array(samples, np.int16), RATE, HOW)).all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"low": 2_000.0, "top": 1_500.0}, "low = 2000 and top = 1500 leave no band"),
        ({"bands": 22}, "bands = 22 is not allowed; a multiple of 5 is"),
        (
            {"bands": 20, "coefficients": 20},
            "coefficients = 20 is not allowed with 20 bands; 6 to 19 are",
        ),
    ],
)
def test_recipes_that_make_no_sense_are_refused(given, said):
    with pytest.raises(UsageError) as caught:
        resolve("mine", EXTRACTORS.get("robust"), given)
    assert str(caught.value).startswith(said)


def test_other_recipes_have_other_columns():
    narrow = Robustness(low=300.0, top=3_400.0, bands=25, coefficients=13)
    samples = np.random.default_rng(0).integers(-999, 999, 24_000).astype(np.int16)
    assert len(robust_functionals(samples, RATE, narrow)) == len(robust_columns(narrow))
    assert len(robust_columns(narrow)) < len(NAMES)

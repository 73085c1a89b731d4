"""The vector of one clip."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serkit.dsp.functionals import columns, functionals
from serkit.dsp.tracks import measure

RATE = 48_000
NAMES = [column.name for column in columns()]


def voice(
    seconds: float = 1.0, *, f0: float = 200.0, end: float | None = None, level: float = 8000.0
) -> npt.NDArray[np.float64]:
    """A buzz that glides from ``f0`` to ``end``, four syllables a second, over faint noise."""
    time = np.arange(int(RATE * seconds)) / RATE
    pitch = np.geomspace(f0, end or f0, len(time))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    buzz = sum(np.sin(k * phase) / k for k in range(1, 13))
    syllables = 0.55 - 0.45 * np.cos(2 * np.pi * 4.0 * time)
    return level * 0.5 * buzz * syllables


def clip(signal: npt.NDArray[np.float64]) -> npt.NDArray[np.int16]:
    return np.round(signal).astype(np.int16)


def measured(signal: npt.NDArray[np.float64], rate: int = RATE) -> dict[str, float]:
    return dict(zip(NAMES, functionals(clip(signal), rate).tolist(), strict=True))


def silence(seconds: float) -> npt.NDArray[np.float64]:
    return np.zeros(int(RATE * seconds))


def test_every_column_has_a_name_of_its_own_and_a_description() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert all(name.isidentifier() and name.islower() for name in NAMES)
    assert all(column.description for column in columns())
    assert len({column.description for column in columns()}) == len(NAMES)


def test_listing_the_columns_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from serkit.dsp.functionals import columns; columns();"
        "print([m for m in ('librosa', 'sklearn', 'pandas', 'scipy.signal') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_vector_has_a_value_for_each_column_and_is_repeatable() -> None:
    signal = clip(voice())
    first, second = functionals(signal, RATE), functionals(signal, RATE)
    assert first.shape == (len(columns()),)
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, second)


@settings(max_examples=30, deadline=None)
@given(
    kind=st.sampled_from(["zeros", "constant", "noise", "click", "clipped"]),
    seconds=st.sampled_from([0.0, 0.001, 0.05, 0.3, 0.61]),
    rate=st.sampled_from([8_000, 16_000, 44_100, 48_000]),
)
def test_it_is_finite_whatever_the_clip(kind: str, seconds: float, rate: int) -> None:
    count = max(1, int(rate * seconds))
    random = np.random.default_rng(count)
    samples = {
        "zeros": np.zeros(count),
        "constant": np.full(count, -32_768),
        "noise": random.integers(-32_768, 32_768, count),
        "click": np.eye(1, count, count // 2)[0] * 32_767,
        "clipped": np.where(random.random(count) < 0.5, -32_768, 32_767),
    }[kind].astype(np.int16)
    assert np.isfinite(functionals(samples, rate)).all()


def test_pitch_is_in_semitones_above_55_hz() -> None:
    found = measured(voice(f0=220.0))
    assert found["pitch_voiced_p50"] == pytest.approx(24.0, abs=0.1)
    assert found["pitch_voiced_range"] == pytest.approx(0.0, abs=0.3)


def test_a_rising_pitch_is_seen_as_one() -> None:
    up, down = measured(voice(f0=110.0, end=220.0)), measured(voice(f0=220.0, end=110.0))
    assert up["pitch_voiced_slope"] == pytest.approx(6.0, abs=0.6)
    assert down["pitch_voiced_slope"] == pytest.approx(-6.0, abs=0.6)
    fifths = [up[f"pitch_fifth_{i}"] for i in range(1, 6)]
    np.testing.assert_allclose(fifths, 12.0 + 12.0 * (np.arange(5) + 0.5) / 5, atol=0.7)


def test_silence_around_the_speech_changes_only_its_own_columns() -> None:
    alone = measured(voice())
    around = measured(np.concatenate((silence(0.5), voice(), silence(0.3))))
    own = {"duration_clip", "duration_before", "duration_after"}
    assert around["duration_before"] - alone["duration_before"] == pytest.approx(0.5, abs=0.011)
    assert around["duration_after"] - alone["duration_after"] == pytest.approx(0.3, abs=0.011)
    for name in ("duration_span", "pitch_voiced_mean", "centroid_speech_p50", "mfcc_02_speech_p50"):
        assert name not in own
        assert around[name] == pytest.approx(alone[name], rel=0.02), name


def test_pauses_are_counted_and_measured() -> None:
    found = measured(np.concatenate((voice(0.5), silence(0.25), voice(0.5))))
    assert found["pauses"] == 1
    assert found["pause_max"] == pytest.approx(0.25, abs=0.06)
    assert found["peaks"] == 4
    assert found["voiced_runs"] == 2


def test_a_rhythm_of_four_syllables_shows_in_its_band() -> None:
    found = measured(voice(2.0))
    bands = {n: v for n, v in found.items() if n.startswith("energy_modulation_")}
    assert max(bands, key=bands.__getitem__) == "energy_modulation_3_5"


def test_gain_changes_the_level_and_no_relative_value() -> None:
    quiet, loud = (measured(voice(f0=150.0, end=300.0, level=a)) for a in (4000.0, 16_000.0))
    four_times = 20 * np.log10(4.0)
    assert loud["energy_speech_mean"] - quiet["energy_speech_mean"] == pytest.approx(
        four_times, abs=0.01
    )
    prefixes = ("pitch_", "duration_", "voiced_", "pause", "peaks", "energy_relative_")
    relative = [name for name in NAMES if name.startswith(prefixes)]
    relative += ["h1_h2_voiced_mean", "energy_speech_range", "alpha_ratio_voiced_mean"]
    assert len(relative) > 50
    for name in relative:
        assert loud[name] == pytest.approx(quiet[name], rel=0.05, abs=0.02), name


def test_a_sharper_sound_has_a_higher_centroid_and_alpha_ratio() -> None:
    dull = voice()
    sharp = np.diff(dull, prepend=0.0) * 10
    for name in ("centroid_voiced_mean", "alpha_ratio_voiced_mean", "rolloff_75_voiced_mean"):
        assert measured(sharp)[name] > measured(dull)[name]


def test_content_above_8_khz_needs_the_full_rate() -> None:
    noise = np.random.default_rng(0).normal(0.0, 3000.0, RATE)
    assert measured(noise)["level_10000_12500_speech_mean"] > -40.0
    assert measured(noise[:16_000], 16_000)["level_10000_12500_speech_mean"] < -80.0


def test_the_rate_hardly_matters_below_8_khz() -> None:
    import soxr

    full = measured(voice())
    half = measured(soxr.resample(voice(), RATE, 24_000), 24_000)
    for name in ("pitch_voiced_mean", "energy_speech_mean", "centroid_voiced_mean"):
        assert half[name] == pytest.approx(full[name], rel=0.01), name


class TestLongRecordings:
    """They are measured piece by piece, with what would come of them as a whole."""

    def test_come_to_the_same(self, monkeypatch):
        samples = clip(voice(9.0, end=320.0))
        whole = measure(samples, 48_000)
        for segment in (100, 250, 299):
            monkeypatch.setattr("serkit.dsp.tracks._SEGMENT", segment)
            pieces = measure(samples, 48_000)
            assert (pieces.before, pieces.after) == (whole.before, whole.after)
            assert np.array_equal(pieces.speech, whole.speech)
            same = pieces.voiced == whole.voiced
            assert same.mean() > 0.995
            for name, tracks in whole.families.items():
                found = pieces.families[name]
                assert found.shape == tracks.shape
                close = np.isclose(found, tracks, rtol=1e-3, atol=1e-3).all(axis=1)
                assert close.mean() > 0.99, name

    def test_take_little_memory(self):
        script = (
            "import resource, numpy as np\n"
            "from serkit.dsp.functionals import functionals\n"
            "samples = np.random.default_rng(0).integers(-9000, 9000, 48_000 * {})\n"
            "functionals(samples.astype(np.int16), 48_000)\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
        )
        short, long = (
            int(subprocess.check_output([sys.executable, "-c", script.format(seconds)]))
            for seconds in (61, 151)
        )
        unit = 1 if sys.platform == "darwin" else 1024
        # The signal itself as int64, int16 and at 16 kHz, and its tracks: nothing that is as long
        # in each of hundreds of bins.
        assert (long - short) * unit < 90 * 48_000 * 20


def test_silence_around_the_speech_is_not_measured_and_changes_no_track() -> None:
    # Noise that is far too quiet for speech, in front of it, in 10 ms frames.
    hiss = np.random.default_rng(1).normal(0.0, 3.0, RATE // 100 * 80)
    alone, late = measure(clip(voice()), RATE), measure(clip(np.append(hiss, voice())), RATE)
    assert late.before == alone.before + 80
    np.testing.assert_array_equal(late.speech, alone.speech)
    for name, tracks in alone.families.items():
        # The first frames see what is in front of them.
        np.testing.assert_allclose(late.families[name][8:], tracks[8:], atol=2e-2, err_msg=name)


def test_what_the_functionals_do_not_use_may_be_left_out() -> None:
    samples = clip(np.concatenate((voice(0.4), 300.0 * np.sign(voice(0.2)), voice(0.4))))
    whole, used = measure(samples, RATE), measure(samples, RATE, only_used=True)
    np.testing.assert_array_equal(whole.voiced, used.voiced)
    for name, tracks in whole.families.items():
        chosen = used.voiced if name == "voice" else used.speech
        np.testing.assert_array_equal(used.families[name][chosen], tracks[chosen], err_msg=name)
    np.testing.assert_array_equal(used.families["voice"][:, 0], whole.families["voice"][:, 0])


def test_columns_of_voiced_frames_leave_hiss_out() -> None:
    hiss = 2000.0 * np.random.default_rng(0).standard_normal(RATE // 2)
    signal = np.concatenate([voice(), hiss])
    tracks, found = measure(clip(signal), RATE), measured(signal)
    energy = tracks.families["energy"][:, 0]
    assert 0 < tracks.voiced.sum() < 0.8 * tracks.speech.sum()
    assert found["energy_voiced_mean"] == pytest.approx(energy[tracks.voiced].mean(), abs=1e-3)
    assert found["energy_speech_mean"] == pytest.approx(energy[tracks.speech].mean(), abs=1e-3)
    assert abs(found["energy_voiced_mean"] - found["energy_speech_mean"]) > 0.1

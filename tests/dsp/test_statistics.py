"""Statistics of tracks over frames."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from serkit.dsp.statistics import DESCRIPTIONS, all_statistics, summarise

RANDOM = np.random.default_rng(5).gamma(2.0, 3.0, (83, 4)).astype(np.float32)


def one(name: str, tracks: np.ndarray) -> np.ndarray:
    return summarise(tracks, [name])[0]


@pytest.mark.parametrize("percent", [5, 25, 50, 75, 95])
def test_percentiles_are_those_of_numpy(percent: int) -> None:
    expected = np.percentile(RANDOM, percent, axis=0)
    np.testing.assert_allclose(one(f"p{percent:02d}", RANDOM), expected, rtol=1e-5)


def test_moments_are_those_of_scipy() -> None:
    from scipy import stats

    np.testing.assert_allclose(one("mean", RANDOM), RANDOM.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(one("std", RANDOM), RANDOM.std(axis=0), rtol=1e-5)
    np.testing.assert_allclose(one("skewness", RANDOM), stats.skew(RANDOM), rtol=1e-3)
    kurtosis = stats.kurtosis(RANDOM, fisher=False)
    np.testing.assert_allclose(one("kurtosis", RANDOM), kurtosis, rtol=1e-3)


def test_spreads_are_differences_of_percentiles() -> None:
    low, high, spread = summarise(RANDOM, ["p05", "p95", "range"])
    np.testing.assert_allclose(spread, high - low, rtol=1e-6)
    low, high, spread = summarise(RANDOM, ["p25", "p75", "iqr"])
    np.testing.assert_allclose(spread, high - low, rtol=1e-6)


def test_the_slope_is_half_the_rise_of_a_line() -> None:
    line = np.linspace(10.0, 16.0, 50, dtype=np.float32)[:, np.newaxis]
    np.testing.assert_allclose(one("slope", line), [3.0], rtol=1e-5)
    np.testing.assert_allclose(one("slope", line[::-1]), [-3.0], rtol=1e-5)


def test_statistics_come_in_the_requested_order() -> None:
    forth, back = summarise(RANDOM, ["mean", "p95"]), summarise(RANDOM, ["p95", "mean"])
    np.testing.assert_array_equal(forth, back[::-1])


def test_no_frames_give_zeros() -> None:
    np.testing.assert_array_equal(summarise(RANDOM[:0], DESCRIPTIONS), np.zeros((12, 4)))


@given(level=st.floats(-1e4, 1e4, width=32), frames=st.integers(1, 400))
def test_a_constant_track_has_no_spread_and_no_form(level: float, frames: int) -> None:
    track = np.full((frames, 1), level, np.float32)
    found = dict(zip(DESCRIPTIONS, summarise(track, DESCRIPTIONS)[:, 0], strict=True))
    for name in ("mean", "p05", "p50", "p95"):
        assert found[name] == pytest.approx(level, rel=1e-5, abs=1e-5)
    for name in ("std", "range", "iqr", "skewness", "kurtosis"):
        assert found[name] == pytest.approx(0.0, abs=1e-3)
    assert abs(found["slope"]) <= 1e-3 * (1.0 + abs(level))


@given(hnp.arrays(np.float32, (7, 2), elements=st.floats(-200, 200, width=32)))
def test_every_statistic_is_finite(tracks: np.ndarray) -> None:
    assert np.isfinite(summarise(tracks, DESCRIPTIONS)).all()


def test_families_have_the_same_statistics_together_and_by_themselves() -> None:
    families = [RANDOM[:, chosen].copy() for chosen in (slice(3), slice(3, 4), slice(1, 4))]
    for family, found in zip(families, all_statistics(families), strict=True):
        np.testing.assert_array_equal(found, summarise(family, DESCRIPTIONS))

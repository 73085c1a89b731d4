"""The sign-flip test over speakers, against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from serkit.errors import UsageError
from serkit.evaluation.metrics import sign_flip_p_value
from serkit.evaluation.metrics.signflip import DRAWS, sign_flips


def scipy_s(differences, **options):
    return stats.permutation_test(
        (np.asarray(differences),), np.mean, permutation_type="samples", **options
    ).pvalue


@pytest.mark.parametrize("speakers", [2, 5, 8, 13])
@pytest.mark.parametrize("shift", [0.0, 0.05])
def test_it_is_scipy_s_exact_test(speakers, shift):
    differences = np.random.default_rng(speakers).normal(shift, 0.1, speakers)
    assert sign_flip_p_value(differences) == pytest.approx(scipy_s(differences, n_resamples=10**5))


def test_it_is_scipy_s_for_ties():
    assert sign_flip_p_value([0.1, 0.1, -0.1, 0.0, 0.2]) == pytest.approx(
        scipy_s([0.1, 0.1, -0.1, 0.0, 0.2], n_resamples=10**5)
    )


def test_above_16_speakers_it_is_near_scipy_s():
    differences = np.random.default_rng(1).normal(0.03, 0.1, 24)
    theirs = scipy_s(differences, n_resamples=100_000, rng=np.random.default_rng(0))
    assert sign_flip_p_value(differences) == pytest.approx(theirs, abs=0.02)


def test_all_assignments_are_tried_up_to_16_speakers():
    assert [sign_flips(n).exact for n in (15, 16, 17)] == [True, True, False]
    assert len(np.unique(sign_flips(8).signs, axis=0)) == 128


def test_the_smallest_p_value_is_stated():
    assert sign_flip_p_value(np.full(8, 0.1)) == sign_flips(8).floor == 2 / 2**8
    assert sign_flip_p_value(np.full(24, 0.1)) == sign_flips(24).floor == 1 / (DRAWS + 1)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_it_is_two_sided_and_does_not_depend_on_the_unit(values):
    once = sign_flip_p_value(values)
    assert 0 < once <= 1
    assert sign_flip_p_value([-value for value in values]) == once
    assert sign_flip_p_value([64 * value for value in values]) == once


def test_no_difference_has_a_p_value_of_1():
    assert sign_flip_p_value([0.0] * 9) == 1.0


def test_its_level_is_exact():
    draw = np.random.default_rng(0)
    found = [sign_flip_p_value(draw.normal(0, 1, 8) * draw.exponential(1, 8)) for _ in range(2000)]
    assert np.mean(np.array(found) <= 6 / 128) == pytest.approx(6 / 128, abs=0.012)


@pytest.mark.parametrize("bad", [[], [[0.1]], [0.1, np.nan], [np.inf]])
def test_invalid_differences_are_refused(bad):
    with pytest.raises(UsageError, match="one row of finite numbers, one for each speaker"):
        sign_flip_p_value(bad)


def test_sign_flips_without_speakers_are_refused():
    with pytest.raises(UsageError, match="got 0 speakers"):
        sign_flips(0)

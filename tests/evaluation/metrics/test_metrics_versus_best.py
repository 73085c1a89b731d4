"""Which models are worse than the best: the max-T sign-flip test."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serkit.errors import UsageError
from serkit.evaluation.metrics import compare_with_best, sign_flip_p_value
from serkit.evaluation.metrics.versus_best import LEAST_SPEAKERS


def board(seed, means, speakers=12, spread=0.06):
    """Models of these UARs, exactly, over speakers who are hard or easy for all of them."""
    draw = np.random.default_rng(seed)
    own = draw.normal(0, spread, (len(means), speakers))
    own += np.array(means)[:, None] - own.mean(axis=1, keepdims=True)
    return own + draw.normal(0, 0.12, speakers)


def worse(found):
    return [standing.worse for standing in found.standings]


class TestTwoModels:
    @given(st.integers(0, 1000), st.integers(8, 18))
    @settings(max_examples=30, deadline=None)
    def test_the_test_is_the_sign_flip_test(self, seed, speakers):
        shares = board(seed, [0.6, 0.56], speakers)
        found = compare_with_best(shares)
        expected = sign_flip_p_value(shares[0] - shares[1])
        assert found.standings[1].p_value == pytest.approx(expected)

    @given(st.integers(0, 1000), st.floats(0, 0.12))
    @settings(max_examples=40, deadline=None)
    def test_the_interval_ends_below_0_exactly_where_the_verdict_is_worse(self, seed, gap):
        standing = compare_with_best(board(seed, [0.6, 0.6 - gap])).standings[1]
        assert standing.worse == (standing.p_value <= 0.05)
        assert standing.worse == (standing.interval.high < 0)


class TestManyModels:
    def test_the_best_is_the_first_of_equally_good_ones(self):
        shares = board(1, [0.5, 0.6])
        assert compare_with_best(np.vstack([shares, shares[1:]])).best == 1

    def test_the_best_is_not_compared_with_itself(self):
        best = compare_with_best(board(1, [0.6, 0.5, 0.4])).standings[0]
        assert (best.difference, best.worse) == (0.0, False)
        assert (best.interval.low, best.interval.high) == (0.0, 0.0)
        assert np.isnan(best.p_value)

    def test_equal_models_are_not_separated_and_distant_ones_are(self):
        found = compare_with_best(board(2, [0.60, 0.60, 0.59, 0.30, 0.20], speakers=20))
        assert worse(found) == [False, False, False, True, True]
        assert [s.difference for s in found.standings] == pytest.approx([0, 0, -0.01, -0.3, -0.4])

    @given(st.integers(0, 1000))
    @settings(max_examples=25, deadline=None)
    def test_every_interval_holds_the_difference_and_agrees_with_the_verdict(self, seed):
        found = compare_with_best(board(seed, [0.6, 0.57, 0.52, 0.45]))
        for standing in found.standings:
            assert standing.interval.low <= standing.difference <= standing.interval.high
            if standing.worse:
                assert standing.interval.high <= 0
            assert standing.difference <= 0

    @given(st.integers(0, 1000))
    @settings(max_examples=25, deadline=None)
    def test_more_models_never_make_a_p_value_smaller(self, seed):
        shares = board(seed, [0.6, 0.55, 0.54, 0.53])
        few, many = (compare_with_best(t).standings[1].p_value for t in (shares[:2], shares))
        assert many >= few

    def test_poor_models_do_not_shield_the_others(self):
        shares = board(7, [0.60, 0.53, *np.linspace(0.3, 0.1, 10)], speakers=14, spread=0.04)
        alone = compare_with_best(shares[:2]).standings[1]
        among = compare_with_best(shares).standings[1]
        assert among.p_value == pytest.approx(alone.p_value)

    def test_the_order_of_the_models_changes_nothing(self):
        shares = board(3, [0.6, 0.56, 0.55, 0.5])
        forward = compare_with_best(shares).standings
        backward = compare_with_best(shares[::-1]).standings[::-1]
        assert [s.p_value for s in forward[1:]] == [s.p_value for s in backward[1:]]

    def test_a_copy_of_the_best_is_not_worse(self):
        shares = board(4, [0.6, 0.4])
        copy = compare_with_best(np.vstack([shares, shares[:1]])).standings[2]
        assert (copy.difference, copy.p_value, copy.worse) == (0.0, 1.0, False)

    @pytest.mark.parametrize(("models", "speakers"), [(2, 8), (6, 8), (6, 11), (12, 9)])
    def test_equally_good_models_are_seldom_called_worse(self, models, speakers):
        draw = np.random.default_rng(models)
        spreads = np.linspace(0.03, 0.12, models)[:, None]  # as different as the recorded runs'
        repeats = 200
        wrong = 0
        for _ in range(repeats):
            shares = draw.normal(0, spreads, (models, speakers)) + draw.normal(0, 0.12, speakers)
            wrong += any(worse(compare_with_best(shares)))
        assert wrong / repeats <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / repeats)

    def test_a_thousand_models_take_seconds(self):
        start = time.process_time()
        found = compare_with_best(board(5, np.linspace(0.6, 0.2, 1000), speakers=20))
        assert time.process_time() - start < 15
        assert found.standings[-1].worse
        assert found.floor == pytest.approx(1 / 400, rel=0.01)


class TestWhatCanBeShown:
    def test_more_speakers_show_smaller_differences(self):
        few, many = (compare_with_best(board(1, [0.6, 0.6], n)).detectable for n in (10, 40))
        assert many < few

    def test_more_models_need_larger_differences(self):
        few, many = (compare_with_best(board(1, [0.6] * n, 20)).detectable for n in (2, 12))
        assert few < many

    def test_a_difference_of_that_size_is_found_in_four_of_five_comparisons(self):
        draw = np.random.default_rng(0)
        size = np.median(
            [compare_with_best(draw.normal(0, 0.07, (2, 12))).detectable for _ in range(100)]
        )
        means = np.array([[size], [0.0]])
        found = [compare_with_best(means + draw.normal(0, 0.07, (2, 12))) for _ in range(400)]
        assert np.mean([f.standings[1].worse for f in found]) == pytest.approx(0.8, abs=0.08)

    def test_the_floor_of_the_p_values_is_stated(self):
        exact, drawn = (compare_with_best(board(1, [0.9, 0.1], n)) for n in (8, 24))
        assert (exact.floor, exact.exact) == (1 / 128, True)
        assert (drawn.floor, drawn.exact) == (1 / 10_000, False)
        assert drawn.standings[1].p_value == drawn.floor


class TestTooFewSpeakers:
    @pytest.mark.parametrize("speakers", range(1, LEAST_SPEAKERS))
    def test_there_is_no_verdict_and_the_reason_is_given(self, speakers):
        found = compare_with_best(board(1, [0.9, 0.1], speakers, 0.01))
        assert found.why_not.startswith(f"no verdicts: {speakers} test speaker")
        assert "8 or more can" in found.why_not
        assert worse(found) == [False, False]
        assert np.isnan([found.standings[1].p_value, found.detectable, found.floor]).all()
        assert found.standings[1].difference == pytest.approx(-0.8)

    def test_one_model_needs_no_reason(self):
        found = compare_with_best(board(1, [0.6]))
        assert (found.best, found.why_not) == (0, "")


@pytest.mark.parametrize("bad", [[], [[]], [0.1, 0.2], [[0.1, np.nan]]])
def test_invalid_tables_are_refused(bad):
    with pytest.raises(UsageError, match=r"a table of finite numbers, \(models, speakers\)"):
        compare_with_best(bad)


@pytest.mark.parametrize("alpha", [0, 1, -0.1])
def test_an_alpha_outside_0_and_1_is_refused(alpha):
    with pytest.raises(UsageError, match=f"alpha is {alpha}"):
        compare_with_best(np.ones((2, 9)), alpha=alpha)

"""Who can be told from whom: the paired bootstrap and Holm's correction."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serkit.errors import UsageError
from serkit.evaluation.metrics import Interval, holm, paired_difference, uar

TRUE = np.tile(np.arange(4), 48)  # 12 actors, 16 clips each, 4 classes
ACTORS = np.repeat(np.arange(12), 16)


def run(seed, skill=0.6):
    draw = np.random.default_rng(seed)
    known = draw.random(TRUE.size) < skill
    return np.where(known, TRUE, (TRUE + draw.integers(1, 4, TRUE.size)) % 4)


def compare(a, b, **options):
    return paired_difference(TRUE, a, b, ACTORS, n_classes=4, **{"resamples": 400, **options})


probabilities = st.floats(0, 1)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_a_run_against_itself_differs_by_exactly_nothing(seed):
    found = compare(run(seed), run(seed))
    assert (found.difference, found.interval, found.p_value) == (0.0, Interval(0.0, 0.0), 1.0)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_the_difference_is_that_of_the_uars_and_p_is_a_probability(seed_a, seed_b):
    a, b = run(seed_a), run(seed_b)
    found = compare(a, b)
    assert found.difference == uar(TRUE, a, n_classes=4) - uar(TRUE, b, n_classes=4)
    assert found.interval.low <= found.interval.high
    assert 2 / 401 <= found.p_value <= 1
    assert type(found.p_value) is type(found.difference) is type(found.interval.low) is float


@given(st.integers(0, 10_000), st.integers(20_000, 30_000))
@settings(max_examples=20, deadline=None)
def test_exchanging_the_runs_gives_the_opposite_answer(seed_a, seed_b):
    a, b = run(seed_a), run(seed_b)
    there, back = compare(a, b), compare(b, a)
    assert back.difference == -there.difference
    assert back.p_value == there.p_value
    assert (back.interval.low, back.interval.high) == pytest.approx(
        (-there.interval.high, -there.interval.low), abs=1e-12
    )


@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_neither_the_order_of_clips_nor_the_names_of_actors_matter(seed, random):
    a, b = run(seed), run(seed + 1)
    order = random.sample(range(TRUE.size), TRUE.size)
    names = np.array(random.sample("abcdefghijkl", 12))[ACTORS]
    assert compare(a, b) == paired_difference(
        TRUE[order], a[order], b[order], names[order], n_classes=4, resamples=400
    )


@pytest.mark.parametrize("seed", range(4))
def test_p_and_interval_come_near_those_of_all_possible_draws(seed):
    """An independent slow way: 4 actors can be drawn in 256 ways, each counted clip by clip."""
    few = np.flatnonzero(ACTORS < 4)
    a, b = run(seed, 0.65), run(seed + 50, 0.55)

    def slow_uar(labels, clips):
        hits = [[labels[i] == c for i in clips if TRUE[i] == c] for c in range(4)]
        return sum(sum(h) / len(h) for h in hits) / 4

    differences = []
    for draw in itertools.product(range(4), repeat=4):
        clips = [i for actor in draw for i in few if ACTORS[i] == actor]
        differences.append(slow_uar(a, clips) - slow_uar(b, clips))
    d = np.array(differences)
    golden = min(1.0, 2 * min((d < 1e-9).mean(), (d > -1e-9).mean()))
    found = paired_difference(TRUE[few], a[few], b[few], ACTORS[few], n_classes=4, resamples=20_000)
    assert found.p_value == pytest.approx(golden, abs=0.02)
    # 64 clips: differences lie on a grid of 1/64, so a quantile may miss by one step.
    assert found.interval.low == pytest.approx(np.quantile(d, 0.025), abs=1 / 64 + 1e-9)
    assert found.interval.high == pytest.approx(np.quantile(d, 0.975), abs=1 / 64 + 1e-9)


def test_pairing_sees_what_two_intervals_cannot():
    # Actors differ much, the runs little but always the same way: A has one clip more right.
    b = np.where(ACTORS % 3 == 0, (TRUE + 1) % 4, TRUE)
    b[ACTORS % 2 == 1] = (TRUE[ACTORS % 2 == 1] + 1) % 4
    a = b.copy()
    for actor in range(12):
        wrong = np.flatnonzero((actor == ACTORS) & (b != TRUE))
        a[wrong[:1]] = TRUE[wrong[:1]]
    found = compare(a, b, resamples=2000)
    assert found.interval.low > 0
    assert found.p_value < 0.01


def test_ten_thousand_resamples_by_default():
    found = compare(TRUE, (TRUE + 1) % 4)
    assert found.p_value == 2 / 401
    assert paired_difference(TRUE, TRUE, (TRUE + 1) % 4, ACTORS).p_value == 2 / 10_001


def test_scores_equal_but_for_rounding_are_a_tie():
    # Recalls 0.1, 0.2, 0.3 and 0.3, 0.2, 0.1: the same mean, but not the same float.
    def recognise(hits):
        return [c if i < hits[c] else (c + 1) % 3 for c in range(3) for i in range(10)] * 2

    true, actors = recognise([10, 10, 10]), np.repeat([1, 2], 30)
    a, b = recognise([1, 2, 3]), recognise([3, 2, 1])
    assert uar(true, a, n_classes=3) != uar(true, b, n_classes=3)
    found = paired_difference(true, a, b, actors, n_classes=3, resamples=200)
    assert found.p_value == 1
    assert found.difference == pytest.approx(0, abs=1e-12)


def test_one_actor_gives_no_p_value():
    found = paired_difference([0, 1], [0, 1], [1, 0], [5, 5])
    assert found.difference == 1
    assert math.isnan(found.p_value)
    assert math.isnan(found.interval.low)


def test_runs_over_other_clips_are_refused():
    with pytest.raises(UsageError, match="got 192 true labels, 191 predicted labels"):
        compare(run(0), run(1)[:-1])


# Holm


@given(st.lists(probabilities, max_size=12))
@settings(deadline=None)
def test_holm_is_never_below_the_raw_p_nor_above_bonferroni(p):
    adjusted = holm(p)
    assert (adjusted >= np.array(p)).all()
    assert (adjusted <= np.minimum(1, len(p) * np.array(p) + 1e-12)).all()


@given(st.lists(probabilities, min_size=2, max_size=12))
@settings(deadline=None)
def test_holm_keeps_the_order_and_ties(p):
    adjusted = holm(p)
    for i, j in itertools.permutations(range(len(p)), 2):
        if p[i] <= p[j]:
            assert adjusted[i] <= adjusted[j]


@given(st.lists(probabilities, max_size=8), st.integers(0, 8))
@settings(deadline=None)
def test_holm_passes_nan_through_without_counting_it(p, place):
    with_nan = [*p[:place], math.nan, *p[place:]]
    adjusted = holm(with_nan).tolist()
    assert math.isnan(adjusted.pop(min(place, len(p))))
    assert adjusted == holm(p).tolist()


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.6]).tolist() == [1.0, 1.0]
    assert holm([]).tolist() == []


@pytest.mark.parametrize("wrong", [[1.1], [-0.1], [[0.5]], ["a"], 0.5])
def test_holm_refuses_what_is_no_p_value(wrong):
    with pytest.raises(UsageError, match="the p-values are"):
        holm(wrong)

"""Intervals over speakers, and how a score splits into its speakers' shares."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from serkit.errors import UsageError
from serkit.evaluation.metrics import (
    actor_confusions,
    effective_speakers,
    score,
    speaker_interval,
    uar,
    uar_interval,
    uar_shares,
)
from serkit.evaluation.metrics.speakers import hits_and_clips

BALANCED = np.tile([4, 8, 8], (6, 1))


def some_hits(seed: int, clips=BALANCED):
    return np.random.default_rng(seed).binomial(clips, 0.6)


@given(st.integers(0, 1000), st.integers(2, 24))
@settings(max_examples=40, deadline=None)
def test_it_is_scipy_s_t_interval_of_the_speakers_own_scores_where_all_have_the_same_clips(
    seed, speakers
):
    clips = np.tile([40, 80, 80], (speakers, 1))
    hits = some_hits(seed, clips)
    own = (hits / clips).mean(axis=1)
    assume(own.std() > 0)
    low, high = stats.t.interval(0.95, speakers - 1, own.mean(), stats.sem(own))
    found = speaker_interval(hits, clips)
    assert (found.low, found.high) == pytest.approx((max(low, 0), min(high, 1)), abs=1e-12)


def test_it_is_cut_to_0_and_1():
    found = speaker_interval(np.array([[10], [2]]), np.array([[10], [10]]))
    assert (found.low, found.high) == (0.0, 1.0)


def test_it_has_no_width_where_all_speakers_score_the_same():
    found = speaker_interval(np.array([[5], [5], [5]]), np.array([[10], [10], [10]]))
    assert (found.low, found.high) == (0.5, 0.5)


@pytest.mark.parametrize("clips", [[[8, 8]], [[8, 8], [0, 0]]])
def test_it_is_undefined_for_one_speaker(clips):
    found = speaker_interval(np.array(clips) // 2, np.array(clips))
    assert np.isnan([found.low, found.high]).all()


def test_a_speaker_without_clips_changes_nothing():
    hits = some_hits(1)
    padded = [np.vstack([table, np.zeros((1, 3), int)]) for table in (hits, BALANCED)]
    assert speaker_interval(*padded) == speaker_interval(hits, BALANCED)


def test_it_widens_where_speakers_lack_a_class():
    lacking = BALANCED.copy()
    lacking[1:, 0] = 0  # one speaker alone has the first class
    hits = some_hits(2)
    whole = speaker_interval(hits, BALANCED)
    less = speaker_interval(np.minimum(hits, lacking), lacking)
    assert less.high - less.low > whole.high - whole.low


def test_it_takes_averages_over_seeds():
    one, two = some_hits(1), some_hits(2)
    found = speaker_interval((one + two) / 2, BALANCED)
    own = ((one + two) / 2 / BALANCED).mean(axis=1)
    assert (found.low + found.high) / 2 == pytest.approx(own.mean())


def test_a_score_shows_it_for_uar_and_accuracy():
    draw = np.random.default_rng(0)
    true, actors = np.tile(np.arange(4), 60), np.repeat(np.arange(12), 20)
    probabilities = draw.dirichlet(np.ones(4), 240)
    found = score(true, probabilities, actors)
    right = (probabilities.argmax(axis=1) == true).reshape(12, 20)
    low, high = stats.t.interval(0.95, 11, right.mean(), stats.sem(right.mean(axis=1)))
    assert (found.accuracy_low, found.accuracy_high) == pytest.approx((low, high))
    assert (found.uar_low, found.uar_high) == pytest.approx((low, high))  # balanced: the same


@pytest.mark.parametrize(
    ("speakers", "classes", "low"), [(24, 8, 0.93), (12, 8, 0.93), (8, 8, 0.93), (4, 8, 0.93)]
)
def test_it_holds_the_truth_as_often_as_it_says(speakers, classes, low):
    draw = np.random.default_rng(speakers)
    clips = np.full((speakers, classes), 8)
    held = 0
    for _ in range(1500):
        skill = draw.beta(6, 4, (speakers, 1)) * np.ones(classes)
        interval = speaker_interval(draw.binomial(clips, skill), clips)
        held += interval.low <= 0.6 <= interval.high
    assert low <= held / 1500 <= 0.97


@given(st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_the_mean_of_the_shares_is_the_uar_whatever_speakers_lack(seed):
    draw = np.random.default_rng(seed)
    true, predicted = draw.integers(0, 5, (2, 60))
    actors = draw.integers(0, 7, 60)
    hits, clips = hits_and_clips(actor_confusions(true, predicted, actors, 5))
    assert uar_shares(hits, clips).mean() == pytest.approx(uar(true, predicted, n_classes=5))


def test_a_share_is_the_speaker_s_own_uar_where_all_have_the_same_clips():
    hits = some_hits(3)
    assert uar_shares(hits, BALANCED) == pytest.approx((hits / BALANCED).mean(axis=1))


def test_shares_of_several_models_come_together():
    models = np.stack([some_hits(1), some_hits(2)])
    each = [uar_shares(hits, BALANCED) for hits in models]
    assert np.array_equal(uar_shares(models, BALANCED), each)


def test_effective_speakers_are_all_of_them_where_they_are_equal():
    assert effective_speakers(BALANCED) == pytest.approx(6)
    assert 1 < effective_speakers(BALANCED * np.arange(1, 7)[:, None]) < 6


@pytest.mark.parametrize(
    ("hits", "clips", "message"),
    [
        (np.ones((2, 3)), np.ones((3, 2)), r"the hits have the shape \(2, 3\) and the clips"),
        (np.ones(3), np.ones(3), r"allowed|shape"),
        (np.zeros((2, 3)), np.zeros((2, 3)), "there are no clips"),
        (np.full((2, 3), 2), np.ones((2, 3)), "some hits are below 0 or above"),
        (np.full((2, 3), np.nan), np.ones((2, 3)), "some hits are below 0 or above"),
    ],
)
def test_counts_that_do_not_fit_are_refused(hits, clips, message):
    for function in (speaker_interval, uar_shares):
        with pytest.raises(UsageError, match=message):
            function(hits, clips)


def test_the_interval_of_labels_is_that_of_their_counts():
    random = np.random.default_rng(0)
    speakers, true = np.repeat(np.arange(6), 20), np.tile(np.arange(4), 30)
    predicted = np.where(random.random(120) < 0.6, true, (true + 1) % 4)
    clips, hits = np.zeros((6, 4), int), np.zeros((6, 4), int)
    np.add.at(clips, (speakers, true), 1)
    np.add.at(hits, (speakers, true), predicted == true)
    found = uar_interval(true, predicted, speakers.astype(str), n_classes=4)
    assert found == speaker_interval(hits, clips)

"""The bootstrap over actors agrees with slow ones that draw and count clips one by one."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serkit.errors import UsageError
from serkit.evaluation.metrics import (
    Interval,
    accuracy,
    actor_confusions,
    bootstrap_accuracy,
    bootstrap_uar,
)
from serkit.evaluation.metrics import uar as uar_now
from serkit.evaluation.metrics.bootstrap import actor_weights, resampled, resampled_scores
from serkit.evaluation.metrics.classification import accuracy_of, uar_of


def corpus(seed, actors=6, clips=16, classes=4, skill=0.6):
    """Clips of several actors, each with all classes, whom a model understands unequally well."""
    draw = np.random.default_rng(seed)
    actor = np.repeat(np.arange(actors), clips)
    true = np.tile(np.arange(clips) % classes, actors)
    known = draw.beta(skill * 10, (1 - skill) * 10, actors)[actor] > draw.random(true.size)
    return (
        true,
        np.where(known, true, (true + draw.integers(1, classes, true.size)) % classes),
        actor,
    )


def slow_uar(clips):
    """Mean recall over the classes present, from (true, predicted) pairs."""
    by_class = {}
    for true, predicted in clips:
        by_class.setdefault(true, []).append(true == predicted)
    return sum(sum(hits) / len(hits) for hits in by_class.values()) / len(by_class)


def slow_accuracy(clips):
    return sum(true == predicted for true, predicted in clips) / len(clips)


def clips_by_actor(true, predicted, actors):
    rows = list(zip(true.tolist(), predicted.tolist(), actors.tolist(), strict=True))
    return [[(t, p) for t, p, a in rows if a == actor] for actor in sorted(set(actors.tolist()))]


def unbalanced(seed):
    """Actors with different numbers of clips, so that classes are absent from some resamples."""
    draw = np.random.default_rng(seed)
    actors = np.concatenate([[0, 1, 2, 3], draw.integers(0, 4, 14)])
    true = draw.integers(0, 4, 18)
    true[true == 3] = np.where(actors[true == 3] == 0, 3, 0)  # class 3 is spoken by actor 0 only
    return true, np.where(draw.random(18) < 0.5, true, draw.integers(0, 4, 18)), actors


FAST = [(bootstrap_uar, slow_uar), (bootstrap_accuracy, slow_accuracy)]


@pytest.mark.parametrize(("fast", "slow"), FAST)
@pytest.mark.parametrize("make", [corpus, unbalanced])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_same_draws_same_interval_as_repeating_the_clips_one_by_one(fast, slow, make, seed):
    true, predicted, actors = make(seed)

    def counts(clips):  # the order that decides who gets which weight
        return [clips.count((t, p)) for t in reversed(range(4)) for p in reversed(range(4))]

    by_actor = sorted(clips_by_actor(true, predicted, actors), key=counts)
    scores = [
        slow([clip for clips, times in zip(by_actor, row, strict=True) for clip in clips * times])
        for row in actor_weights(len(by_actor), resamples=300, seed=seed).tolist()
    ]
    golden = np.percentile(scores, [2.5, 97.5])
    found = fast(true, predicted, actors, n_classes=4, resamples=300, seed=seed)
    assert (found.low, found.high) == pytest.approx(tuple(golden), abs=1e-12)


@pytest.mark.parametrize(("fast", "slow"), FAST)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_many_resamples_come_near_all_possible_draws(fast, slow, seed):
    by_actor = clips_by_actor(*(case := corpus(seed, actors=5, clips=8)))
    everything = [
        slow([clip for clips in draw for clip in clips])
        for draw in itertools.product(by_actor, repeat=len(by_actor))
    ]
    low, high = np.percentile(everything, [2.5, 97.5])
    found = fast(*case, n_classes=4, resamples=20_000, seed=seed)
    # 5 actors of 8 clips: scores lie on a grid of 1/40, so a quantile may miss by one step.
    assert found.low == pytest.approx(low, abs=1 / 40 + 1e-9)
    assert found.high == pytest.approx(high, abs=1 / 40 + 1e-9)
    assert high - low > 4 / 40


@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_neither_the_order_of_clips_nor_the_names_of_actors_matter(seed, random):
    true, predicted, actors = corpus(seed)
    before = bootstrap_uar(true, predicted, actors, n_classes=4, resamples=200)
    order = random.sample(range(true.size), true.size)
    assert before == bootstrap_uar(
        true[order], predicted[order], actors[order], n_classes=4, resamples=200
    )
    names = np.array(random.sample(["Zoe", "Bo", "Al", "Ivo", "Uma", "Eve"], 6))
    assert before == bootstrap_uar(true, predicted, names[actors], n_classes=4, resamples=200)


@given(st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_the_interval_contains_the_score_and_is_between_0_and_1(seed):
    case = corpus(seed, actors=12)
    for interval, point in ((bootstrap_uar, uar_now), (bootstrap_accuracy, accuracy)):
        found = interval(*case, n_classes=4, resamples=500)
        assert 0 <= found.low <= point(*case[:2], n_classes=4) <= found.high <= 1


def test_a_perfect_model_is_certain():
    true, _, actors = corpus(0)
    assert bootstrap_uar(true, true, actors, n_classes=4) == Interval(1.0, 1.0)


def test_drawing_actors_is_wider_than_drawing_clips_when_actors_differ():
    true, actors = np.tile(np.arange(4), 40), np.repeat(np.arange(8), 20)
    predicted = np.where(actors < 4, true, (true + 1) % 4)  # four actors are understood, four not
    over_actors = bootstrap_uar(true, predicted, actors, n_classes=4)
    over_clips = bootstrap_uar(true, predicted, np.arange(true.size), n_classes=4)
    assert over_actors.high - over_actors.low > 3 * (over_clips.high - over_clips.low)


@pytest.mark.parametrize("seed", range(5))
def test_scores_of_resamples_are_those_of_their_confusions_to_the_last_bit(seed):
    """Records of earlier versions hold intervals of these scores."""
    confusions = actor_confusions(*unbalanced(seed), n_classes=5)
    draws, found = resampled(confusions), resampled_scores(confusions)
    assert np.array_equal(found.uar, uar_of(draws))
    assert np.array_equal(found.accuracy, accuracy_of(draws))


def test_the_interval_covers_the_truth_about_95_times_in_100():
    covered = 0
    for seed in range(400):
        case = corpus(seed, actors=24, clips=20)
        found = bootstrap_uar(*case, n_classes=4, resamples=300)
        covered += found.low <= 0.6 <= found.high
    assert 0.88 <= covered / 400 <= 0.99


def test_one_actor_gives_no_interval():
    for interval in (bootstrap_uar, bootstrap_accuracy):
        found = interval([0, 1, 1], [0, 1, 0], [7, 7, 7])
        assert math.isnan(found.low)
        assert math.isnan(found.high)


def test_a_resample_without_a_class_takes_the_mean_over_the_others():
    # Actor 1 speaks class 0 (right), actor 2 class 1 (wrong): the draws 11, 12, 22 give 1, .5, 0.
    found = bootstrap_uar([0, 1], [0, 0], ["one", "two"], n_classes=2, resamples=2000)
    assert found == Interval(0.0, 1.0)


def test_the_seed_decides_the_draw():
    case = corpus(3)
    first = bootstrap_uar(*case, n_classes=4, resamples=100, seed=1)
    assert first == bootstrap_uar(*case, n_classes=4, resamples=100, seed=1)
    assert first != bootstrap_uar(*case, n_classes=4, resamples=100, seed=2)
    assert bootstrap_uar(*case, n_classes=4) == bootstrap_uar(
        *case, n_classes=4, resamples=2000, seed=0
    )


def test_weights_draw_as_many_actors_as_there_are():
    weights = actor_weights(24, resamples=500)
    assert weights.shape == (500, 24)
    assert (weights.sum(axis=1) == 24).all()
    assert weights.mean(axis=0) == pytest.approx(1, abs=0.2)


def test_each_actor_has_a_confusion_matrix_in_sorted_order():
    matrices = actor_confusions([0, 1, 1, 0], [0, 0, 1, 1], ["b", "a", "b", "b"], n_classes=2)
    assert matrices.tolist() == [[[0, 0], [1, 0]], [[1, 1], [0, 1]]]
    assert matrices.dtype == np.int64


def test_a_tables_column_of_names_is_accepted():
    pandas = pytest.importorskip("pandas")
    column = pandas.Series(["a", "b", "a", "b"])
    for actors in (column, column.astype(object), column.astype("category")):
        assert actor_confusions([0, 0, 1, 1], [0, 0, 1, 1], actors).shape == (2, 2, 2)


@pytest.mark.parametrize(
    ("actors", "sentence"),
    [
        ([1, 2, 3], "got 2 true labels, 2 predicted labels, 3 actors; there must be one of each"),
        (
            [1.0, math.nan],
            "the actors are of type float64; they must be all integers or all strings",
        ),
        ([1, None], "the actors are of type object; they must be all integers or all strings"),
        ([b"a", b"b"], "the actors are of type |S1; they must be all integers or all strings"),
        ([[1], [2]], "the actors have the shape (2, 1); they must be one row"),
    ],
)
def test_wrong_actors_are_refused_in_one_sentence(actors, sentence):
    with pytest.raises(UsageError) as caught:
        bootstrap_uar([0, 1], [0, 1], actors)
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize("wrong", [{"resamples": 0}, {"seed": -1}])
def test_numbers_that_are_too_small_are_refused(wrong):
    with pytest.raises(
        UsageError, match="at least 1 actor and 1 resample, and a seed of 0 or more"
    ):
        bootstrap_uar([0, 1], [0, 1], [0, 1], **wrong)

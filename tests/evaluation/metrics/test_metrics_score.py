"""One call gives every score of a run, equal to those of the single functions."""

from __future__ import annotations

import dataclasses
import json
import math
import pickle

import numpy as np
import pytest

from serkit.errors import UsageError
from serkit.evaluation import metrics
from serkit.evaluation.metrics.speakers import hits_and_clips

draw = np.random.default_rng(7)
ACTORS = np.repeat(np.arange(1, 7), 20)
TRUE = draw.integers(1, 8, ACTORS.size)  # nobody is neutral
LOGITS = draw.normal(size=(ACTORS.size, 8)) + 2 * np.eye(8)[TRUE]
PROBABILITIES = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
PREDICTED = PROBABILITIES.argmax(axis=1)


def test_every_score_is_that_of_its_own_function():
    found = metrics.score(TRUE, PROBABILITIES, ACTORS)
    hits, clips = hits_and_clips(metrics.actor_confusions(TRUE, PREDICTED, ACTORS))
    uar = metrics.speaker_interval(hits, clips)
    accuracy = metrics.speaker_interval(hits.sum(axis=1)[:, None], clips.sum(axis=1)[:, None])
    assert found.uar == metrics.uar(TRUE, PREDICTED)
    assert (found.uar_low, found.uar_high) == (uar.low, uar.high)
    assert found.accuracy == metrics.accuracy(TRUE, PREDICTED)
    assert (found.accuracy_low, found.accuracy_high) == (accuracy.low, accuracy.high)
    assert found.macro_f1 == metrics.macro_f1(TRUE, PREDICTED)
    assert found.log_loss == metrics.log_loss(TRUE, PROBABILITIES)
    assert found.brier == metrics.brier(TRUE, PROBABILITIES)
    assert found.ece == metrics.ece(TRUE, PROBABILITIES)
    assert np.array_equal(found.confusion, metrics.confusion(TRUE, PREDICTED))
    assert (found.clips, found.actors) == (120, 6)
    assert 0.2 < found.uar < 0.95  # the example is neither hopeless nor trivial


def test_recall_is_nan_for_the_class_that_is_absent():
    recall = metrics.score(TRUE, PROBABILITIES, ACTORS).recall
    assert len(recall) == 8
    assert math.isnan(recall[0])
    assert np.mean(recall[1:]) == pytest.approx(metrics.uar(TRUE, PREDICTED))


def test_scores_are_plain_values_that_json_and_pickle_take():
    found = metrics.score(TRUE, PROBABILITIES, ACTORS)
    again = json.loads(json.dumps(dataclasses.asdict(found)))
    assert again["confusion"] == [list(row) for row in found.confusion]
    assert pickle.loads(pickle.dumps(found)).uar == found.uar
    assert {type(v) for v in dataclasses.asdict(found).values()} == {float, int, tuple}
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.uar = 1.0


def test_of_equally_probable_classes_the_lowest_number_is_the_label():
    assert metrics.score([0, 1], [[0.5, 0.5]] * 2, [1, 2]).confusion == (
        (1, 0),
        (1, 0),
    )


def test_one_actor_has_scores_but_no_interval():
    found = metrics.score(TRUE, PROBABILITIES, np.ones_like(TRUE))
    assert found.uar == metrics.uar(TRUE, PREDICTED)
    ends = (found.uar_low, found.uar_high, found.accuracy_low, found.accuracy_high)
    assert all(math.isnan(end) for end in ends)


def test_scores_by_group_are_those_of_the_groups_clips_alone():
    sex = np.where(ACTORS % 2 == 1, "male", "female")
    found = metrics.score_by(sex, TRUE, PROBABILITIES)
    assert list(found) == ["female", "male"]
    for name, scores in found.items():
        of_group = sex == name
        assert scores == {
            "uar": metrics.uar(TRUE[of_group], PREDICTED[of_group]),
            "accuracy": metrics.accuracy(TRUE[of_group], PREDICTED[of_group]),
            "clips": 60,
        }


def test_a_group_without_a_class_counts_the_others():
    found = metrics.score_by(["normal", "strong"], [0, 3], np.eye(8)[[1, 3]])
    assert found["normal"] == {"uar": 0.0, "accuracy": 0.0, "clips": 1}
    assert found["strong"] == {"uar": 1.0, "accuracy": 1.0, "clips": 1}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            (TRUE, np.eye(7)[TRUE - 1], ACTORS),
            "labels are out of range, such as 7; they go",
        ),
        ((TRUE, LOGITS, ACTORS), "the probabilities of 120 of 120 clips are below 0"),
        ((TRUE, PROBABILITIES, ACTORS[:-1]), "got 120 true labels, 120 predicted labels, 119 act"),
        ((TRUE + 1, PROBABILITIES, ACTORS), "true labels are out of range, such as 8"),
    ],
)
def test_wrong_input_is_refused(arguments, sentence):
    with pytest.raises(UsageError) as caught:
        metrics.score(*arguments)
    assert sentence in str(caught.value)


def test_groups_must_be_one_for_each_clip():
    with pytest.raises(UsageError, match="got 2 groups, 1 true labels, 1 rows of probabilities"):
        metrics.score_by(["a", "b"], [0], np.eye(8)[[0]])
    with pytest.raises(UsageError, match="the groups are of type float64"):
        metrics.score_by([math.nan], [0], np.eye(8)[[0]])

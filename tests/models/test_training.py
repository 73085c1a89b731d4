"""Training in epochs: which epoch is kept, when it stops, and what is said of each."""

from __future__ import annotations

import math

import numpy as np
import pytest

from serkit.errors import TrainingError
from serkit.labels import LabelSet
from serkit.models.training import Course, Epoch, EpochStats, emotion_weights, require_finite

LABELS = LabelSet(("calm", "angry"))
TRAINED = EpochStats(0.5, np.array([[3, 1], [2, 2]]))
VALIDATED = EpochStats(0.75, np.array([[4, 0], [1, 1]]))


class TestEpoch:
    def test_without_validation_clips_a_later_one_is_better(self):
        judged = Epoch.of(3, TRAINED, None, LABELS, "uar")
        assert (judged.score, judged.said) == (3.0, "")
        assert [key for key in judged.row if key.startswith("validation")] == []

    @pytest.mark.parametrize(
        ("monitor", "score"), [("loss", -0.75), ("uar", 0.75), ("accuracy", 5 / 6), ("last", 3.0)]
    )
    def test_is_worth_what_is_monitored(self, monitor, score):
        assert Epoch.of(3, TRAINED, VALIDATED, LABELS, monitor).score == score

    def test_its_row_holds_both_sides(self):
        row = Epoch.of(3, TRAINED, VALIDATED, LABELS, "uar").row
        assert (row["epoch"], row["train_accuracy"], row["validation_uar"]) == (3, 5 / 8, 0.75)
        assert (row["train_recall_calm"], row["validation_recall_angry"]) == (0.75, 0.5)

    def test_progress_says_the_uar(self):
        said = Epoch.of(3, TRAINED, VALIDATED, LABELS, "last").said
        assert said == ", validation UAR 75.0 %"


class TestCourse:
    def test_keeps_the_weights_of_the_best_epoch_the_first_of_equal_ones(self):
        course: Course[str] = Course()
        kept = [
            course.note({}, score, lambda name=name: name)
            for name, score in (("a", 0.2), ("b", 0.4), ("c", 0.4), ("d", 0.1))
        ]
        assert kept == [True, True, False, False]
        assert (course.best, course.score, course.weights, len(course.rows)) == (2, 0.4, "b", 4)

    def test_the_first_epoch_is_kept_whatever_it_is_worth(self):
        course: Course[str] = Course()
        assert course.note({}, -math.inf, lambda: "a")
        assert course.weights == "a"

    @pytest.mark.parametrize(("patience", "stops"), [(0, False), (1, True), (2, True), (3, False)])
    def test_is_exhausted_after_so_many_epochs_without_a_better_one(self, patience, stops):
        assert Course(rows=[{}, {}, {}], best=1).exhausted(patience) is stops


class TestRequireFinite:
    def test_returns_a_finite_loss(self):
        assert require_finite(0.5, 1, "step 2", hint="x") == 0.5

    @pytest.mark.parametrize("loss", [math.nan, math.inf])
    def test_refuses_others_and_suggests_a_change(self, loss):
        with pytest.raises(TrainingError) as caught:
            require_finite(loss, 2, "step 7", hint="lower learning_rate")
        assert str(caught.value) == (
            f"the loss became {loss} in epoch 2, step 7; lower learning_rate"
        )


def test_balanced_weights_give_every_emotion_the_same_and_a_clip_one_on_average():
    weights = emotion_weights(np.array([0, 0, 0, 1]), 3, "balanced")
    assert weights[0] * 3 == pytest.approx(weights[1])
    assert (weights[0] * 3 + weights[1]) / 4 == pytest.approx(1.0)
    assert emotion_weights(np.array([0, 1]), 2, "none").tolist() == [1.0, 1.0]

"""Scores of labels agree with scikit-learn and with sums done by hand."""

from __future__ import annotations

import doctest
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, f1_score

from serkit.errors import SerkitError, UsageError
from serkit.evaluation import metrics
from serkit.evaluation.metrics import bootstrap, calibration, classification, compare
from serkit.evaluation.metrics.classification import macro_f1_of, recalls, uar_of

CLASSES = 8
label = st.integers(0, CLASSES - 1)
label_pairs = st.lists(st.tuples(label, label), min_size=1, max_size=60)


def columns(pairs):
    return [t for t, _ in pairs], [p for _, p in pairs]


@given(label_pairs)
@settings(deadline=None)
def test_every_score_is_that_of_scikit_learn(pairs):
    true, predicted = columns(pairs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # classes predicted that are not in the truth
        uar = balanced_accuracy_score(true, predicted)
    f1 = f1_score(true, predicted, average="macro", zero_division=0)
    matrix = confusion_matrix(true, predicted, labels=range(CLASSES))
    assert metrics.uar(true, predicted) == pytest.approx(uar, abs=1e-12)
    assert metrics.macro_f1(true, predicted) == pytest.approx(f1, abs=1e-12)
    assert (metrics.confusion(true, predicted, CLASSES) == matrix).all()
    assert metrics.accuracy(true, predicted) == pytest.approx(
        sum(t == p for t, p in pairs) / len(pairs), abs=1e-12
    )


def test_scores_by_hand():
    true, predicted = [0, 0, 0, 0, 1, 1, 2], [0, 0, 0, 1, 1, 0, 3]
    matrix = metrics.confusion(true, predicted, n_classes=5)
    assert matrix.tolist() == [[3, 1, 0, 0, 0], [1, 1, 0, 0, 0], [0, 0, 0, 1, 0], [0] * 5, [0] * 5]
    assert matrix.dtype == np.int64
    assert recalls(matrix)[:3].tolist() == [0.75, 0.5, 0.0]
    assert np.isnan(recalls(matrix)[3:]).all()
    assert metrics.uar(true, predicted) == pytest.approx((0.75 + 0.5 + 0) / 3)
    assert metrics.accuracy(true, predicted) == pytest.approx(4 / 7)
    # Class 3 is only predicted: F1 = 0, and it counts; class 4 is nowhere, and does not.
    assert metrics.macro_f1(true, predicted) == pytest.approx((6 / 8 + 2 / 4 + 0 + 0) / 4)


@given(label_pairs, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_scores_are_between_0_and_1_and_ignore_the_order_of_clips(pairs, random):
    true, predicted = columns(pairs)
    shuffled = list(pairs)
    random.shuffle(shuffled)
    for score in (metrics.uar, metrics.accuracy, metrics.macro_f1):
        assert 0 <= score(true, predicted) <= 1
        assert score(true, predicted) == score(*columns(shuffled))


@given(st.lists(label, min_size=1))
@settings(deadline=None)
def test_perfect_is_exactly_1(true):
    assert metrics.uar(true, true) == 1
    assert metrics.accuracy(true, true) == 1
    assert metrics.macro_f1(true, true) == 1


@given(label_pairs)
@settings(deadline=None)
def test_confusion_rows_count_the_truth_and_columns_the_predictions(pairs):
    true, predicted = columns(pairs)
    matrix = metrics.confusion(true, predicted, CLASSES)
    assert matrix.sum(axis=1).tolist() == [true.count(c) for c in range(CLASSES)]
    assert matrix.sum(axis=0).tolist() == [predicted.count(c) for c in range(CLASSES)]


def test_a_stack_of_matrices_is_scored_one_by_one():
    stack = np.random.default_rng(0).integers(0, 4, size=(5, 2, 3, 3))
    for score in (uar_of, macro_f1_of, classification.accuracy_of):
        one_by_one = [[float(score(matrix)) for matrix in row] for row in stack]
        assert score(stack).tolist() == one_by_one


def test_empty_input_scores_nan_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(uar_of(np.zeros((3, 3))))


def test_small_integer_types_do_not_overflow():
    labels = np.full(300, 19, dtype=np.uint8)
    assert metrics.confusion(labels, labels, n_classes=20)[19, 19] == 300


def test_labels_that_are_not_among_the_classes_are_refused():
    with pytest.raises(UsageError) as caught:
        metrics.uar([0, 8], [0, 1], n_classes=8)
    assert str(caught.value) == (
        "1 of 2 true labels are out of range, such as 8; they go from 0 to 7"
    )


def test_the_number_of_classes_is_read_off_the_labels_of_both_sides():
    assert metrics.confusion([0, 1], [0, 2]).shape == (3, 3)
    assert metrics.confusion([0, 2], [0, 1]).shape == (3, 3)


@pytest.mark.parametrize(
    ("true", "predicted", "sentence"),
    [
        ([0, 1], [0], "got 2 true labels, 1 predicted labels; there must be one of each"),
        ([], [], "there are no true labels; a score needs at least one clip"),
        (
            [0, 1],
            [-1, 1],
            "1 of 2 predicted labels are out of range, such as -1; they start",
        ),
        ([0.0, 1.0], [0, 1], "the true labels are of type float64; they must be integers"),
        (["sad"], [3], "the true labels are of type <U3; they must be integers"),
        ([True], [1], "the true labels are of type bool; they must be integers"),
        ([[0, 1]], [0, 1], "the true labels have the shape (1, 2); they must be one row"),
        ([[0, 1], [0]], [0, 1], "the true labels are not an array"),
    ],
)
def test_wrong_labels_are_refused_in_one_sentence(true, predicted, sentence):
    with pytest.raises(UsageError) as caught:
        metrics.uar(true, predicted)
    assert str(caught.value).startswith(sentence)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, SerkitError)


def test_there_must_be_a_class():
    with pytest.raises(UsageError, match="n_classes is 0; it must be 1 or more"):
        metrics.confusion([0], [0], n_classes=0)


@pytest.mark.parametrize("module", [metrics, classification, calibration, bootstrap, compare])
def test_the_examples_in_the_docstrings_run(module):
    assert doctest.testmod(module).failed == 0

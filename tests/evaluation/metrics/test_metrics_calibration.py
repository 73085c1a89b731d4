"""Scores of probabilities agree with scikit-learn, with a slow loop and with sums by hand."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as sklearn_log_loss

from serkit.errors import UsageError
from serkit.evaluation.metrics import brier, ece, log_loss

SEEDS = range(5)


def example(seed: int, clips: int = 200, classes: int = 8):
    """Labels, and probabilities that know something about them; some are exactly 0."""
    draw = np.random.default_rng(seed)
    true = draw.integers(0, classes, clips)
    logits = draw.normal(size=(clips, classes)) * 3
    logits[np.arange(clips), true] += 2
    probabilities = np.exp(logits)
    probabilities[probabilities < 0.05] = 0
    return true, probabilities / probabilities.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_log_loss_is_that_of_scikit_learn(seed):
    true, probabilities = example(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        golden = sklearn_log_loss(true, probabilities, labels=range(8))
    assert log_loss(true, probabilities) == pytest.approx(golden, rel=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_brier_is_the_sum_of_scikit_learns_over_the_classes(seed):
    true, probabilities = example(seed)
    golden = sum(brier_score_loss(true == c, probabilities[:, c]) for c in range(8))
    assert brier(true, probabilities) == pytest.approx(golden, rel=1e-9)


def slow_ece(true, probabilities, bins):
    total = 0.0
    for i in range(bins):
        inside = [
            (max(row), row.index(max(row)) == label)
            for label, row in zip(true.tolist(), probabilities.tolist(), strict=True)
            if i / bins < max(row) <= (i + 1) / bins
        ]
        if inside:
            accuracy = sum(right for _, right in inside) / len(inside)
            confidence = sum(p for p, _ in inside) / len(inside)
            total += len(inside) / len(true) * abs(accuracy - confidence)
    return total


@pytest.mark.parametrize("bins", [1, 2, 10, 15])
@pytest.mark.parametrize("seed", SEEDS)
def test_ece_is_that_of_a_slow_loop(seed, bins):
    true, probabilities = example(seed)
    assert ece(true, probabilities, bins=bins) == pytest.approx(
        slow_ece(true, probabilities, bins), abs=1e-12
    )


def test_ece_has_15_bins_by_default():
    true, probabilities = example(0)
    assert ece(true, probabilities) == ece(true, probabilities, bins=15)
    assert ece(true, probabilities) != ece(true, probabilities, bins=5)


def test_ece_by_hand():
    # Two clips at 0.6 (one right) and two at 0.9 (both right), in bins of their own.
    probabilities = [[0.6, 0.4], [0.4, 0.6], [0.9, 0.1], [0.1, 0.9]]
    assert ece([0, 0, 0, 1], probabilities) == pytest.approx((0.1 + 0.1) / 2)
    # In one bin the gaps are taken together: accuracy 3/4, mean confidence 3/4.
    assert ece([0, 0, 0, 1], probabilities, bins=1) == pytest.approx(0)


def test_a_bin_of_the_ece_holds_its_upper_edge():
    # 0.5 belongs to the first of two bins, 0.75 to the second: |1 - 0.5| and |0 - 0.75|.
    assert ece([0, 1], [[0.5, 0.5], [0.75, 0.25]], bins=2) == pytest.approx((0.5 + 0.75) / 2)


def test_a_perfect_model_scores_zero():
    true = np.arange(8)
    for score in (log_loss, brier, ece):
        assert score(true, np.eye(8)) == 0
    assert str(log_loss(true, np.eye(8))) == "0.0"


def test_a_model_that_knows_nothing():
    true, probabilities = np.arange(8), np.full((8, 8), 1 / 8)
    assert log_loss(true, probabilities) == pytest.approx(math.log(8))
    assert brier(true, probabilities) == pytest.approx(7 / 8)
    assert ece(true, probabilities) == pytest.approx(0)  # right once in 8, and says so


def test_a_model_that_is_sure_and_wrong():
    assert log_loss([1], [[1.0, 0.0]]) == pytest.approx(36.0437, abs=1e-4)
    assert brier([1], [[1.0, 0.0]]) == 2
    assert ece([1], [[1.0, 0.0]]) == 1


def test_single_precision_probabilities_are_accepted_and_never_give_a_negative_loss():
    true, probabilities = example(0)
    rough = probabilities.astype(np.float32)
    assert log_loss(true, rough) == pytest.approx(log_loss(true, probabilities), rel=1e-5)
    assert log_loss([0], [[1.0005, 0.0]]) == 0


@pytest.mark.parametrize("score", [log_loss, brier, ece])
@pytest.mark.parametrize(
    ("true", "probabilities", "sentence"),
    [
        ([0], [[0.5, 0.498]], "the probabilities of 1 of 1 clips do not sum to 1 (first: row 0)"),
        ([0, 0], [[1, 0], [2, -1]], "the probabilities of 1 of 2 clips are below 0 (first: row 1)"),
        ([0], [[math.nan, 1]], "the probabilities of 1 of 1 clips hold NaN or infinity"),
        ([0], [[math.inf, 0]], "the probabilities of 1 of 1 clips hold NaN or infinity"),
        ([0], [0.5, 0.5], "the probabilities have the shape (2,); it must be (clips, classes)"),
        ([], np.empty((0, 8)), "the probabilities have the shape (0, 8)"),
        ([0], [["a", "b"]], "the probabilities are not a table of numbers"),
        ([0, 1], [[1, 0]], "got 2 true labels, 1 rows of probabilities"),
        ([2], [[1, 0]], "1 of 1 true labels are out of range, such as 2; they go from 0 to 1"),
    ],
)
def test_wrong_input_is_refused_in_one_sentence(score, true, probabilities, sentence):
    with pytest.raises(UsageError) as caught:
        score(true, probabilities)
    assert str(caught.value).startswith(sentence)


def test_rows_may_miss_1_by_a_thousandth():
    assert brier([0], [[0.5, 0.4995]]) == pytest.approx(0.25 + 0.4995**2)


def test_there_must_be_a_bin():
    with pytest.raises(UsageError, match="bins is 0; it must be 1 or more"):
        ece([0], [[1.0]], bins=0)

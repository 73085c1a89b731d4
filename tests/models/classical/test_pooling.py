"""Weights shared by all speakers, and each one's own."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from serkit.models.classical.pooling import all_classes, fit_pooled


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("own", [0.0, 0.5, 2.0])
def test_it_is_one_linear_model_of_shared_and_own_columns(classes, own):
    """Written out, a row has its columns and, in its speaker's place, those times sqrt(own)."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(90, 4))
    rows -= rows.mean(axis=0)
    labels, speakers = random.integers(0, classes, 90), random.integers(0, 3, 90)
    counts = random.uniform(0.5, 2.0, 90)
    found = fit_pooled(rows, labels, speakers, counts, own=own, C=0.7, max_iter=2000)

    place = np.eye(3)[speakers]
    apart = np.sqrt(own) * (place[:, :, None] * rows[:, None]).reshape(90, -1)
    model = LogisticRegression(C=0.7, max_iter=2000, tol=1e-8)
    model.fit(np.hstack([rows, apart]), labels, counts)
    weights, intercept = all_classes(model)
    expected = weights[:4] + np.sqrt(own) * weights[4:].reshape(3, 4, -1)
    assert np.allclose(found.weights, expected, atol=1e-2)
    assert np.allclose(found.intercept, intercept, atol=1e-2)


def test_rows_that_depend_on_others_can_be_fitted():
    rows = np.repeat([[1.0, 2.0], [-1.0, -2.0]], 10, axis=0)
    labels = np.repeat([0, 1], 10)
    found = fit_pooled(rows, labels, np.zeros(20, int), np.ones(20), own=1.0, C=1.0, max_iter=100)
    assert np.array_equal((rows @ found.weights[0] + found.intercept).argmax(axis=1), labels)


def test_classes_keep_their_numbers():
    rows = np.array([[1.0], [-1.0]] * 4)
    found = fit_pooled(
        rows, np.array([7, 3] * 4), np.arange(8) // 4, np.ones(8), own=1.0, C=1.0, max_iter=100
    )
    assert found.trained.tolist() == [3, 7]
    assert found.weights.shape == (2, 1, 2)

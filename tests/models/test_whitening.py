"""Principal axes by products of columns or rows: those of a singular value decomposition."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from serkit.models.whitening import eigen_axes, fit_whitening, singular_axes

SHAPES = [(90, 20), (30, 70), (40, 40)]


def table(rows, columns):
    """Return correlated columns of several scales: two repeated, one constant, one nearly a sum."""
    random = np.random.default_rng([rows, columns])
    found = random.normal(size=(rows, columns)) @ random.normal(size=(columns, columns))
    found *= np.geomspace(0.1, 30, columns)
    found[:, 1], found[:, 2], found[:, 3] = found[:, 0], 5, -2 * found[:, 4]
    found[:, 5] = found[:, 6] + found[:, 7] + 0.1 * random.normal(size=rows)
    return found


def centred(rows, columns):
    found = table(rows, columns)
    return found - found.mean(axis=0)


@pytest.mark.parametrize("shape", SHAPES)
def test_axes_and_variances_are_those_of_singular_values(shape):
    values = centred(*shape)
    variances, axes = eigen_axes(values)
    expected, singular = singular_axes(values)
    assert variances == pytest.approx(expected, rel=1e-6)
    assert (np.diff(variances) <= 0).all()
    assert np.abs((axes * singular).sum(axis=1)) == pytest.approx(np.ones(len(axes)), abs=1e-6)
    assert axes @ axes.T == pytest.approx(np.eye(len(axes)), abs=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("shrinkage", [0.01, 0.5, 0.9])
def test_whitened_rows_have_the_same_products(shape, shrinkage):
    """Linear models with an L2 penalty and RBF kernels depend on these alone."""
    values = table(*shape)
    products = []
    for axes_of in (eigen_axes, singular_axes):
        mean, axes = fit_whitening(values, shrinkage, axes_of)
        white = (values - mean) @ axes.T
        products.append(white @ white.T)
    assert products[0] == pytest.approx(products[1], abs=1e-9)
    assert np.trace(products[0]) == pytest.approx(shape[0])


def test_a_classifier_gives_new_clips_the_same_log_probabilities():
    values, new = table(60, 100), table(60, 100)[::-1] * 1.3 + 0.1
    labels = np.arange(60) % 4
    found = []
    for axes_of in (eigen_axes, singular_axes):
        mean, axes = fit_whitening(values, 0.9, axes_of)
        model = LogisticRegression().fit((values - mean) @ axes.T, labels)
        found.append(model.predict_log_proba((new - mean) @ axes.T))
    assert found[0] == pytest.approx(found[1], abs=1e-6)


@pytest.mark.parametrize("axes_of", [eigen_axes, singular_axes])
def test_axes_along_which_nothing_varies_are_left_out(axes_of):
    variances, axes = axes_of(centred(90, 20))
    assert len(variances) == len(axes) == 17  # two are repeated, one is constant
    assert len(axes_of(np.zeros((5, 3)))[0]) == 0

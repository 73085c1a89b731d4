"""Preprocessing steps that scikit-learn does not have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import f_classif
from sklearn.utils.estimator_checks import check_estimator

from serkit.errors import UsageError
from serkit.models.classical.steps import Clip, ShrunkWhitening, TellingColumns, f_statistic

TABLE = np.random.default_rng(0).normal(size=(60, 5)) * (1, 2, 5, 10, 0.1) + (0, 3, -1, 50, 7)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "step", [Clip(), TellingColumns(1), ShrunkWhitening()], ids=lambda step: type(step).__name__
)
def test_it_is_an_estimator_as_scikit_learn_wants_it(step):
    check_estimator(step)


class TestClip:
    @given(
        values=arrays(float, (3, 2), elements=st.floats(-1e9, 1e9)),
        limit=st.floats(0.1, 100),
    )
    def test_nothing_is_beyond_the_limit_and_the_rest_is_left_alone(self, values, limit):
        found = Clip(limit).fit_transform(values)
        inside = np.abs(values) <= limit
        assert np.abs(found).max() <= limit
        assert np.array_equal(found[inside], values[inside])
        assert np.array_equal(np.sign(found), np.sign(values))

    def test_another_number_of_columns_is_refused(self):
        with pytest.raises(ValueError, match="X has 3 features, but Clip is expecting 5"):
            Clip().fit(TABLE).transform(TABLE[:, :3])


class TestTellingColumns:
    LABELS = np.arange(60) % 4

    def table(self):
        """Return columns of which the second and fourth tell the classes apart, most the fourth."""
        table = TABLE.copy()
        table[:, 1] += 2 * self.LABELS
        table[:, 3] -= 90 * self.LABELS
        return table

    def test_the_statistic_is_scikit_learn_s(self):
        expected, _ = f_classif(self.table(), self.LABELS)
        assert f_statistic(self.table(), self.LABELS) == pytest.approx(expected)

    def test_a_constant_column_tells_nothing_and_one_that_is_constant_in_each_class_all(self):
        table = np.stack([np.ones(60), self.LABELS], axis=1)
        assert f_statistic(table, self.LABELS).tolist() == [0, np.inf]

    @pytest.mark.parametrize(("count", "kept"), [(1, [3]), (2, [1, 3]), (5, [0, 1, 2, 3, 4])])
    def test_those_in_which_classes_differ_most_are_kept_in_order(self, count, kept):
        step = TellingColumns(count).fit(self.table(), self.LABELS)
        assert step.columns_.tolist() == kept
        assert np.array_equal(step.transform(self.table()), self.table()[:, kept])

    def test_more_columns_than_there_are_cannot_be_kept(self):
        with pytest.raises(UsageError) as caught:
            TellingColumns(6).fit(TABLE, self.LABELS)
        assert str(caught.value) == (
            "select = 6, and clips have 5 columns; 1 to 5 can be selected, and 0 keeps all"
        )


class TestShrunkWhitening:
    @pytest.mark.parametrize("shrinkage", [0.0, 0.3, 0.9, 1.0])
    def test_the_output_is_centred_uncorrelated_and_of_unit_mean_square(self, shrinkage):
        found = ShrunkWhitening(shrinkage).fit_transform(TABLE)
        covariance = found.T @ found / len(found)
        assert np.abs(found.mean(axis=0)).max() < 1e-5
        assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 1e-5
        assert np.mean(np.sum(found**2, axis=1)) == pytest.approx(1, abs=1e-4)

    def test_without_shrinkage_every_axis_weighs_the_same(self):
        found = ShrunkWhitening(0.0).fit_transform(TABLE)
        assert found.var(axis=0) == pytest.approx(np.full(5, 0.2), abs=1e-4)

    def test_with_all_shrinkage_it_only_turns_and_scales(self):
        """Distances between clips keep their proportions."""
        found = ShrunkWhitening(1.0).fit_transform(TABLE)
        before = np.linalg.norm(TABLE[0] - TABLE[1:], axis=1)
        after = np.linalg.norm(found[0] - found[1:], axis=1)
        assert after / before == pytest.approx(np.full(59, after[0] / before[0]), rel=1e-4)

    def test_its_axes_are_divided_as_its_formula_says(self):
        shrinkage = 0.4
        centred = TABLE - TABLE.mean(axis=0)
        variances, axes = np.linalg.eigh(centred.T @ centred / len(TABLE))
        shrunk = (1 - shrinkage) * variances + shrinkage * variances.mean()
        by_hand = centred @ axes / np.sqrt(shrunk) / np.sqrt(np.sum(variances / shrunk))
        found = ShrunkWhitening(shrinkage).fit_transform(TABLE)
        assert np.abs(found) == pytest.approx(np.abs(by_hand[:, ::-1]), abs=1e-5)

    def test_more_columns_than_clips_will_do(self):
        wide = np.random.default_rng(1).normal(size=(10, 40))
        found = ShrunkWhitening(0.9).fit_transform(wide)
        assert found.shape == (10, 9)  # centred, ten clips span nine axes
        assert np.isfinite(found).all()

    def test_constant_and_repeated_columns_are_left_out(self):
        table = np.column_stack([TABLE, TABLE[:, 0], np.full(60, 3.0)])
        assert ShrunkWhitening(0.0).fit_transform(table).shape == (60, 5)

    def test_new_clips_are_measured_by_the_fitted_ones(self):
        fitted = ShrunkWhitening().fit(TABLE)
        assert np.array_equal(fitted.transform(TABLE[:7]), fitted.transform(TABLE)[:7])

    def test_an_unfitted_step_raises(self):
        with pytest.raises(NotFittedError):
            ShrunkWhitening().transform(TABLE)

    def test_a_copy_of_it_has_its_setting(self):
        assert clone(ShrunkWhitening(0.25)).shrinkage == 0.25

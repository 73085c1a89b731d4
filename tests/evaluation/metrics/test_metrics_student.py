"""Quantiles of Student's t, against SciPy's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from serkit.errors import UsageError
from serkit.evaluation.metrics.student import t_quantile


@given(st.floats(1, 1000), st.sampled_from([0.025, 0.2, 0.51, 0.8, 0.975, 0.999]))
def test_quantiles_are_scipys(freedom, level):
    assert t_quantile(freedom, level) == pytest.approx(stats.t.ppf(level, freedom), rel=1e-11)


def test_half_of_all_values_are_below_zero():
    assert t_quantile(7, 0.5) == 0


@pytest.mark.parametrize(("freedom", "level"), [(0, 0.9), (-1, 0.9), (3, 0), (3, 1), (3, 1.5)])
def test_arguments_out_of_range_are_refused(freedom, level):
    with pytest.raises(UsageError, match=f"got {freedom} degrees of freedom and the level {level}"):
        t_quantile(freedom, level)

"""BLAS on one thread: for how long, and that the digits of a run do not depend on the cores."""

from __future__ import annotations

import pandas as pd
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import serkit
from serkit.compute.blas import on_one_blas_thread, one_blas_thread


def threads() -> set[int]:
    import scipy.linalg  # noqa: F401  # brings its own BLAS

    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    # PyTorch's may be loaded here as well; nothing classical computes with it
    return {pool["num_threads"] for pool in pools if pool["internal_api"] == "openblas"}


@pytest.fixture(autouse=True)
def two_threads():
    with threadpool_limits(2, user_api="blas"):
        yield


def test_it_lasts_as_long_as_the_block():
    with one_blas_thread():
        assert threads() == {1}
        with one_blas_thread():
            assert threads() == {1}
        assert threads() == {1}
    assert threads() == {2}


def test_an_error_ends_it():
    with pytest.raises(ZeroDivisionError), one_blas_thread():
        raise ZeroDivisionError
    assert threads() == {2}


def test_a_function_may_be_made_to_compute_in_it():
    assert on_one_blas_thread(threads)() == {1}
    assert threads() == {2}


def test_a_run_has_the_same_digits_on_one_thread_and_on_two(speech_store, tmp_path):
    given = {"store": speech_store, "protocol": "luna5", "values": {"C": 1.0}}
    two = serkit.train("logreg", runs=tmp_path / "two", **given)
    with threadpool_limits(1, user_api="blas"):
        one = serkit.train("logreg", runs=tmp_path / "one", **given)
    pd.testing.assert_frame_equal(one.predictions, two.predictions, check_exact=True)

"""BLAS on one thread: for how long, and that the digits of a run do not depend on the cores."""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pandas as pd
import pytest
import scipy.linalg  # noqa: F401  # brings its own BLAS
from threadpoolctl import threadpool_info, threadpool_limits

import serkit
from serkit.compute.blas import on_one_blas_thread, one_blas_thread
from serkit.dsp.signal import Signal
from serkit.features import Recipes
from serkit.features.compute import compute_features
from serkit.testing import example_signal


def threads() -> set[int]:
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


def test_it_holds_in_threads_other_than_the_first():
    with one_blas_thread():
        pass  # the main thread was first
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(on_one_blas_thread(threads)).result() == {1}
        assert pool.submit(threads).result() == {2}


def test_a_thread_that_leaves_does_not_lift_the_limit_of_those_inside():
    inside, left = Event(), Event()

    def waits() -> set[int]:
        with one_blas_thread():
            inside.set()
            left.wait(10)
            return threads()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(waits)
        inside.wait(10)
        with one_blas_thread():
            pass
        left.set()
        assert waiting.result() == {1}
    assert threads() == {2}


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork on Windows")
def test_a_child_that_was_forked_inside_may_enter_as_well():
    with one_blas_thread():
        child = multiprocessing.get_context("fork").Process(target=on_one_blas_thread(threads))
        child.start()
        child.join(10)
        assert child.exitcode == 0


def test_a_clip_has_the_same_features_in_any_thread():
    samples = example_signal(96_000)
    spec = Recipes().get("functionals")

    def features() -> bytes:
        values, _ = compute_features(Signal(samples), [(spec, spec.layout())])
        return values["functionals"].array.tobytes()

    with ThreadPoolExecutor(4) as pool:
        assert {pool.submit(features).result() for _ in range(4)} == {features()}
        assert set(pool.map(lambda _: features(), range(8))) == {features()}


def test_a_run_has_the_same_digits_on_one_thread_and_on_two(speech_store, tmp_path):
    given = {"store": speech_store, "protocol": "luna5", "values": {"C": 1.0}}
    two = serkit.train("logreg", runs=tmp_path / "two", **given)
    with threadpool_limits(1, user_api="blas"):
        one = serkit.train("logreg", runs=tmp_path / "one", **given)
    pd.testing.assert_frame_equal(one.predictions, two.predictions, check_exact=True)

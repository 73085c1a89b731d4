"""Ctrl-C in a training: kept until a step is done, at once the second time."""

from __future__ import annotations

import gc
import signal
import weakref

import pytest

from serkit.cli.interrupts import stoppable

SAID = "serkit: stopping as soon as this step is done; Ctrl-C again stops at once\n"


@pytest.fixture(autouse=True)
def usual_handler(monkeypatch):
    """Begin as a command line does, whatever the tests are started by."""
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def test_the_first_interrupt_waits_for_the_end_of_a_step(capfd):
    with stoppable() as stop_if_asked:
        stop_if_asked()
        press()
        assert capfd.readouterr().err == SAID
        with pytest.raises(KeyboardInterrupt):
            stop_if_asked()


def test_the_second_one_does_not_wait(capfd):
    with stoppable():
        press()
        with pytest.raises(KeyboardInterrupt):
            press()


def test_an_interrupt_that_python_would_swallow_is_kept(capfd):
    class Thing:
        pass

    with stoppable() as stop_if_asked:
        thing = Thing()
        watched = weakref.ref(thing, lambda _ref: press())  # what is raised in there is ignored
        del thing
        gc.collect()
        assert watched() is None
        with pytest.raises(KeyboardInterrupt):
            stop_if_asked()


def test_afterwards_it_interrupts_as_before():
    with stoppable():
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("handler", [signal.SIG_IGN, lambda *_: None])
def test_an_existing_handler_is_kept(handler):
    signal.signal(signal.SIGINT, handler)
    with stoppable() as stop_if_asked:
        assert signal.getsignal(signal.SIGINT) is handler
        stop_if_asked()


def test_of_several_processes_none_waits_for_the_others(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with stoppable(), pytest.raises(KeyboardInterrupt):
        press()

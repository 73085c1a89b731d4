"""``serkit predict --microphone``: a level meter, and a line for each prediction."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from serkit.cli.output import say

if TYPE_CHECKING:
    from serkit.api import Heard, Predictor

_LOWEST = -60.0
"""Level in dB of full scale at which the meter is empty; at 0 it is full."""

_WIDTH = 30


def live(predictor: Predictor, *, window: float, hop: float, as_json: bool) -> None:
    """Predict from the microphone until Ctrl-C.

    Args:
        predictor: The models.
        window: The window's length in seconds.
        hop: Seconds from one prediction to the next.
        as_json: Write JSON Lines instead of text.
    """
    from serkit import api

    for warning in predictor.warnings:
        say(warning)
    with suppress(KeyboardInterrupt), _meter() as show:
        for heard in api.listen(predictor, window=window, hop=hop):
            if heard.window is not None:
                show("")
                print(json.dumps(heard.to_json()) if as_json else _line(heard), flush=True)
            show(bar(heard.level))


@contextmanager
def _meter() -> Iterator[Callable[[str], None]]:
    """Yield a function that redraws one line of stderr; it does nothing without a terminal."""
    if not sys.stderr.isatty():
        yield lambda _text: None
        return

    def show(text: str) -> None:
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()

    try:
        yield show
    finally:
        show("")


def bar(level: float) -> str:
    """Draw a level.

    Example:
        >>> bar(-30.0)
        '[###############               ] -30 dB'
    """
    filled = round(_WIDTH * min(1.0, max(0.0, 1 - level / _LOWEST)))
    return f"[{'#' * filled:<{_WIDTH}}] {level:.0f} dB"


def _line(heard: Heard) -> str:
    window = heard.window
    if window is None:
        return ""
    times = f"{window.start:7.1f} to {window.end:.1f} s"
    if window.prediction is None:
        return f"{times}  (silence)"
    best = window.prediction.emotion
    return f"{times}  {best} {100 * window.prediction.probabilities[best]:.0f} %"

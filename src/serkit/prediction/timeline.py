"""Emotions over time in long recordings, with a sliding window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from serkit.errors import UsageError
from serkit.prediction.predictions import Prediction
from serkit.shown import Shown
from serkit.store.manifest import Failure

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, in seconds."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Window:
    """The prediction for one window.

    Attributes:
        start: In seconds.
        end: In seconds.
        speech: Share of it that is speech, 0 to 1.
        prediction: The prediction; None if there is too little speech.
    """

    start: float
    end: float
    speech: float
    prediction: Prediction | None


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch without change.

    Attributes:
        start: In seconds.
        end: In seconds.
        emotion: The most probable emotion; empty for silence.
        probability: Its mean probability; 0 for silence.
    """

    start: float
    end: float
    emotion: str
    probability: float


@dataclass(frozen=True)
class Timeline:
    """Emotions over the time of one recording.

    Attributes:
        path: The file's path as given.
        seconds: Its length.
        windows: In order.
        hop: Seconds from one window to the next.
    """

    path: str
    seconds: float
    windows: tuple[Window, ...]
    hop: float

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Contiguous segments of one emotion, from the mean of all windows at each moment."""
        spans = [(span, self._mean(span)) for span in self._spans()]
        found = []
        for emotion, group in groupby(spans, key=lambda each: _best(each[1])):
            some = list(group)
            lengths = [span.end - span.start for span, _ in some]
            likely = np.average([each.get(emotion, 0.0) for _, each in some], weights=lengths)
            found.append(Segment(some[0][0].start, some[-1][0].end, emotion, float(likely)))
        return tuple(found)

    def to_json(self) -> list[dict[str, Any]]:
        """Return an object per window; see :meth:`Timelines.to_json`."""
        return [
            {
                "path": self.path,
                "start": round(each.start, 3),
                "end": round(each.end, 3),
                "speech": round(each.speech, 3),
                "emotion": each.prediction.emotion if each.prediction else None,
                "probabilities": dict(each.prediction.probabilities) if each.prediction else {},
            }
            for each in self.windows
        ]

    def _spans(self) -> Iterator[Span]:
        """Yield the stretches that the same windows cover."""
        edges = sorted({edge for each in self.windows for edge in (each.start, each.end)})
        for start, end in pairwise(edges):
            yield Span(start, end)

    def _mean(self, span: Span) -> Mapping[str, float]:
        """Return the mean probabilities of the windows around a span; empty in silence."""
        covering = [w for w in self.windows if w.start <= span.start and w.end >= span.end]
        answers = [w.prediction.probabilities for w in covering if w.prediction]
        if 2 * len(answers) < len(covering) or not answers:
            return {}
        return {name: float(np.mean([each[name] for each in answers])) for name in answers[0]}


def _best(probabilities: Mapping[str, float]) -> str:
    return max(probabilities, key=lambda name: probabilities[name], default="")


def spans_of(seconds: float, window: float, hop: float) -> list[Span]:
    """Return the positions of a sliding window over a recording.

    The last one ends with the recording; a shorter recording is one window.

    Args:
        seconds: The recording's length.
        window: The window's length in seconds.
        hop: Seconds from one to the next.

    Raises:
        UsageError: They make no sense.

    Example:
        >>> [(each.start, each.end) for each in spans_of(5.5, 3, 2)]
        [(0, 3), (2, 5), (2.5, 5.5)]
    """
    if not 0.1 <= window <= 120:
        raise UsageError(f"window = {window:g} s", allowed="0.1 to 120 s are allowed")
    if not 0.05 <= hop <= window:
        raise UsageError(f"hop = {hop:g} s", allowed=f"0.05 to {window:g} s, the window, are")
    if seconds <= window:
        return [Span(0.0, seconds)]
    count = int((seconds - window) / hop + 1e-9) + 1
    spans = [Span(k * hop, k * hop + window) for k in range(count)]
    if spans[-1].end < seconds - 1e-6:
        spans.append(Span(seconds - window, seconds))
    return spans


@dataclass(frozen=True)
class Timelines(Shown):
    """Emotions over time in several recordings.

    Attributes:
        title: Which models are used.
        timelines: One per recording that could be read.
        failed: Files that failed, with the reason.
        warnings: Reasons to distrust the predictions, one sentence each.

    Example:
        >>> clip = "data/speech/Actor_01/03-01-01-01-01-01-01.wav"
        >>> lines = serkit.predict_over_time("majority-luna5", clip, window=1.0)
        >>> sorted(lines.to_json()[0])
        ['emotion', 'end', 'path', 'probabilities', 'speech', 'start']
    """

    title: str
    timelines: tuple[Timeline, ...]
    failed: tuple[Failure, ...] = ()
    warnings: tuple[str, ...] = ()

    def to_json(self) -> list[dict[str, Any]]:
        """Return an object per window: ``path, start, end, speech, emotion, probabilities``.

        ``emotion`` is null, and ``probabilities`` is empty, without speech; a failed
        file has ``path, error, message``.
        """
        rows = [row for timeline in self.timelines for row in timeline.to_json()]
        return rows + [
            {"path": each.path, "error": each.error, "message": each.message}
            for each in self.failed
        ]

    def __rich__(self) -> RenderableType:
        from serkit.tables import table

        right = {"from": "right", "to": "right", "": "left", "%": "right"}
        made = table(self.title, {"file": "left", **right, "emotion": "left"})
        for timeline in self.timelines:
            for each in timeline.segments:
                share = f"{100 * each.probability:.0f}" if each.emotion else ""
                bar = "█" * round(12 * each.probability)
                times = (clock(each.start), clock(each.end))
                made.add_row(timeline.path, *times, bar, share, each.emotion or "(silence)")
        return made


def clock(seconds: float) -> str:
    """Return a time as people write it.

    Example:
        >>> clock(83.25)
        '1:23.2'
    """
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{int(rest):02}.{int(10 * (rest % 1))}"

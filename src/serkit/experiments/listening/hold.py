"""Running a listening test: ask, save each answer, resume, and score at the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serkit.audio import read_audio
from serkit.clips import SAMPLE_RATE
from serkit.errors import NotFoundError, SerkitError, StoreError, UsageError
from serkit.experiments.listening.answers import (
    SKIPPED,
    AnswerFile,
    appending,
    check_listener,
)
from serkit.experiments.listening.order import balanced_order
from serkit.experiments.listening.scoring import human_run
from serkit.experiments.listening.session import Ask, Command, Feedback, Question, Session
from serkit.extraction.plan import channel_read
from serkit.results.run import Run
from serkit.shown import Shown
from serkit.store.store import FeatureStore
from serkit.store.tables import ClipRow

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from rich.console import RenderableType

RAW = "raw"
"""The feature that keeps samples."""

_MOST_FAILED = 5
"""Clips in a row that cannot be played, after which it is not the clips."""

NEUTRAL = "neutral"
"""Never played unless it is asked for: the study left it out."""


@dataclass(frozen=True)
class Test:
    """The clips, labels and listener of a test.

    Attributes:
        listener: Who listens.
        clips: How many clips are to be answered; None for all.
        seed: Of the order.
        with_neutral: Whether neutral clips are played, too.
        answers: The file that answers are appended to.
    """

    listener: str
    clips: int | None
    seed: int
    with_neutral: bool
    answers: Path


@dataclass(frozen=True)
class Listened(Shown):
    """What came of a listening test.

    Attributes:
        listener: Who listened.
        answered: Clips that this listener has answered.
        total: Clips that the test has.
        answers: The file with all answers.
        run: The run of all answers in that file; None before the end of the test.

    Example:
        >>> found = serkit.human(lambda question: serkit.Command.STOP, clips=7)
        >>> found.answered, found.total, found.run
        (0, 7, None)
    """

    listener: str
    answered: int
    total: int
    answers: Path
    run: Run | None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain objects."""
        return {
            "listener": self.listener,
            "answered": self.answered,
            "total": self.total,
            "answers": str(self.answers),
            "run": None if self.run is None else self.run.to_json(),
        }

    def __rich__(self) -> RenderableType:
        """Return the run at the end, and until then only the progress, without true labels."""
        from rich.text import Text

        if self.run is not None:
            return self.run.__rich__()
        return Text(
            f"{self.answered:,} of {self.total:,} clips answered, kept in {self.answers}; the "
            "same command resumes"
        )


def hold(
    test: Test,
    store: FeatureStore,
    runs: Path,
    ask: Ask,
    *,
    feedback: Feedback | None = None,
    say: Callable[[str], None] | None = None,
) -> Listened:
    """Hold a listening test, and make a run of its answers at the end.

    Args:
        test: What is asked.
        store: The store that knows the clips.
        runs: The folder of runs.
        ask: Plays a clip and returns an answer or a command.
        feedback: Called with each answer and the truth; None tells nothing before the end.
        say: Called with a sentence about each clip that cannot be played.

    Raises:
        UsageError: Nothing can be asked, or ``ask`` returned something else.
        NotFoundError, AudioError: Five clips in a row cannot be played.
        StoreLockedError: Another test is writing to the file of answers.
        StoreWriteError: The disk did not take an answer; the earlier ones are kept.
    """
    listener = check_listener(test.listener)
    if test.clips is not None and test.clips < 1:
        raise UsageError(f"clips = {test.clips}", allowed="1 or more is allowed")
    rows = {clip.clip_id: clip for clip in _clips(store, test.with_neutral)}
    order = balanced_order(rows.values(), test.seed)
    with appending(test.answers) as file:
        session = Session(order, test.clips or len(order), listener, file)
        over = _ask_all(session, store, rows, ask, feedback, say)
        run = _run(store, file, runs) if over else None
        return Listened(listener, session.answered, session.total, test.answers, run)


def _clips(store: FeatureStore, with_neutral: bool) -> list[ClipRow]:
    """Return the clips that may be played.

    Raises:
        UsageError: There are none, or they are all of one emotion.
    """
    left_out = () if with_neutral else (NEUTRAL,)
    clips = [
        clip
        for clip in store.state.clips.values()
        if clip.emotion in store.labels and clip.emotion not in left_out
    ]
    if len({clip.emotion for clip in clips}) < 2:
        raise UsageError(
            f"{store.path} has clips of fewer than two emotions",
            hint="name another store with --store DIR",
        )
    return clips


def _ask_all(
    session: Session,
    store: FeatureStore,
    rows: dict[str, ClipRow],
    ask: Ask,
    feedback: Feedback | None,
    say: Callable[[str], None] | None,
) -> bool:
    """Ask until the end or until the listener stops; return whether it was the end."""
    failed = 0
    while (clip_id := session.clip_id) is not None:
        try:
            samples = _samples(store, rows[clip_id])
        except SerkitError as error:
            failed += 1
            if failed == _MOST_FAILED:
                raise
            session.leave_out(clip_id)
            if say:
                say(f"a clip cannot be played: {error}")
            continue
        failed = 0
        question = Question(
            session.answered + 1,
            session.total,
            store.labels.names,
            samples,
            SAMPLE_RATE,
            session.undoable is not None,
        )
        begun = time.monotonic()
        reply = ask(question)
        seconds = time.monotonic() - begun
        if reply is Command.STOP:
            return False
        if reply is Command.UNDO:
            session.undo()
        elif reply is Command.SKIP:
            session.keep(SKIPPED, seconds)
        elif reply in store.labels:
            session.keep(str(reply), seconds)
            if feedback:
                feedback(str(reply), rows[clip_id].emotion)
        else:
            raise UsageError(
                f"{reply!r} was answered", allowed=f"there are {', '.join(store.labels)}"
            )
    return session.answered > 0


def _samples(store: FeatureStore, clip: ClipRow) -> npt.NDArray[np.int16]:
    """Return a clip's samples: the store's own, else the file's.

    Raises:
        SerkitError: Neither can be read.
    """
    if RAW in store.features:
        with suppress(StoreError, UsageError):  # it failed for this clip, or is damaged
            samples: npt.NDArray[np.int16] = store.read(RAW, [clip.clip_id], padded=False).X[0]
            return samples
    path = Path(clip.root) / clip.path
    if not path.is_file():
        raise NotFoundError(
            f"{path} is not there",
            hint=f"bring the audio back, or extract the feature {RAW}, which keeps it",
        )
    return read_audio(path, channel=channel_read(clip, store.state)).samples


def _run(store: FeatureStore, file: AnswerFile, runs: Path) -> Run:
    return human_run(store, file.answers, runs, file.path.stem)

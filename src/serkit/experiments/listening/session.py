"""One listener's test as a state: which clip is next, and what an answer does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from serkit.experiments.listening.answers import SKIPPED, UNDONE, Answer, AnswerFile, last_words

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Command(Enum):
    """A command that a listener may give instead of an answer.

    Example:
        >>> Command("undo") is Command.UNDO
        True
    """

    UNDO = "undo"
    """Take the last answer back, and hear its clip again."""
    SKIP = "skip"
    """Leave this clip out."""
    STOP = "stop"
    """Stop; the same call resumes."""


@dataclass(frozen=True)
class Question:
    """A clip to play. Nothing in it reveals the true label, not even its name.

    Attributes:
        number: Which question it is, from 1.
        total: How many there are.
        choices: The labels to choose from.
        samples: int16 amplitudes, shape ``(n,)``.
        sample_rate: In Hz.
        can_undo: Whether there is an answer to take back.

    Example:
        >>> asked = []
        >>> def ask(question):
        ...     asked.append(question)
        ...     return serkit.Command.STOP
        >>> _ = serkit.human(ask, clips=7)
        >>> asked[0].number, asked[0].total, asked[0].choices[:3]
        (1, 7, ('neutral', 'calm', 'happy'))
    """

    number: int
    total: int
    choices: tuple[str, ...]
    samples: npt.NDArray[np.int16]
    sample_rate: int
    can_undo: bool


Reply = str | Command
Ask = Callable[[Question], Reply]
"""Plays a question's samples and returns one of its choices, or a command."""

Feedback = Callable[[str, str], None]
"""Called with an answer and the truth."""


class Session:
    """One listener's way through the clips.

    Args:
        order: Clips in the order in which they are played.
        total: How many answers are wanted.
        listener: Who listens.
        file: Where answers go; those of the listener that are there count.
    """

    def __init__(self, order: Sequence[str], total: int, listener: str, file: AnswerFile) -> None:
        self._order = order
        self._wanted = total
        self._listener = listener
        self._file = file
        self._unplayable: set[str] = set()
        self._again: str | None = None

    @property
    def answered(self) -> int:
        """How many clips have an answer."""
        return sum(each.answer != SKIPPED for each in self._own.values())

    @property
    def total(self) -> int:
        """How many answers there will be: fewer than wanted where clips run out."""
        left = sum(self._is_open(clip_id) for clip_id in self._order)
        return min(max(self._wanted, self.answered), self.answered + left)

    @property
    def clip_id(self) -> str | None:
        """The clip to be played next; None at the end."""
        if self.answered >= self._wanted:
            return None
        if self._again is not None and self._is_open(self._again):
            return self._again
        return next((clip_id for clip_id in self._order if self._is_open(clip_id)), None)

    @property
    def undoable(self) -> str | None:
        """The clip whose answer can be taken back."""
        return next(reversed(self._own), None)

    def keep(self, answer: str, seconds: float) -> None:
        """Save the listener's answer to the clip."""
        if self.clip_id is not None:
            self._file.append(Answer(self._listener, self.clip_id, answer, seconds))

    def undo(self) -> None:
        """Take the last answer (or skip) back: its clip is played next."""
        self._again = self.undoable
        if self._again is not None:
            self._file.append(Answer(self._listener, self._again, UNDONE))

    def leave_out(self, clip_id: str) -> None:
        """Leave a clip out that cannot be played; the next session tries it again."""
        self._unplayable.add(clip_id)

    @property
    def _own(self) -> dict[str, Answer]:
        """The listener's last word on each clip of this test."""
        words = last_words(each for each in self._file.answers if each.listener == self._listener)
        ours = set(self._order)
        return {clip_id: each for (_, clip_id), each in words.items() if clip_id in ours}

    def _is_open(self, clip_id: str) -> bool:
        return clip_id not in self._own and clip_id not in self._unplayable

"""The human baseline: ``human``, ``import_answers`` and audio players."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from serkit.api._settings import PathLike
from serkit.settings import resolve

if TYPE_CHECKING:
    from serkit.audio.playing import Player
    from serkit.experiments.listening.hold import Listened
    from serkit.experiments.listening.session import Ask, Command, Feedback
    from serkit.results.run import Run
    from serkit.store.store import FeatureStore

DEFAULT_ANSWERS = Path("listening/answers.csv")
"""Default folder for answers."""


def human(
    ask: Ask,
    *,
    store: FeatureStore | PathLike | None = None,
    runs: PathLike | None = None,
    answers: PathLike = DEFAULT_ANSWERS,
    listener: str = "me",
    clips: int | None = 50,
    seed: int | None = None,
    with_neutral: bool = False,
    feedback: Feedback | None = None,
    say: Callable[[str], None] | None = None,
) -> Listened:
    """Run a listening test in which a person labels clips; the answers become a run.

    Clips come in random order, balanced over emotions and speakers from the first on. Every
    answer is appended to a file at once. A test that was stopped or killed is resumed by the same
    call; several people may answer into one file, one after another.

    Args:
        ask: Is handed a :class:`serkit.Question`, whose samples it plays, and returns one of its
            choices or a :class:`serkit.Command` (undo, skip, stop).
        store: The store that knows the clips, or its folder; None uses the setting.
        runs: Folder that the run is kept in; None uses the setting.
        answers: The file that answers are appended to.
        listener: Who listens; a pseudonym will do.
        clips: How many clips are to be answered; None for all.
        seed: Of the order; None uses the setting.
        with_neutral: Whether neutral clips are played, too.
        feedback: Called with each answer and the truth; None tells nothing before the end.
        say: Called with a sentence about each clip that cannot be played.

    Returns:
        How far the test is, and at its end the run.

    Raises:
        NotFoundError: No such store.
        UsageError: There is nothing to ask, or ``ask`` returned something else.
        StoreLockedError: Another test is writing to the file of answers.
        StoreWriteError: The disk did not take an answer; the earlier ones are kept.

    Example:
        >>> def ask(question):
        ...     return "sad" if len(question.samples) > 48_000 else "angry"
        >>> found = serkit.human(ask, clips=7)
        >>> found.run.name, found.run.record["clips"]
        ('human-answers', 7)
    """
    from serkit.experiments.listening.hold import Test, hold
    from serkit.store.store import FeatureStore

    given = None if isinstance(store, FeatureStore) else store
    settings = resolve({"store": given, "runs": runs, "seed": seed})
    opened = store if isinstance(store, FeatureStore) else FeatureStore(settings.store)
    test = Test(listener, clips, settings.seed, with_neutral, Path(answers))
    return hold(test, opened, Path(settings.runs), ask, feedback=feedback, say=say)


def import_answers(
    answers: PathLike,
    *,
    store: FeatureStore | PathLike | None = None,
    runs: PathLike | None = None,
) -> Run:
    r"""Make a run from answers collected elsewhere, or from an unfinished test.

    Args:
        answers: A CSV file: columns ``clip`` and ``answer``, and ``listener`` and ``seconds``
            where they are known; or the reference study's ``index,true,pred``.
        store: The store that knows the clips, or its folder; None uses the setting.
        runs: Folder that the run is kept in; None uses the setting.

    Returns:
        The run, named after the file. An earlier run of the same answers and fewer is replaced.

    Raises:
        NotFoundError: No such store or file.
        UsageError: The file holds something else, or its clips cannot be identified.

    Example:
        >>> _ = Path("by-hand.csv").write_text("clip,answer\n03-01-05-02-01-01-02,angry\n")
        >>> serkit.import_answers("by-hand.csv").accuracy
        1.0
    """
    from serkit.experiments.listening.foreign import read_foreign
    from serkit.experiments.listening.scoring import human_run
    from serkit.store.store import FeatureStore

    given = None if isinstance(store, FeatureStore) else store
    settings = resolve({"store": given, "runs": runs})
    opened = store if isinstance(store, FeatureStore) else FeatureStore(settings.store)
    path = Path(answers)
    return human_run(opened, read_foreign(path, opened), Path(settings.runs), path.stem)


def player(
    way: str | None = None, say: Callable[[str], None] = print
) -> AbstractContextManager[Player]:
    """Return a player for samples: ``with serkit.player() as p: p.play(samples, 48_000)``.

    Args:
        way: ``sounddevice``, ``ffplay``, ``aplay``, ``afplay``, or ``path``, which writes each
            sound to a file and names it; None is the first that works.
        say: Called with sentences to the listener.

    Raises:
        UnknownNameError: There is no such way.

    Example:
        >>> import numpy as np
        >>> with serkit.player("path", say=lambda text: print(Path(text).name)) as player:
        ...     player.play(np.zeros(4800, np.int16), 48_000)
        clip-1.wav
    """
    from serkit.audio.playing import player as opened

    return opened(way, say)


def command(word: str) -> Command:
    """Return the listener's commands: ``undo``, ``skip`` or ``stop``."""
    from serkit.experiments.listening.session import Command

    return Command(word)

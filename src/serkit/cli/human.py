"""``serkit human``: the listening test in a terminal, or driven through a pipe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serkit.cli import options
from serkit.cli.keys import END, forget_typed, read_key, single_keys
from serkit.cli.output import print_json, print_rich, say
from serkit.errors import UsageError

if TYPE_CHECKING:
    from serkit.api import Player, Question, Reply

_COMMANDS = {"r": "replay", "u": "undo", "s": "skip", "q": "stop"}
_KEYS = "1234567890abcdefghijklmnoptvwxyz"
"""Keys of emotions, in the order of their numbers, without those of commands."""


def human(
    listener: Annotated[
        str, typer.Option(metavar="NAME", help="Who listens; a pseudonym will do.")
    ] = "me",
    clips: Annotated[int, typer.Option(min=1, help="How many clips to answer.")] = 50,
    with_neutral: Annotated[
        bool, typer.Option("--with-neutral", help="Play neutral clips, too.")
    ] = False,
    feedback: Annotated[
        bool, typer.Option("--feedback", help="Show the truth after each answer.")
    ] = False,
    seed: options.Seed = None,
    answers: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File that answers are appended to.  [default: listening/answers.csv]",
        ),
    ] = None,
    import_: Annotated[
        Path | None,
        typer.Option(
            "--import",
            metavar="FILE",
            help="Play nothing: make a run of answers that were given elsewhere, or so far.",
        ),
    ] = None,
    player: Annotated[
        str | None,
        typer.Option(
            help="sounddevice, ffplay, aplay, afplay, or path, which names a file to play.  "
            "[default: the first that works]"
        ),
    ] = None,
    store: options.Store = None,
    runs: options.Runs = None,
    json: options.Json = False,
) -> None:
    """Run a listening test: a person labels the clips.

    Plays clips in random order, one key for each emotion. Stop at any time: the same command
    resumes. At the end the answers are a run of the model human, which stands in 'serkit compare'
    beside the models on the clips that were heard.
    """
    from serkit import api

    if import_ is not None:
        if answers is not None:
            raise UsageError("--import and --answers exclude each other", hint="give one of them")
        run = api.import_answers(import_, store=store, runs=runs)
        print_json(run.to_json()) if json else print_rich(run)
        return
    with single_keys(), api.player(player, say) as playing:
        found = api.human(
            _asking(playing),
            store=store,
            runs=runs,
            answers=answers or api.DEFAULT_ANSWERS,
            listener=listener,
            clips=clips,
            seed=seed,
            with_neutral=with_neutral,
            feedback=_show_truth if feedback else None,
            say=say,
        )
    print_json(found.to_json()) if json else print_rich(found)
    if found.run is not None:
        say(f"the run {found.run.name} is listed by 'serkit compare'")


def _asking(playing: Player) -> Callable[[Question], Reply]:
    """Return a function that plays a clip and reads the answer."""
    shown: tuple[str, ...] = ()

    def ask(question: Question) -> Reply:
        nonlocal shown
        if question.choices != shown:
            shown = question.choices
            _show_keys(shown)
        forget_typed()
        playing.play(question.samples, question.sample_rate)
        _prompt(question)
        while True:
            reply = _reply(question, read_key())
            if reply == "replay":
                playing.play(question.samples, question.sample_rate)
            elif reply is not None:
                playing.stop()
                return reply

    return ask


def _reply(question: Question, typed: str) -> Reply | None:
    """Return the answer; None, with a message, if it is unclear."""
    from serkit import api

    if typed == END:
        return api.command("stop")
    said = typed.lower()
    said = _COMMANDS.get(said, said)
    if said == "replay":
        return said
    if said == "undo" and not question.can_undo:
        say("there is no answer to take back")
        return None
    if said in _COMMANDS.values():
        return api.command(said)
    for key, label in zip(_KEYS, question.choices, strict=False):
        if said in (key, label.lower()):
            return label
    say(f"{typed!r} is not one of the keys")
    _show_keys(question.choices)
    return None


def _show_keys(choices: tuple[str, ...]) -> None:
    emotions = "  ".join(f"{key} {label}" for key, label in zip(_KEYS, choices, strict=False))
    say(f"{emotions}  |  " + "  ".join(f"{key} {word}" for key, word in _COMMANDS.items()))


def _prompt(question: Question) -> None:
    say(f"clip {question.number} of {question.total}: which emotion?")


def _show_truth(answer: str, truth: str) -> None:
    say("right" if answer == truth else f"it was {truth}")

"""Playing sound: by sounddevice, by a program of the system, or by the listener."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from serkit.audio.writing import write_wav
from serkit.errors import MissingDependencyError, NotFoundError, unknown_name

Samples = npt.NDArray[np.int16]

PROGRAMS = {
    "ffplay": ("-nodisp", "-autoexit", "-loglevel", "error"),
    "aplay": ("-q",),
    "afplay": (),
}
"""Programs that play a WAV file, in the order in which they are tried."""

WAYS = ("sounddevice", *PROGRAMS, "path")
"""Ways to play, the best first."""

_AT_ONCE = 0.3
"""Seconds within which a program fails that finds no loudspeaker."""


class Player(Protocol):
    """Plays one sound at a time."""

    def play(self, samples: Samples, sample_rate: int) -> None:
        """Start playing and return at once, stopping any earlier sound.

        Raises:
            OSError: It cannot be played in this way.
        """

    def stop(self) -> None:
        """End what still plays."""


class Loudspeaker:
    """Plays by sounddevice.

    Raises:
        MissingDependencyError: sounddevice or PortAudio is not installed.
    """

    def __init__(self) -> None:
        self._device = sounddevice()

    def play(self, samples: Samples, sample_rate: int) -> None:
        """See :class:`Player`."""
        self.stop()
        try:
            self._device.play(samples, sample_rate)
        except (self._device.PortAudioError, ValueError) as error:
            raise OSError(str(error)) from error

    def stop(self) -> None:
        """See :class:`Player`."""
        self._device.stop()


class Program:
    """Plays through a program, from a file whose name does not reveal the clip.

    Args:
        command: The program and its options.
        folder: Where the file is written.
    """

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._command = tuple(command)
        self._file = folder / "clip.wav"
        self._process: subprocess.Popen[bytes] | None = None

    def play(self, samples: Samples, sample_rate: int) -> None:
        """See :class:`Player`."""
        self.stop()
        write_wav(self._file, samples, sample_rate)
        self._process = subprocess.Popen(
            [*self._command, str(self._file)],
            stdin=subprocess.DEVNULL,  # ffplay would take the listener's keys
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            code = self._process.wait(_AT_ONCE)
        except subprocess.TimeoutExpired:
            return
        if code:
            said = self._process.communicate()[1].decode(errors="replace").strip()
            raise OSError(said.splitlines()[-1] if said else f"exit code {code}")

    def stop(self) -> None:
        """See :class:`Player`."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.terminate()
            self._process.communicate()
            self._process = None


class ByHand:
    """Writes each sound to a file and prints its path; the listener plays it.

    Args:
        folder: Where files are written, under names that say nothing of the clips.
        say: Called with a sentence that names the file.
    """

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._say = say
        self._count = 0

    def play(self, samples: Samples, sample_rate: int) -> None:
        """See :class:`Player`."""
        self._count += 1
        path = self._folder / f"clip-{self._count}.wav"
        write_wav(path, samples, sample_rate)
        self._say(f"play {path}")

    def stop(self) -> None:
        """See :class:`Player`."""


class FirstThatWorks:
    """Plays by the first way that works, and stays with it.

    Args:
        ways: Names of ways with what makes a player of each, the best first.
        say: Called with a sentence about each way that does not work.
    """

    def __init__(
        self, ways: Sequence[tuple[str, Callable[[], Player]]], say: Callable[[str], None]
    ) -> None:
        self._ways = list(ways)
        self._say = say
        self._player: Player | None = None

    def play(self, samples: Samples, sample_rate: int) -> None:
        """See :class:`Player`."""
        while True:
            name, make = self._ways[0]
            try:
                self._player = self._player or make()
                self._player.play(samples, sample_rate)
                return
            except (MissingDependencyError, OSError) as error:
                if len(self._ways) == 1:
                    raise
                if not isinstance(error, MissingDependencyError):  # not there is no news
                    self._say(f"{name} does not play ({error})")
                self._player = None
                del self._ways[0]

    def stop(self) -> None:
        """See :class:`Player`."""
        if self._player is not None:
            self._player.stop()


@contextmanager
def player(way: str | None, say: Callable[[str], None]) -> Iterator[Player]:
    """Yield what plays sound; it is silent when the block ends.

    Args:
        way: One of :data:`WAYS`; None is the first that works, at the end the path.
        say: Called with sentences to the listener.

    Raises:
        UnknownNameError: There is no such way.
        NotFoundError: It is a program that is not installed.
        MissingDependencyError: It is sounddevice, which is not installed.
    """
    if way not in (None, *WAYS):
        raise unknown_name("player", str(way), WAYS)
    with tempfile.TemporaryDirectory(prefix="serkit-") as folder:
        found = _ways(Path(folder), say)
        if way is None:
            made: Player = FirstThatWorks(list(found.items()), say)
        elif way in found:
            made = found[way]()
        else:
            raise NotFoundError(f"{way} is not installed", hint="install it, or leave --player out")
        try:
            yield made
        finally:
            made.stop()


def _ways(folder: Path, say: Callable[[str], None]) -> dict[str, Callable[[], Player]]:
    """Return what can be tried here, the best first."""
    installed = {
        name: partial(Program, (path, *options), folder)
        for name, options in PROGRAMS.items()
        if (path := shutil.which(name))
    }
    return {"sounddevice": Loudspeaker, **installed, "path": partial(ByHand, folder, say)}


def sounddevice() -> Any:
    """Return the module sounddevice.

    Raises:
        MissingDependencyError: It or PortAudio is not installed.
    """
    try:
        import sounddevice as found
    except ImportError as error:
        raise MissingDependencyError(
            "sounddevice is not installed", hint="pip install 'serkit[listen]'"
        ) from error
    except OSError as error:  # the library that it needs from the system
        raise MissingDependencyError(
            f"sounddevice cannot be used ({error})",
            hint="install PortAudio: 'apt install libportaudio2' or 'brew install portaudio'",
        ) from error
    return found

"""What plays a sound: the first way that works, and never a name that tells."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from serkit.audio import playing
from serkit.errors import MissingDependencyError, NotFoundError, UnknownNameError

SOUND = (1000 * np.sin(np.arange(4800))).astype(np.int16)


class Device:
    """Stands for sounddevice: notes what it is asked for."""

    PortAudioError = type("PortAudioError", (Exception,), {})

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken
        self.calls: list[object] = []

    def play(self, samples, rate):
        if self.broken:
            raise self.PortAudioError("Error querying device -1")
        self.calls.append((len(samples), rate))

    def stop(self):
        self.calls.append("stop")


@pytest.fixture
def nothing_installed(monkeypatch):
    """Hide sounddevice and every program."""
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    monkeypatch.setattr(playing.shutil, "which", lambda _: None)


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Return a function that installs an aplay with the given script, and nothing else."""

    def install(script: str) -> None:
        path = tmp_path / "aplay"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setitem(sys.modules, "sounddevice", None)
        monkeypatch.setattr(
            playing.shutil, "which", lambda name: str(path) if name == "aplay" else None
        )

    return install


def test_sounddevice_plays_and_is_silent_at_the_end(monkeypatch):
    device = Device()
    monkeypatch.setitem(sys.modules, "sounddevice", device)
    with playing.player(None, print) as player:
        player.play(SOUND, 48_000)
        assert device.calls[-1] == (4800, 48_000)
    assert device.calls[-1] == "stop"


def test_a_device_that_fails_gives_way_to_the_next(monkeypatch, nothing_installed):
    monkeypatch.setitem(sys.modules, "sounddevice", Device(broken=True))
    said: list[str] = []
    with playing.player(None, said.append) as player:
        player.play(SOUND, 48_000)
        player.play(SOUND, 48_000)
    assert said[0] == "sounddevice does not play (Error querying device -1)"
    assert [text.split("/")[-1] for text in said[1:]] == ["clip-1.wav", "clip-2.wav"]


def test_the_file_to_play_by_hand_does_not_reveal_the_clip(nothing_installed):
    said: list[str] = []
    with playing.player(None, said.append) as player:
        player.play(SOUND, 48_000)
        path = Path(said[0].removeprefix("play "))
        assert path.name == "clip-1.wav"
        assert soundfile.info(path).frames == 4800
    assert not path.exists()


def test_a_program_plays_and_is_ended_by_the_next_sound(program, tmp_path):
    program(f'echo "$@" >> {tmp_path}/played; exec sleep 30')
    with playing.player("aplay", print) as player:
        player.play(SOUND, 48_000)
        first = player._process
        player.play(SOUND, 48_000)
        assert first.poll() is not None
        second = player._process
        assert second.poll() is None
    assert second.poll() is not None
    options, file = (tmp_path / "played").read_text().splitlines()[0].rsplit(" ", 1)
    assert (options, Path(file).name) == ("-q", "clip.wav")


def test_a_program_that_fails_gives_way_and_says_why(program):
    program("echo 'aplay: main: audio open error' >&2; exit 1")
    said: list[str] = []
    with playing.player(None, said.append) as player:
        player.play(SOUND, 48_000)
    assert said[0] == "aplay does not play (aplay: main: audio open error)"
    assert said[1].startswith("play ")


def test_missing_players_are_refused(nothing_installed):
    with (
        pytest.raises(UnknownNameError, match="unknown player 'vlc'"),
        playing.player("vlc", print),
    ):
        pass
    with pytest.raises(NotFoundError) as error, playing.player("aplay", print):
        pass
    assert str(error.value) == "aplay is not installed; install it, or leave --player out"
    with pytest.raises(MissingDependencyError) as missing, playing.player("sounddevice", print):
        pass
    assert str(missing.value) == "sounddevice is not installed; pip install 'serkit[listen]'"


def test_a_missing_portaudio_is_named(monkeypatch):
    class Finder:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [SimpleNamespace(find_spec=Finder.find_spec)])
    with pytest.raises(MissingDependencyError) as error:
        playing.sounddevice()
    assert str(error.value) == (
        "sounddevice cannot be used (PortAudio library not found); install PortAudio: "
        "'apt install libportaudio2' or 'brew install portaudio'"
    )

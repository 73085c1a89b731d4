"""``serkit predict --microphone``: a line for each prediction, a meter on a terminal."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from serkit.cli import live


@pytest.fixture
def device(monkeypatch):
    """A microphone that hears a tone of one second, and is unplugged."""

    def opened(*, callback, finished_callback, blocksize, **_options):
        def start():
            for number in range(10):
                times = np.arange(number * blocksize, (number + 1) * blocksize)
                callback((8000 * np.sin(times / 40)).astype(np.int16)[:, None], 0, None, None)
            finished_callback()

        return SimpleNamespace(start=start, close=lambda: None)

    fake = SimpleNamespace(InputStream=opened, PortAudioError=OSError)
    monkeypatch.setitem(sys.modules, "sounddevice", fake)


def test_lines_come_as_text_or_as_json(cli, device, speech_runs):
    given = ("predict", "majority-luna5", "--microphone", "--window", 0.5, "--runs", speech_runs)
    text = cli(*given)
    assert text.code == 0
    assert text.out.splitlines()[0].startswith("    0.0 to 0.5 s  ")
    (first, *_) = map(json.loads, cli(*given, "--format", "jsonl").out.splitlines())
    assert sorted(first) == ["emotion", "end", "probabilities", "speech", "start"]
    assert first["end"] == 0.5


def test_ctrl_c_ends_it_in_peace_and_the_meter_goes(monkeypatch, capsys):
    def listen(*_args, **_options):
        yield SimpleNamespace(level=-30.0, window=None)
        raise KeyboardInterrupt

    monkeypatch.setattr("serkit.api.listen", listen)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    live.live(SimpleNamespace(warnings=()), window=3, hop=1, as_json=False)
    assert capsys.readouterr().err == f"\r\x1b[K{live.bar(-30.0)}\r\x1b[K"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "give either AUDIO or --microphone; see 'serkit predict --help'"),
        (("a.wav", "--microphone"), "give either AUDIO or --microphone; see 'serkit predict"),
        (("--microphone", "--csv"), "--microphone gives lines alone; --format table and jsonl"),
    ],
)
def test_what_does_not_go_together_is_refused(cli, options, message):
    answer = cli("predict", "last", *options)
    assert answer.code == 2
    assert answer.message.startswith(message)

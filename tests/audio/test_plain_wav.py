"""Plain WAV files are read without libsndfile, and give what libsndfile gives."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
import soundfile

from serkit.audio import read_audio, read_header, reading
from serkit.audio.plain_wav import plain_wav
from serkit.errors import AudioError, TruncatedAudioError


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def form(codec=1, channels=1, rate=48_000, bits=16, *, width=None, per_second=None) -> bytes:
    width = width or channels * bits // 8
    return chunk(
        b"fmt ",
        struct.pack("<HHIIHH", codec, channels, rate, per_second or rate * width, width, bits),
    )


def wav(*chunks: bytes) -> bytes:
    content = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(content)) + content


def samples(count=200) -> bytes:
    random = np.random.default_rng(0)
    return random.integers(-32_768, 32_767, count, np.int16).astype("<i2").tobytes()


DATA = chunk(b"data", samples())

PLAIN = {
    "mono": wav(form(), DATA),
    "stereo": wav(form(channels=2), DATA),
    "eight channels": wav(form(channels=8), DATA),
    "another rate": wav(form(rate=16_000), DATA),
    "chunks in front": wav(chunk(b"JUNK", b"x" * 28), form(), chunk(b"LIST", b"INFO"), DATA),
    "chunks behind": wav(form(), DATA, chunk(b"bext", b"y" * 602), chunk(b"_PMX", b"z" * 9)),
    "a last chunk of odd length": wav(form(), DATA, chunk(b"LIST", b"odd"))[:-1],
    "a wrong size of the whole": b"RIFF\0\0\0\0" + wav(form(), DATA)[8:],
}

OTHERS = {
    "24 bits": wav(form(bits=24), chunk(b"data", b"abc" * 100)),
    "floats": wav(form(codec=3, bits=32), chunk(b"data", np.zeros(100, "<f4").tobytes())),
    "16 bits that are no PCM": wav(form(codec=2), DATA),
    "samples of 12 bits in 16": wav(form(bits=12, width=2), DATA),
    "mu-law": wav(form(codec=7, bits=8), chunk(b"data", b"\xff" * 100)),
    "numbers that disagree": wav(form(width=4), DATA),
    "a wrong number of bytes a second": wav(form(per_second=1), DATA),
    "half a frame": wav(form(channels=2), chunk(b"data", samples(201))),
    "no samples": wav(form(), chunk(b"data", b"")),
    "no format": wav(DATA),
    "format behind the samples": wav(DATA, form()),
    "samples twice": wav(form(), DATA, DATA),
    "format twice": wav(form(), form(channels=2), DATA),
    "a name that is none": wav(form(), DATA, chunk(b"\0\1\2\3", b"")),
    "more than its chunks": wav(form(), DATA) + b"\1\2\3",
    "the beginning alone": wav(form(), DATA)[:-1],
    "too many chunks": wav(*[chunk(b"JUNK", b"")] * 100, form(), DATA),
    "big endian": b"RIFX" + wav(form(), DATA)[4:],
    "nothing": b"",
    "no WAV": b"fLaC" + bytes(40),
}


def written(folder: Path, content: bytes) -> Path:
    path = folder / "clip.wav"
    path.write_bytes(content)
    return path


def is_plain(path: Path) -> bool:
    with path.open("rb") as raw:
        return plain_wav(raw, path.stat().st_size) is not None


def outcome(path: Path, channel: int = 0) -> tuple[object, ...]:
    """Return all that reading gives, or the error that it ends with."""
    try:
        audio = read_audio(path, channel=channel)
        header = astuple(read_header(path))
    except AudioError as error:
        return type(error), str(error)
    return audio.samples.tobytes(), audio.samples.dtype, *astuple(audio)[1:], header


@pytest.mark.parametrize("content", PLAIN.values(), ids=PLAIN)
def test_a_plain_file_gives_what_libsndfile_gives(tmp_path, monkeypatch, content):
    path = written(tmp_path, content)
    assert is_plain(path)
    ours = outcome(path)
    monkeypatch.setattr(reading, "plain_wav", lambda *_: None)
    assert ours == outcome(path)
    assert isinstance(ours[0], bytes)


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_any_other_file_is_left_to_libsndfile(tmp_path, content):
    assert not is_plain(written(tmp_path, content))


def test_another_channel_is_the_same_too(tmp_path, monkeypatch):
    path = written(tmp_path, PLAIN["stereo"])
    ours = outcome(path, channel=1)
    monkeypatch.setattr(reading, "plain_wav", lambda *_: None)
    assert ours == outcome(path, channel=1)


def test_samples_can_be_changed_by_who_reads_them(tmp_path):
    read = read_audio(written(tmp_path, PLAIN["mono"])).samples
    read[:] = 0  # as those from libsndfile
    assert not read.any()


def test_a_file_that_shrinks_while_it_is_read_is_truncated(tmp_path, monkeypatch):
    content = wav(form(), chunk(b"data", samples(20_000)))
    path = written(tmp_path, content)

    def shrinking(raw, size):
        found = plain_wav(raw, size)
        os.truncate(path, len(content) - 50)
        return found

    monkeypatch.setattr(reading, "plain_wav", shrinking)
    with pytest.raises(TruncatedAudioError, match="ends after 19,975 of the 20,000 frames"):
        read_audio(path)


def test_plain_files_are_read_without_importing_libsndfile(tmp_path):
    soundfile.write(tmp_path / "clip.wav", np.zeros(100, np.int16), 48_000)
    script = (
        "import sys; from pathlib import Path; from serkit.audio import read_audio\n"
        f"read_audio(Path({str(tmp_path / 'clip.wav')!r}))\n"
        "raise SystemExit('soundfile' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)

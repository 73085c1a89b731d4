"""Live from a microphone: a fake device that plays what it is given."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import serkit
from serkit.audio import read_audio
from serkit.audio.microphone import BLOCK, microphone
from serkit.errors import AudioError, UsageError


class Device:
    """Stands for sounddevice: hands out samples, then the microphone is unplugged."""

    PortAudioError = type("PortAudioError", (Exception,), {})

    def __init__(self, samples: np.ndarray, *, broken: bool = False) -> None:
        self.samples, self.broken, self.closed = samples, broken, False

    def InputStream(self, *, callback, finished_callback, blocksize, **options):  # noqa: N802
        assert options == {"samplerate": 48_000, "channels": 1, "dtype": "int16"}
        if self.broken:
            raise self.PortAudioError("Error querying device -1")
        self.callback, self.finished, self.size = callback, finished_callback, blocksize
        return self

    def start(self):
        memory = np.zeros((self.size, 1), np.int16)  # used again and again, as PortAudio does
        for first in range(0, len(self.samples) - self.size + 1, self.size):
            memory[:, 0] = self.samples[first : first + self.size]
            self.callback(memory, self.size, None, None)
        self.finished()

    def close(self):
        self.closed = True


@pytest.fixture
def device(monkeypatch, speech):
    """A microphone that hears three clips, then two seconds of silence."""
    clips = sorted(speech.rglob("*.wav"))[:3]
    sound = [read_audio(path).samples for path in clips]
    made = Device(np.concatenate([*sound, np.zeros(2 * 48_000, np.int16)]))
    monkeypatch.setitem(sys.modules, "sounddevice", made)
    return made


@pytest.fixture(scope="module")
def predictor(speech_runs):
    return serkit.load("logreg-luna5", runs=speech_runs)


def test_every_block_has_a_level_and_every_hop_a_prediction(device, predictor):
    heard = list(serkit.listen(predictor, window=1.5, hop=0.5))
    assert len(heard) == len(device.samples) // BLOCK
    assert heard[0].seconds == pytest.approx(0.1)
    due = [each.window for each in heard if each.window]
    assert [w.end for w in due[:3]] == pytest.approx([1.5, 2.0, 2.5])
    assert due[1].start == pytest.approx(0.5)
    assert due[0].prediction.emotion in predictor.labels
    assert heard[-1].level == pytest.approx(-120)
    assert due[-1].prediction is None  # silence is not an emotion
    assert device.closed


def test_a_window_is_predicted_as_a_clip_of_these_samples_is(device, predictor):
    due = [each.window for each in serkit.listen(predictor, window=1.5, hop=0.5) if each.window]
    alone = predictor.predict(device.samples[24_000:96_000])
    assert due[1].prediction.probabilities == pytest.approx(alone.probabilities)


def test_a_window_out_of_range_is_refused_before_the_microphone_opens(device, predictor):
    with pytest.raises(UsageError, match="hop = 9 s"):
        next(serkit.listen(predictor, window=3, hop=9))
    assert not hasattr(device, "callback")


def test_a_missing_microphone_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", Device(np.zeros(0), broken=True))
    with pytest.raises(AudioError) as error, microphone():
        pass
    assert str(error.value) == (
        "the microphone cannot be opened (Error querying device -1); is one connected, and may "
        "this program use it? 'python -m sounddevice' lists devices"
    )

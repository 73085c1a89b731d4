"""Long recordings: windows, speech by energy, segments, and the formats of other programs."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

import serkit
from serkit.audio import read_audio, write_wav
from serkit.errors import UnreadableAudioError, UsageError
from serkit.prediction.activity import levels, speech_frames
from serkit.prediction.formats import FORMATS, written
from serkit.prediction.predictions import Prediction
from serkit.prediction.timeline import Timeline, Timelines, Window, clock, spans_of
from serkit.results.finding import find_run


def tone(seconds, level):
    time = np.arange(int(48_000 * seconds)) / 48_000
    return (32767 * 10 ** (level / 20) * np.sin(2 * np.pi * 200 * time)).astype(np.int16)


class TestSpeech:
    def test_levels_are_decibels_of_full_scale(self):
        assert levels(tone(0.1, 0.0)).round(1) == pytest.approx(-3.0)
        assert list(levels(np.zeros(960, np.int16))) == [-120.0, -120.0]

    def test_pauses_are_not_speech(self):
        found = speech_frames(np.concatenate([tone(1, -20), tone(1, -70), tone(1, -30)]))
        assert found[:100].all()
        assert not found[101:199].any()
        assert found[201:].all()

    def test_noise_below_speech_is_not_speech(self):
        random = np.random.default_rng(0)
        signal = np.concatenate([tone(1, -20), np.zeros(48_000, np.int16), tone(1, -20)])
        found = speech_frames((signal + random.normal(0, 32768 * 10**-2, len(signal))).astype(int))
        assert found[:100].mean() > 0.95
        assert found[105:195].mean() < 0.05

    def test_steady_sound_is_all_speech_and_silence_has_none(self):
        assert speech_frames(tone(1, -30)).all()
        assert not speech_frames(np.zeros(48_000, np.int16)).any()


class TestSpans:
    def test_the_last_window_ends_with_the_recording(self):
        assert [each.end for each in spans_of(10.2, 3, 1)][-2:] == [10, pytest.approx(10.2)]

    def test_short_recordings_are_one_window(self):
        assert [(each.start, each.end) for each in spans_of(1.5, 3, 1)] == [(0, 1.5)]

    @pytest.mark.parametrize(
        ("window", "hop", "text"),
        [
            (0, 1, "window = 0 s; 0.1 to 120 s are allowed"),
            (float("nan"), 1, "window = nan s; 0.1 to 120 s are allowed"),
            (3, 4, "hop = 4 s; 0.05 to 3 s, the window, are"),
        ],
    )
    def test_invalid_windows(self, window, hop, text):
        with pytest.raises(UsageError) as caught:
            spans_of(10, window, hop)
        assert str(caught.value) == text


def said(**probabilities):
    return Prediction("a.wav", probabilities, 2.0)


TIMELINE = Timeline(
    'talk "one".wav',
    6.0,
    (
        Window(0, 2, 1.0, said(angry=0.9, sad=0.1)),
        Window(1, 3, 1.0, said(angry=0.6, sad=0.4)),
        Window(2, 4, 1.0, said(angry=0.1, sad=0.9)),
        Window(4, 6, 0.0, None),
    ),
    1.0,
)


class TestSegments:
    def test_each_moment_averages_the_windows_that_cover_it(self):
        found = [(s.start, s.end, s.emotion) for s in TIMELINE.segments]
        assert found == [(0, 2, "angry"), (2, 4, "sad"), (4, 6, "")]
        assert TIMELINE.segments[0].probability == pytest.approx((0.9 + 0.75) / 2)

    def test_times_are_written_as_people_do(self):
        assert [clock(t) for t in (0, 9.99, 61.5, 3600)] == [
            "0:00.0",
            "0:09.9",
            "1:01.5",
            "60:00.0",
        ]


class TestFormats:
    found = Timelines("run", (TIMELINE,))

    def test_json_lines(self):
        rows = [json.loads(line) for line in written(self.found, "jsonl").splitlines()]
        assert [row["emotion"] for row in rows] == ["angry", "angry", "sad", None]
        assert rows[0] == {
            "path": 'talk "one".wav',
            "start": 0,
            "end": 2,
            "speech": 1.0,
            "emotion": "angry",
            "probabilities": {"angry": 0.9, "sad": 0.1},
        }

    def test_csv(self):
        rows = list(csv.DictReader(io.StringIO(written(self.found, "csv"))))
        assert [row["p_sad"] for row in rows] == ["0.1", "0.4", "0.9", ""]
        assert rows[0]["path"] == 'talk "one".wav'

    def test_audacity_leaves_silence_out(self):
        assert written(self.found, "audacity").splitlines() == [
            "0.000000\t2.000000\tangry 0.82",
            "2.000000\t4.000000\tsad 0.78",
        ]

    def test_textgrid(self):
        text = written(self.found, "textgrid")
        assert 'name = "talk ""one"".wav"' in text
        assert "intervals: size = 3" in text
        assert text.count("xmax = 6.000000") == 3  # grid, tier, last interval

    def test_labels_need_times(self):
        from serkit.prediction.predictions import Predictions

        with pytest.raises(UsageError, match="audacity holds labels over time"):
            written(Predictions("run", "svm", ("1",), (), ("sad",)), "audacity")
        with pytest.raises(UsageError, match="unknown format 'textgird': did you mean 'textgrid'"):
            written(self.found, "textgird")
        assert [written(Timelines("run", ()), each) for each in FORMATS][2:] == ["", ""]


@pytest.fixture(scope="module")
def predictor(speech_runs):
    return serkit.load(find_run(speech_runs, "logreg-luna5"))


class TestPredictor:
    def test_each_window_is_a_separate_clip(self, predictor, speech, tmp_path):
        first, second = (read_audio(p).samples for p in sorted(speech.rglob("*.wav"))[:2])
        cut = min(len(first), 96_000)
        whole = np.concatenate([first[:cut], np.zeros(48_000 * 3, np.int16), second])
        write_wav(tmp_path / "talk.wav", whole)
        found = predictor.predict_over_time([tmp_path / "talk.wav"], window=cut / 48_000, hop=0.5)
        (timeline,) = found.timelines
        assert timeline.seconds == pytest.approx(len(whole) / 48_000)
        alone = predictor.predict(first[:cut])
        assert timeline.windows[0].prediction.probabilities == pytest.approx(alone.probabilities)
        silent = [w for w in timeline.windows if w.start >= cut / 48_000 and w.end <= 5]
        assert silent
        assert all(w.prediction is None for w in silent)

    def test_files_fail_alone(self, predictor, speech, tmp_path):
        path = next(speech.rglob("*.wav"))
        found = predictor.predict_over_time([path, tmp_path / "no.wav"])
        assert len(found.timelines) == len(found.failed) == 1
        assert found.to_json()[-1]["error"] == "NotFoundError"


class TestOtherContainers:
    @pytest.mark.parametrize(
        ("name", "form", "subtype"),
        [("a.ogg", "OGG", "VORBIS"), ("a.opus", "OGG", "OPUS"), ("a.mp3", "MP3", None)],
    )
    def test_lossy_files_are_predicted(self, predictor, speech, tmp_path, name, form, subtype):
        import soundfile

        path = next(speech.rglob("*.wav"))
        samples = read_audio(path).samples
        soundfile.write(tmp_path / name, samples / 32768, 48_000, format=form, subtype=subtype)
        (answer,) = predictor.predict_files([tmp_path / name]).predicted
        assert answer.seconds == pytest.approx(len(samples) / 48_000, abs=0.1)

    def test_a_way_out_is_named_where_it_cannot_be_decoded(self, predictor, tmp_path):
        (tmp_path / "my talk.m4a").write_bytes(b"x")
        (failure,) = predictor.predict_files([tmp_path]).failed
        assert failure.error == UnreadableAudioError.__name__
        assert failure.message == (
            "my talk.m4a is in a format that libsndfile cannot decode; WAV, FLAC, OGG, Opus, MP3 "
            "and AIFF are decoded; convert it first: ffmpeg -i 'my talk.m4a' 'my talk.wav'"
        )

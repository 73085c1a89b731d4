"""``serkit predict``: any audio file is answered, any other fails alone and says why."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from runkit import make_run, make_unfinished
from serkit.corpora.ravdess import EMOTIONS
from serkit.testing import example_signal


@pytest.fixture
def predict(cli, speech_runs):
    """Return a function that asks the logreg run in a folder that is empty at first."""
    return lambda *arguments: cli(
        "predict", "logreg-luna5", *arguments, "--runs", speech_runs, "--workers", 1
    )


def sound(path: str, rate: int = 48_000, channels: int = 1, **how: str) -> str:
    """Write a second of something and return its path."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    samples = example_signal(48_000)[:rate] / 32_768
    soundfile.write(path, np.stack([samples, *[0 * samples] * (channels - 1)], axis=1), rate, **how)
    return path


def most_probable(said: dict[str, float]) -> str:
    return max(said, key=lambda name: said[name])


class TestWhatIsRead:
    @pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
    def test_rates(self, predict, rate):
        answer = predict(sound("clip.wav", rate), "--json")
        assert answer.code == 0
        (found,) = answer.json
        assert found["seconds"] == pytest.approx(1, abs=1e-3)
        assert (" not recorded at 48,000 Hz " in answer.err) == (rate != 48_000)

    @pytest.mark.parametrize(
        ("ending", "subtype"),
        [("wav", "PCM_24"), ("wav", "FLOAT"), ("flac", "PCM_16"), ("FLAC", "PCM_24")],
    )
    @pytest.mark.parametrize("channels", [1, 2])
    def test_forms_give_the_same_answer(self, predict, ending, subtype, channels):
        plain = sound("plain.wav")
        other = sound(f"other.{ending}", channels=channels, subtype=subtype)
        one, two = predict(plain, other, "--json").json
        assert np.allclose(
            list(one["probabilities"].values()), list(two["probabilities"].values()), atol=1e-6
        )

    def test_folders_are_searched_and_names_may_be_anything(self, predict):
        sound("day one/[red] clip.wav")
        sound("day one/deep/clip.wav")
        sound("day two/clip.wav")
        answer = predict("day one", "day two", "--json")
        assert [each["path"] for each in answer.json] == [
            *("day one/[red] clip.wav", "day one/deep/clip.wav", "day two/clip.wav")
        ]
        shown = predict("day one", "day two").out
        assert "[red] clip.wav" in shown
        assert shown.count("clip.wav") == 3


class TestOutput:
    def test_json(self, predict, speech_runs):
        (found,) = predict(sound("a.wav"), "--json").json
        run = next(path.name for path in speech_runs.iterdir() if "logreg-luna5" in path.name)
        assert list(found["probabilities"]) == list(EMOTIONS)
        assert sum(found["probabilities"].values()) == pytest.approx(1)
        assert found["emotion"] == most_probable(found["probabilities"])
        assert (found["path"], found["run"], found["model"]) == ("a.wav", run, "logreg")
        assert found["folds"] == ["1", "2", "5"]

    def test_one_fold(self, predict):
        (found,) = predict(sound("a.wav"), "--fold", 2, "--json").json
        assert found["folds"] == ["2"]

    def test_a_table_with_the_second_best(self, predict):
        (found,) = predict(sound("a.wav"), "--json").json
        first, second = sorted(found["probabilities"], key=found["probabilities"].get)[:-3:-1]
        out = predict("a.wav").out
        assert out.startswith(found["run"] + ", mean of 3 models")
        assert out.splitlines()[-2].split()[:2] == ["a.wav", first]
        assert second in out.splitlines()[-2]
        assert "model of fold 2" in predict("a.wav", "--fold", 2).out

    def test_csv(self, predict):
        answer = predict(sound("a.wav"), "no.wav", "--csv")
        one, two = csv.DictReader(io.StringIO(answer.out))
        assert (one["path"], one["error"]) == ("a.wav", "")
        assert float(one["probability"]) == float(one[f"p_{one['emotion']}"])
        assert (two["path"], two["error"], two["emotion"]) == ("no.wav", "NotFoundError", "")

    def test_json_and_csv_exclude_each_other(self, predict):
        answer = predict("a.wav", "--json", "--csv")
        assert (answer.code, answer.message) == (
            2,
            "--json and --csv exclude each other; give one of them",
        )


class TestOverTime:
    def test_labels_for_other_programs(self, predict):
        answer = predict(sound("a.wav"), "--window", 0.5, "--format", "audacity")
        assert answer.code == 0
        start, end, _ = answer.out.splitlines()[0].split("\t")
        assert 0 <= float(start) < float(end) <= 1
        assert predict("a.wav", "--window", 1, "--format", "textgrid").out.startswith("File type")

    def test_a_table_by_default(self, predict):
        out = predict(sound("a.wav"), "--window", 0.5, "--hop", 0.25).out
        assert "from" in out
        assert "a.wav" in out

    def test_standard_input(self, predict, monkeypatch):
        whole = Path(sound("a.wav")).read_bytes()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(whole)))
        (row,) = predict("-", "--json").json
        assert row["path"] == "-"
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
        answer = predict("-")
        assert (answer.code, answer.message) == (
            1,
            "stdin.wav is empty; pipe a WAV file into it",
        )

    @pytest.mark.parametrize("flags", [(), ("--window", 0.5)])
    def test_standard_input_is_not_called_by_a_temporary_name(self, predict, monkeypatch, flags):
        for content in (Path(sound("a.wav")).read_bytes(), b"no audio"):
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
            answer = predict("-", *flags)
            assert "serkit-stream" not in answer.out + answer.err

    @pytest.mark.parametrize(
        ("flags", "text"),
        [
            (("--format", "audacity"), "--format audacity writes labels over time; add --window 3"),
            (("--hop", 1), "--hop needs --window; add --window 3"),
            (("--window", 3, "--abstain", 0.9), "--abstain and --window exclude each other"),
            (("--format", "csv", "--json"), "--format, --json and --csv exclude each other"),
            (("--window", 3, "--hop", 5), "hop = 5 s; 0.05 to 3 s, the window, are"),
        ],
    )
    def test_incompatible_options(self, predict, flags, text):
        answer = predict(sound("a.wav"), *flags)
        assert answer.code == 2
        assert answer.message.startswith(text)


BAD = {
    "empty.wav": "EmptyAudioError: empty.wav is an empty file",
    "short.wav": "TruncatedAudioError: short.wav ends 95,000 bytes before its header says",
    "silent.wav": "EmptyAudioError: silent.wav holds no samples",
    "text.wav": "UnreadableAudioError: text.wav cannot be decoded (Format not recognised); "
    "WAV and FLAC files can",
    "nan.wav": "NonFiniteAudioError: nan.wav holds 1 samples that are NaN or infinite",
    "gone.wav": "NotFoundError: no file or folder gone.wav",
    "song.txt": "UnreadableAudioError: song.txt has no audio file extension; names that end in "
    ".wav, "
    ".flac, .ogg, .opus, .mp3 or .aiff are",
    "bare": "CorpusError: no audio file in bare; give a folder with some",
}
"""What cannot be used, and what is said of it."""


def make_bad() -> None:
    Path("empty.wav").touch()
    Path("short.wav").write_bytes(Path(sound("whole.wav")).read_bytes()[:1044])
    soundfile.write("silent.wav", np.empty(0), 48_000)
    Path("text.wav").write_text("Kids are talking by the door")
    soundfile.write("nan.wav", np.array([0.0, np.nan]), 48_000, subtype="FLOAT")
    Path("song.txt").write_bytes(b"ID3")
    Path("bare").mkdir()


class TestFailures:
    def test_each_fails_alone(self, predict):
        make_bad()
        answer = predict("whole.wav", *BAD, "--json")
        assert answer.code == 3
        assert answer.json[0]["emotion"] in EMOTIONS
        failed = answer.json[1:]
        assert [each["path"] for each in failed] == list(BAD)
        assert [f"{each['error']}: {each['message']}" for each in failed] == list(BAD.values())
        assert all(set(each) == {"path", "error", "message"} for each in failed)
        told = [f"serkit: {path} failed: {why}" for path, why in BAD.items()]
        assert [line for line in answer.err.splitlines() if " failed: " in line] == told

    def test_nothing_is_shown_if_all_files_fail(self, predict):
        make_bad()
        answer = predict(*BAD)
        assert (answer.code, answer.out) == (1, "")
        assert len(answer.err.splitlines()) == len(BAD)
        assert len(predict(*BAD, "--json").json) == len(BAD)

    def test_without_audio_it_is_wrong_usage(self, predict):
        answer = predict()
        assert answer.code == 2
        assert answer.message.startswith("give either AUDIO or --microphone")

    def test_an_unknown_fold(self, predict):
        answer = predict(sound("a.wav"), "--fold", "9")
        assert (answer.code, answer.message) == (2, "unknown fold '9'; there are: 1, 2, 5")


class TestRuns:
    def test_that_is_not_finished(self, cli):
        make_run(Path("runs"), "good")
        make_unfinished(Path("runs"), "half")
        answer = cli("predict", "half", sound("a.wav"))
        assert (answer.code, answer.message) == (
            1,
            "the run half is not finished; resume with 'serkit train --resume half'",
        )

    def test_a_missing_run_is_an_error(self, predict, cli, speech_runs):
        answer = cli("predict", "logreg-luna6", sound("a.wav"), "--runs", speech_runs)
        assert answer.code == 2
        assert answer.message.startswith("unknown run 'logreg-luna6': did you mean 'logreg-luna5-")

    def test_of_a_model_that_is_gone(self, cli):
        make_run(Path("runs"), "old", model="perceptron")
        answer = cli("predict", "old", sound("a.wav"))
        assert answer.code == 1
        assert answer.message.startswith(
            "old is a run of the model 'perceptron', which is not installed here; there are: "
        )

    def test_whose_model_is_damaged(self, cli, speech_runs):
        found = next(path for path in speech_runs.iterdir() if "logreg-luna5" in path.name)
        shutil.copytree(found, "runs/bad")
        Path("runs/bad/fold-2/model.skops").write_bytes(b"no model")
        answer = cli("predict", "runs/bad", sound("a.wav"))
        assert answer.code == 1
        assert answer.message.startswith("the model in runs/bad/fold-2 is damaged (")

    def test_by_its_path(self, cli, speech_runs):
        found = next(path for path in speech_runs.iterdir() if "majority" in path.name)
        (said,) = cli("predict", found, sound("a.wav"), "--json").json
        assert (said["run"], said["model"]) == (found.name, "majority")

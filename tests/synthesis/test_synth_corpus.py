"""`serkit synth`: which files there are, that they never change, and what is refused."""

import json
import multiprocessing
import os
import sys
from collections import Counter
from hashlib import sha256

import numpy as np
import pytest
import soundfile

from serkit.errors import SerkitError, UsageError
from serkit.synthesis import corpus
from serkit.synthesis.corpus import MARKER, STEREO, clip_names, render, synthesise

MONO_CLIP = "03-01-05-02-02-01-02"


@pytest.fixture
def few_clips(monkeypatch):
    """Let an actor have 3 clips, so that a whole corpus is quickly made."""
    names = clip_names(24)
    chosen = tuple(n for a in range(24) for n in names[60 * a + 5 : 60 * a + 60 : 20])
    monkeypatch.setattr(corpus, "clip_names", lambda actors: chosen[: 3 * actors])


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class TestNames:
    def test_there_are_sixty_clips_an_actor(self):
        names = clip_names(24)
        assert len(names) == len(set(names)) == 1440
        assert set(Counter(name[-2:] for name in names).values()) == {60}

    def test_each_emotion_has_eight_clips_an_actor_but_neutral_is_never_strong(self):
        emotions = Counter(name[6:8] for name in clip_names(1))
        assert emotions == {"01": 4} | {f"{e:02d}": 8 for e in range(2, 9)}
        assert not any(name[6:11] == "01-02" for name in clip_names(24))

    def test_fewer_actors_are_the_first_ones(self):
        assert clip_names(24)[:180] == clip_names(3)

    def test_the_stereo_clips_are_among_them(self):
        assert set(clip_names(24)) > STEREO

    @pytest.mark.parametrize("actors", [0, -1, 25])
    def test_other_numbers_of_actors_are_refused(self, actors):
        with pytest.raises(UsageError, match=f"{actors} actors were asked for; 1 to 24"):
            clip_names(actors)


class TestClips:
    def test_a_clip_depends_on_its_name_and_the_seed_only(self):
        assert np.array_equal(render(MONO_CLIP, 3), render(MONO_CLIP, 3))
        assert not np.array_equal(render(MONO_CLIP, 3), render(MONO_CLIP, 4))

    def test_another_take_is_another_recording(self):
        first, second = render("03-01-05-02-02-01-02", 0), render("03-01-05-02-02-02-02", 0)
        assert len(first) != len(second) or not np.array_equal(first, second)

    @pytest.mark.parametrize("name", clip_names(24)[7::97])
    def test_a_clip_sounds_and_is_not_clipped(self, name):
        samples = render(name, 0)
        assert samples.dtype == np.int16
        assert 140_941 <= len(samples) <= 253_053
        assert 100 < np.abs(samples.astype(int)).max() < 32_767

    def test_the_second_channel_of_a_stereo_clip_differs_a_little(self):
        samples = render(min(STEREO), 0).astype(np.float64)
        assert samples.shape[1] == 2
        left, right = samples.T
        assert 0 < np.std(left - right) < 0.1 * np.std(left)

    def test_version_1_is_unchanged(self):
        # If these change, raise VERSION: a folder of the old samples must not be mixed with new.
        assert corpus.VERSION == 1
        samples = render(MONO_CLIP, 0)
        assert len(samples) == 174_574
        assert np.sqrt(np.mean(np.square(samples.astype(float)))) == pytest.approx(
            2463.369, rel=1e-3
        )


@pytest.mark.usefixtures("few_clips")
class TestWriting:
    def test_the_layout_is_that_of_ravdess(self, tmp_path):
        report = synthesise(tmp_path / "new" / "corpus", actors=2)
        assert (report.clips, report.actors, report.seed) == (6, 2, 0)
        assert report.seconds > 0
        found = sorted(p.relative_to(report.dest).as_posix() for p in report.dest.rglob("*.wav"))
        assert found == [f"Actor_{n[-2:]}/{n}.wav" for n in corpus.clip_names(2)]
        assert not [p for p in report.dest.rglob("*") if p.name.endswith(".tmp")]

    def test_files_are_48_khz_16_bit_wav_and_hold_the_samples(self, tmp_path):
        synthesise(tmp_path, actors=1, workers=1)
        name = corpus.clip_names(1)[0]
        path = tmp_path / "Actor_01" / f"{name}.wav"
        info = soundfile.info(path)
        assert (info.samplerate, info.format, info.subtype) == (48_000, "WAV", "PCM_16")
        assert np.array_equal(soundfile.read(path, dtype="int16")[0], render(name, 0))

    def test_stereo_clips_are_stereo_files(self, tmp_path, monkeypatch):
        monkeypatch.setattr(corpus, "clip_names", lambda actors: (min(STEREO), "03-01" + 5 * "-01"))
        synthesise(tmp_path, actors=1, workers=1)
        channels = {p.stem: soundfile.info(p).channels for p in tmp_path.rglob("*.wav")}
        assert channels == {min(STEREO): 2, "03-01-01-01-01-01-01": 1}

    def test_bytes_do_not_depend_on_workers_or_the_number_of_actors(self, tmp_path):
        synthesise(tmp_path / "one", actors=1, workers=1)
        synthesise(tmp_path / "four", actors=4, workers=2)
        one, four = digests(tmp_path / "one"), digests(tmp_path / "four")
        assert {k: v for k, v in four.items() if k.startswith("Actor_01")} == {
            k: v for k, v in one.items() if k != MARKER
        }

    def test_running_again_writes_the_same_bytes(self, tmp_path):
        synthesise(tmp_path, actors=1, seed=5, workers=1)
        before = digests(tmp_path)
        next(tmp_path.rglob("*.wav")).write_bytes(b"half a fi")
        synthesise(tmp_path, actors=1, seed=5, workers=1)
        assert digests(tmp_path) == before

    def test_actors_can_be_added_and_the_marker_never_lists_fewer(self, tmp_path):
        for actors, marked in ((1, 1), (2, 2), (1, 2)):
            synthesise(tmp_path, actors=actors, workers=1)
            assert json.loads((tmp_path / MARKER).read_text())["actors"] == marked

    def test_the_marker_says_what_the_folder_is(self, tmp_path):
        synthesise(tmp_path, actors=1, seed=9, workers=1)
        assert json.loads((tmp_path / MARKER).read_text()) == {
            "generator": "serkit synth",
            "version": 1,
            "seed": 9,
            "actors": 1,
            "licence": "CC0-1.0",
        }

    def test_the_marker_is_there_before_the_first_clip(self, tmp_path, monkeypatch):
        def dies(name, seed):
            raise KeyboardInterrupt

        monkeypatch.setattr(corpus, "render", dies)
        with pytest.raises(KeyboardInterrupt):
            synthesise(tmp_path, actors=1, workers=1)
        assert (tmp_path / MARKER).is_file()
        assert not list(tmp_path.rglob("*.wav"))

    def test_progress_ends_at_the_total(self, tmp_path):
        seen = []
        synthesise(tmp_path, actors=4, workers=1, progress=lambda *at: seen.append(at))
        assert seen == [(10, 12), (12, 12)]


class TestRefusals:
    def test_a_folder_of_something_else_is_left_alone(self, tmp_path):
        (tmp_path / "03-01-01-01-01-01-01.wav").write_bytes(b"a real recording")
        with pytest.raises(UsageError, match="not empty and is not a synthetic corpus") as caught:
            synthesise(tmp_path, actors=1, workers=1)
        assert "nothing was overwritten" in str(caught.value)
        assert "name a new or an empty folder" in str(caught.value)
        assert [p.name for p in tmp_path.iterdir()] == ["03-01-01-01-01-01-01.wav"]

    def test_a_file_is_no_folder(self, tmp_path):
        path = tmp_path / "corpus"
        path.write_text("text")
        with pytest.raises(UsageError, match=r"corpus is a file; name a folder"):
            synthesise(path, actors=1, workers=1)

    @pytest.mark.parametrize("change", [{"seed": 1}, {"version": 99}])
    def test_a_corpus_of_another_seed_or_version_is_left_alone(self, tmp_path, change):
        marker = {"generator": "serkit synth", "version": 1, "seed": 0, "actors": 2} | change
        (tmp_path / MARKER).write_text(json.dumps(marker))
        told = f"seed {marker['seed']}, version {marker['version']}"
        with pytest.raises(UsageError, match=f"holds another synthetic corpus .{told}."):
            synthesise(tmp_path, actors=1, workers=1)
        assert json.loads((tmp_path / MARKER).read_text()) == marker

    @pytest.mark.parametrize("text", ["", "[]", "{}", "\ufeff", '{"generator": "me"}'])
    def test_a_marker_that_cannot_be_read_is_an_error(self, tmp_path, text):
        (tmp_path / MARKER).write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match="not a marker that 'serkit synth' wrote"):
            synthesise(tmp_path, actors=1, workers=1)

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ({"actors": 25}, "25 actors were asked for; 1 to 24 are allowed"),
            ({"seed": -1}, "the seed is -1; 0 to 4294967295 are allowed"),
            ({"seed": 2**32}, "the seed is 4294967296; 0 to 4294967295 are allowed"),
            ({"workers": 0}, "0 workers were asked for; 1 or more are allowed"),
        ],
    )
    def test_bad_numbers_are_rejected_before_writing(self, tmp_path, options, told):
        with pytest.raises(UsageError, match=told):
            synthesise(tmp_path / "new", **options)
        assert not (tmp_path / "new").exists()

    @pytest.mark.usefixtures("few_clips")
    def test_a_full_disk_is_one_clear_sentence_and_leaves_no_half_file(self, tmp_path, monkeypatch):
        real = corpus.Path.write_bytes

        def full(path, content):
            if ".wav" in path.name:
                real(path, content[:100])
                raise OSError(28, "No space left on device")
            return real(path, content)

        monkeypatch.setattr(corpus.Path, "write_bytes", full)
        with pytest.raises(SerkitError, match="No space left on device; 3 clips need about 1 MB"):
            synthesise(tmp_path, actors=1, workers=1)
        assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == [MARKER]

    @pytest.mark.usefixtures("few_clips")
    def test_a_dead_worker_is_reported(self, tmp_path, monkeypatch):
        if sys.platform != "linux":
            pytest.skip("other systems' workers do not see this test's patch")
        fork = multiprocessing.get_context("fork")  # other workers do not see the next line
        monkeypatch.setattr("serkit.compute.local._context", lambda: fork)
        monkeypatch.setattr(corpus, "render", lambda name, seed: os._exit(1))
        with pytest.raises(SerkitError, match=r"a worker process died .* run it again"):
            synthesise(tmp_path, actors=4, workers=2)


def test_the_corpus_reader_looks_for_the_marker_that_is_written():
    from serkit.corpora import synthetic

    assert synthetic.MARKER == MARKER

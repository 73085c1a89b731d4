"""The audit: what a corpus's folder holds, and everything that is wrong with it."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
from collections.abc import Mapping

import numpy as np
import pytest
import soundfile
from rich.console import Console

from serkit.audio import read_audio, write_wav
from serkit.corpora import ravdess as ravdess_module
from serkit.errors import CorpusError, NotFoundError
from serkit.ingest.audit import Decoded, audit, judge
from serkit.ingest.audit_report import Duplicate, Lengths, Unreadable
from serkit.ingest.scan import scan

CLIPS = ["03-01-01-01-01-01-01", "03-01-05-02-01-01-01", "03-01-05-01-02-01-12"]
A, B, C = CLIPS


def place(clip_id: str) -> str:
    return f"Actor_{clip_id[-2:]}/{clip_id}.wav"


@pytest.fixture
def corpus(make_corpus):
    return make_corpus(CLIPS)


@pytest.fixture
def publish(monkeypatch):
    """Return a function that lets the clips of a folder be the published ones."""

    def publish(root, **others: str) -> None:
        digests = {path.stem: read_audio(path).pcm_sha256 for path in root.rglob("*.wav")}
        changed = dataclasses.replace(
            ravdess_module.CORPUS, published=lambda: {**digests, **others}
        )
        monkeypatch.setattr(ravdess_module, "CORPUS", changed)

    return publish


def shown(report) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(report)
    return console.export_text()


def rewrite(path, change) -> None:
    write_wav(path, change(read_audio(path).samples))


class TestACleanCorpus:
    def test_it_is_counted_by_what_its_names_and_files_say(self, corpus):
        report = audit(corpus, workers=1)
        assert (report.corpus, report.root) == ("ravdess", corpus.resolve())
        assert (report.files, report.clips) == (3, 3)
        assert report.counts == {
            "emotion": {"neutral": 1, "angry": 2},
            "speaker": {"1": 2, "12": 1},
            "intensity": {"normal": 2, "strong": 1},
            "sex": {"female": 1, "male": 2},
            "statement": {"Dogs are sitting by the door": 1, "Kids are talking by the door": 2},
            "channels": {1: 3},
            "sample_rate": {48_000: 3},
        }

    def test_it_is_clean_when_its_samples_are_the_published_ones(self, corpus, publish):
        publish(corpus)
        report = audit(corpus, workers=1)
        assert report.clean
        data = report.to_json()
        found = {key for key, value in data.items() if value}
        assert found == {
            "corpus",
            "root",
            "clean",
            "files",
            "clips",
            "counts",
            "frames",
            "compared",
            "one_label",
        }

    def test_samples_that_were_scaled_are_warned_of(self, corpus):
        path = next(corpus.rglob("*.wav"))
        soundfile.write(path, 2 * np.sin(np.arange(9_000) / 20), 48_000, subtype="FLOAT")
        report = audit(corpus, workers=1)
        (note,) = report.notes
        assert (note.path, note.clip_id) == (path.relative_to(corpus).as_posix(), path.stem)
        assert note.text.startswith("its float samples reach 2 times full scale")
        assert report.to_json()["notes"][0]["text"] == note.text

    def test_lengths_are_in_samples(self, corpus):
        lengths = [read_audio(corpus / place(clip)).num_frames for clip in CLIPS]
        report = audit(corpus, workers=1)
        assert report.frames == Lengths(min(lengths), sum(lengths) / 3, max(lengths))

    def test_channels_and_rates_are_the_files_own(self, corpus):
        samples = read_audio(corpus / place(A)).samples
        soundfile.write(corpus / place(A), np.stack([samples, samples], 1), 22_050)
        report = audit(corpus, workers=1)
        assert report.counts["channels"] == {1: 2, 2: 1}
        assert report.counts["sample_rate"] == {22_050: 1, 48_000: 2}

    def test_emotions_and_numbers_are_in_their_own_order(self, make_corpus):
        report = audit(make_corpus(96, seconds=0.01), workers=1)
        assert list(report.counts["emotion"])[:3] == ["neutral", "calm", "happy"]
        assert list(report.counts["speaker"]) == list(map(str, range(1, 13)))


class TestMissingAndExtra:
    def test_absent_published_clips_are_missing(self, corpus, publish):
        publish(corpus)
        (corpus / place(B)).unlink()
        report = audit(corpus, workers=1)
        assert report.missing == (B,)
        assert report.clean, "a part of a corpus is not a fault"

    def test_wholly_missing_actors_are_summarised(self, corpus, publish):
        others = {f"03-01-0{e}-01-01-01-24": "0" * 64 for e in (1, 2)}
        publish(corpus, **others)
        (corpus / place(B)).unlink()
        (corpus / place(C)).unlink()
        report = audit(corpus, workers=1)
        assert report.missing == (*others, C, B), "sorted"
        assert report.missing_speakers() == (("12", "24"), (B,))

    def test_unpublished_clips_are_extra(self, corpus, publish, make_corpus):
        publish(corpus)
        make_corpus(["03-01-01-02-01-01-01"])  # there is no strong neutral in RAVDESS
        report = audit(corpus, workers=1)
        assert report.extra == ("03-01-01-02-01-01-01",)
        assert report.altered == ()

    def test_without_published_clips_none_are_missing_extra_or_altered(self, corpus):
        (corpus / "serkit-synthetic.json").write_text("{}")
        report = audit(corpus, workers=1)
        assert report.corpus == "synthetic"
        assert (report.missing, report.extra, report.altered) == ((), (), ())
        assert report.missing_speakers() == ((), ())

    def test_requested_song_clips_are_not_extra(self, make_corpus):
        root = make_corpus([A, f"03-02{A[5:]}"])
        left = audit(root, workers=1)
        assert (left.clips, left.left_out) == (1, {"song": 1})
        report = audit(root, include={"song"}, workers=1)
        assert (report.clips, report.left_out, report.extra) == (2, {}, ())

    def test_files_with_other_names_are_reported(self, corpus):
        shutil.copy(corpus / place(A), corpus / "jingle.wav")
        report = audit(corpus, workers=1)
        assert [path for path, _ in report.unparsed] == ["jingle.wav"]
        assert report.clips == 3


class TestSamples:
    def test_samples_that_are_not_the_published_ones_are_altered(self, corpus, publish):
        publish(corpus)
        rewrite(corpus / place(B), lambda samples: samples[:-1])
        report = audit(corpus, workers=1)
        assert report.altered == (B,)
        assert not report.clean

    def test_a_change_of_one_sample_by_one_is_seen(self, corpus, publish):
        publish(corpus)

        def nudge(samples):
            samples = samples.copy()
            samples[100] ^= 1
            return samples

        rewrite(corpus / place(A), nudge)
        assert audit(corpus, workers=1).altered == (A,)

    def test_another_file_format_is_no_change(self, corpus, publish):
        publish(corpus)
        samples = read_audio(corpus / place(A)).samples
        soundfile.write(corpus / f"{A}.flac", samples, 48_000)
        (corpus / place(A)).unlink()
        assert audit(corpus, workers=1).altered == ()

    def test_different_clips_with_the_same_samples_are_found(self, corpus):
        shutil.copy(corpus / place(A), corpus / place(B))
        report = audit(corpus, workers=1)
        assert report.identical == ((A, B),)

    def test_silent_clips_are_found(self, corpus):
        rewrite(corpus / place(A), lambda samples: samples // 2000)
        report = audit(corpus, workers=1)
        assert report.silent == (A,)
        assert f"silent (never louder than 60 dB below full scale) (1): {A}" in shown(report)

    def test_clips_that_are_cut_off_at_full_scale_are_found_with_how_much(self, corpus):
        def cut(samples):
            return np.concatenate([samples, np.full(7, 32_767, np.int16), samples])

        rewrite(corpus / place(B), cut)
        report = audit(corpus, workers=1)
        assert report.clipped == {B: 7}
        assert f"cut off at full scale (1): {B} (7 samples)" in shown(report)

    def test_speakers_with_one_label_are_found(self, corpus):
        report = audit(corpus, workers=1)
        assert report.one_label == ("12",)
        assert "speakers with one label (1): 12" in shown(report)


class TestDuplicates:
    def copy(self, corpus, clip):
        copied = corpus / "nested" / place(clip)
        copied.parent.mkdir(parents=True)
        shutil.copy(corpus / place(clip), copied)
        return copied

    def test_a_clip_in_two_files_is_one_clip(self, corpus):
        self.copy(corpus, A)
        report = audit(corpus, workers=1)
        assert (report.files, report.clips) == (4, 3)
        assert report.duplicates == (Duplicate(A, (place(A), f"nested/{place(A)}"), True),)
        assert report.counts["channels"] == {1: 3}
        assert report.identical == (), "a copy is no second clip"
        assert report.contradictory == ()

    def test_files_of_one_clip_with_different_samples_contradict_each_other(self, corpus):
        rewrite(self.copy(corpus, A), np.flip)
        report = audit(corpus, workers=1)
        assert report.duplicates == (Duplicate(A, (place(A), f"nested/{place(A)}"), False),)
        assert report.contradictory == report.duplicates
        assert not report.clean

    def test_the_published_file_is_used(self, corpus, publish):
        publish(corpus)
        self.copy(corpus, A)
        rewrite(corpus / place(A), lambda samples: samples[:-50])
        report = audit(corpus, workers=1)
        assert report.duplicates == (Duplicate(A, (f"nested/{place(A)}", place(A)), False),)
        assert report.altered == ()

    def test_a_readable_file_is_used(self, corpus, publish):
        publish(corpus)
        self.copy(corpus, A)
        (corpus / place(A)).write_bytes(b"")
        report = audit(corpus, workers=1)
        assert report.duplicates == (Duplicate(A, (f"nested/{place(A)}", place(A)), True),)
        assert [file.path for file in report.unreadable] == [place(A)]
        assert report.counts["sample_rate"] == {48_000: 3}


class TestUnreadable:
    def test_bad_files_are_listed_and_others_checked(self, corpus):
        (corpus / place(A)).write_bytes(b"")
        whole = (corpus / place(B)).read_bytes()
        (corpus / place(B)).write_bytes(whole[:-100])
        report = audit(corpus, workers=1)
        assert report.unreadable == (
            Unreadable(place(A), "EmptyAudioError", f"{A}.wav is an empty file"),
            Unreadable(
                place(B), "TruncatedAudioError", f"{B}.wav ends 100 bytes before its header says"
            ),
        )
        assert not report.clean
        assert report.clips == 3
        assert sum(report.counts["emotion"].values()) == 3
        assert report.counts["channels"] == {1: 1}

    def test_they_are_neither_missing_nor_altered(self, corpus, publish):
        publish(corpus)
        (corpus / place(A)).write_bytes(b"")
        report = audit(corpus, workers=1)
        assert (report.missing, report.altered) == ((), ())

    def test_nothing_readable_leaves_no_lengths(self, make_corpus):
        root = make_corpus([A])
        (root / place(A)).write_text("no sound")
        report = audit(root, workers=1)
        assert report.frames is None
        assert report.counts["channels"] == {}


class TestTheWork:
    def test_more_processes_find_the_same(self, make_corpus):
        root = make_corpus(40, seconds=0.02)
        (root / "Actor_01" / "03-01-02-01-01-01-01.wav").write_bytes(b"")
        assert audit(root, workers=2) == audit(root, workers=1)

    def test_progress_reaches_the_number_of_files(self, make_corpus):
        told = []
        audit(
            make_corpus(40, seconds=0.02),
            workers=1,
            progress=lambda *numbers: told.append(numbers),
        )
        assert told == sorted(told)
        assert len(told) > 1
        assert told[-1] == (40, 40)

    def test_judging_needs_no_files(self, corpus):
        facts: Mapping[str, Decoded | Unreadable] = {
            place(clip): Decoded(digest, 48_000, 1, 10)
            for clip, digest in zip(CLIPS, "xyx", strict=True)
        }
        found = scan(corpus)
        shutil.rmtree(corpus)
        assert judge(found, facts).identical == ((A, C),)

    def test_a_folder_without_clips_is_an_error(self, tmp_path):
        (tmp_path / "jingle.wav").write_bytes(b"")
        with pytest.raises(CorpusError, match=r"no corpus in .*jingle"):
            audit(tmp_path)

    def test_a_missing_folder_is_an_error(self, tmp_path):
        with pytest.raises(NotFoundError):
            audit(tmp_path / "absent")


def test_the_report_is_plain_json(corpus, publish):
    publish(corpus, **{"03-01-01-01-01-01-24": "0" * 64})
    (corpus / place(C)).write_bytes(b"")
    (corpus / "jingle.wav").write_bytes(b"")
    data = audit(corpus, workers=1).to_json()
    assert json.loads(json.dumps(data)) == data
    assert data["counts"]["speaker"] == {"1": 2, "12": 1}
    assert data["missing"] == ["03-01-01-01-01-01-24"]
    assert data["unreadable"][0]["error"] == "EmptyAudioError"
    assert data["unparsed"][0]["path"] == "jingle.wav"
    assert data["clean"] is False


def test_the_one_pair_of_identical_takes_in_ravdess_is_found(ravdess):
    report = audit(ravdess / "Actor_07", workers=1)
    assert report.identical == (("03-01-03-01-02-01-07", "03-01-03-01-02-02-07"),)
    assert report.clips == 60
    assert (report.altered, report.extra, report.unreadable) == ((), (), ())
    assert report.missing_speakers() == (tuple(str(a) for a in range(1, 25) if a != 7), ())
    assert report.clean

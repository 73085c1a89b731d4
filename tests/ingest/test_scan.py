"""Scanning: which files of a folder are a corpus's clips, told from their names alone."""

from __future__ import annotations

import json
import os
import sys
from pathlib import PurePosixPath

import pytest

from serkit.errors import CorpusError, NotFoundError, UnknownNameError, UsageError
from serkit.ingest.corpus import CORPORA
from serkit.ingest.scan import no_clips, scan

CLIP = "03-01-01-01-01-01-01"
OTHER = "03-01-05-02-02-01-02"
needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")


@pytest.fixture
def put(tmp_path):
    """Return a function that makes files below the folder ``corpus``: names are all that counts."""
    root = tmp_path / "corpus"
    root.mkdir()

    def make(*paths):
        for path in paths:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(b"sound")
        return root

    return make


def paths_of(found):
    return [file.path for file in found.files]


class TestWhatIsFound:
    def test_wav_and_flac_files_at_any_depth_sorted_by_path(self, put):
        root = put(f"b/c/{CLIP}.wav", f"a/{OTHER}.flac", f"{CLIP}.wav")
        assert paths_of(scan(root)) == [f"{CLIP}.wav", f"a/{OTHER}.flac", f"b/c/{CLIP}.wav"]

    def test_each_file_comes_with_its_name_size_and_time(self, put):
        root = put(f"{OTHER}.wav")
        (file,) = scan(root).files
        info = (root / f"{OTHER}.wav").stat()
        assert (file.size, file.mtime_ns) == (5, info.st_mtime_ns)
        assert (file.name.clip_id, file.name.emotion, file.name.actor) == (OTHER, "angry", 2)

    def test_the_suffix_may_be_in_capitals(self, put):
        root = put(f"{CLIP}.WAV", f"{OTHER}.Flac")
        assert [file.name.clip_id for file in scan(root).files] == [CLIP, OTHER]

    def test_other_files_are_none_of_its_business(self, put):
        found = scan(put(f"{CLIP}.wav", "README.md", f"{OTHER}.mp3", f"{OTHER}.wav.txt"))
        assert paths_of(found) == [f"{CLIP}.wav"]
        assert found.unparsed == ()

    def test_hidden_files_and_folders_are_skipped_silently(self, put):
        found = scan(
            put(
                f"{CLIP}.wav",
                ".DS_Store",
                f"._{CLIP}.wav",
                f".{OTHER}.wav",
                f".cache/{OTHER}.wav",
                f"Actor_01/._{OTHER}.wav",
                "__MACOSX/._x.wav",
            )
        )
        assert paths_of(found) == [f"{CLIP}.wav"]
        assert found.unparsed == ()
        assert found.left_out == {}

    def test_a_requested_hidden_folder_is_scanned(self, put):
        root = put(f".hidden/{CLIP}.wav")
        assert paths_of(scan(root / ".hidden")) == [f"{CLIP}.wav"]

    def test_a_folder_may_be_given_as_text_and_relative(self, put, monkeypatch):
        root = put(f"{CLIP}.wav")
        monkeypatch.chdir(root.parent)
        found = scan("corpus")
        assert found.root == root.resolve()
        assert paths_of(found) == [f"{CLIP}.wav"]

    def test_an_empty_folder_holds_nothing(self, put):
        assert scan(put()).files == ()


class TestNestedCopy:
    def test_each_clip_of_it_is_one_clip_with_two_files_the_outer_one_first(self, put):
        clips = [f"03-01-{e:02d}-01-01-01-{a:02d}" for e in range(1, 9) for a in (1, 2)]
        places = [f"Actor_{clip[-2:]}/{clip}.wav" for clip in clips]
        nested = [f"audio_speech_actors_01-24/{place}" for place in places]
        found = scan(put(*places, *nested))
        assert len(found.files) == 32
        groups = found.clips
        assert groups.keys() == set(clips)
        for clip, files in groups.items():
            place = f"Actor_{clip[-2:]}/{clip}.wav"
            assert [f.path for f in files] == [place, f"audio_speech_actors_01-24/{place}"]


class TestLeftOut:
    SONG, VIDEO, SILENT = f"03-02{CLIP[5:]}", f"01-01{CLIP[5:]}", f"02-01{CLIP[5:]}"

    def test_song_and_videos_are_left_out_and_counted(self, put):
        found = scan(put(*(f"{n}.wav" for n in (CLIP, self.SONG, self.VIDEO, self.SILENT))))
        assert paths_of(found) == [f"{CLIP}.wav"]
        assert found.left_out == {"song": 1, "full-av": 1, "video-only": 1}

    def test_included_clips_are_not_excluded(self, put):
        root = put(*(f"{n}.wav" for n in (CLIP, self.SONG, self.VIDEO)))
        found = scan(root, include={"song"})
        assert paths_of(found) == [f"{CLIP}.wav", f"{self.SONG}.wav"]
        assert found.left_out == {"full-av": 1}

    def test_a_single_reason_needs_no_list(self, put):
        root = put(*(f"{n}.wav" for n in (CLIP, self.SONG)))
        assert paths_of(scan(root, include="song")) == [f"{CLIP}.wav", f"{self.SONG}.wav"]

    def test_a_reason_that_there_is_not_is_refused_with_the_nearest(self, put):
        with pytest.raises(UnknownNameError) as caught:
            scan(put(f"{CLIP}.wav"), include=["song", "sing"])
        assert str(caught.value) == (
            "unknown reason to leave out clips of ravdess 'sing': did you mean 'song'?; "
            "there are: full-av, song, video-only"
        )

    @pytest.mark.parametrize("name", ["ravdess", "synthetic"])  # those with RAVDESS's names
    def test_a_corpus_names_every_reason_it_gives(self, name):
        corpus = CORPORA.get(name)
        clips = [f"{m}-{c}{CLIP[5:]}.wav" for m in ("01", "02", "03") for c in ("01", "02")]
        given = {corpus.leave_out(corpus.parse(PurePosixPath(clip))) for clip in clips} - {None}
        assert given == set(corpus.reasons)


class TestUnparsed:
    def test_a_name_of_another_kind_is_reported_with_the_reason(self, put):
        found = scan(put(f"{CLIP}.wav", "extra/jingle.wav", f"{CLIP[:-2]}77.wav"))
        assert paths_of(found) == [f"{CLIP}.wav"]
        assert dict(found.unparsed) == {
            "extra/jingle.wav": "jingle.wav is not a RAVDESS name; MM-VC-EE-II-SS-RR-AA is",
            f"{CLIP[:-2]}77.wav": f"{CLIP[:-2]}77.wav has actor 77; 01 to 24 are allowed",
        }

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux allows any bytes in a name")
    def test_a_path_that_is_not_text_is_reported_in_text(self, put):
        root = put(f"{CLIP}.wav")
        put(os.fsdecode(b"caf\xe9/") + f"{OTHER}.wav")
        found = scan(root)
        assert paths_of(found) == [f"{CLIP}.wav"]
        assert found.unparsed == ((f"caf\\udce9/{OTHER}.wav", "its path is not UTF-8"),)


class TestLinks:
    @needs_links
    def test_linked_folders_are_followed(self, put, tmp_path):
        root = put(f"{CLIP}.wav")
        away = tmp_path / "away"
        away.mkdir()
        (away / f"{OTHER}.wav").write_bytes(b"sound")
        (root / "linked").symlink_to(away, target_is_directory=True)
        assert paths_of(scan(root)) == [f"{CLIP}.wav", f"linked/{OTHER}.wav"]

    @needs_links
    def test_a_folder_that_two_ways_lead_to_is_read_once(self, put):
        root = put(f"Actor_01/{CLIP}.wav")
        (root / "again").symlink_to(root / "Actor_01", target_is_directory=True)
        assert len(scan(root).files) == 1

    @needs_links
    def test_loops_end(self, put):
        root = put(f"Actor_01/{CLIP}.wav")
        (root / "Actor_01" / "up").symlink_to(root, target_is_directory=True)
        (root / "itself").symlink_to(root / "itself")
        assert paths_of(scan(root)) == [f"Actor_01/{CLIP}.wav"]

    @needs_links
    @pytest.mark.parametrize("target", ["nowhere.wav", f"{CLIP}.wav"])
    def test_a_link_that_leads_nowhere_is_found_and_left_to_the_reader(self, put, target):
        root = put()
        (root / f"{CLIP}.wav").symlink_to(root / target)
        (file,) = scan(root).files
        assert (file.path, file.size) == (f"{CLIP}.wav", -1)


class TestWhichCorpus:
    def test_ravdess_names_are_ravdess(self, put):
        assert scan(put(f"{CLIP}.wav")).corpus is CORPORA.get("ravdess")

    def test_the_marker_identifies_synthetic_clips_in_a_part_of_the_corpus(self, put):
        root = put(f"Actor_01/{CLIP}.wav")
        (root / "serkit-synthetic.json").write_text(json.dumps({}))
        assert scan(root).corpus.name == "synthetic"
        assert scan(root / "Actor_01").corpus.name == "synthetic"

    def test_the_corpus_may_be_named(self, put):
        assert scan(put(f"{CLIP}.wav"), corpus="synthetic").corpus.name == "synthetic"

    def test_an_unknown_corpus_is_wrong_usage(self, put):
        with pytest.raises(UnknownNameError, match="did you mean 'ravdess'"):
            scan(put(f"{CLIP}.wav"), corpus="ravdes")


class TestRefused:
    def test_a_missing_folder(self, tmp_path):
        with pytest.raises(NotFoundError, match=r"^no folder .*absent; give the folder that hold"):
            scan(tmp_path / "absent")

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows guesses other users' homes")
    def test_an_unknown_home_folder(self):
        with pytest.raises(NotFoundError, match=r"^no folder ~no-such-user/a; give"):
            scan("~no-such-user/a")

    def test_a_file(self, put):
        root = put(f"{CLIP}.wav")
        with pytest.raises(UsageError, match=r"\.wav is a file; give the folder that holds it$"):
            scan(root / f"{CLIP}.wav")

    def test_a_folder_that_may_not_be_read_is_not_passed_over(self, put, monkeypatch):
        root = put(f"{CLIP}.wav", f"locked/{OTHER}.wav")
        really = os.scandir

        def scandir(folder):  # the tests may run as root, whom no mode keeps out
            if os.fspath(folder).endswith("locked"):
                raise PermissionError(13, "Permission denied")
            return really(folder)

        monkeypatch.setattr(os, "scandir", scandir)
        with pytest.raises(
            CorpusError, match=r"locked cannot be read \(Permission denied\); make it readable"
        ):
            scan(root)


class TestNoClips:
    def test_the_error_says_what_is_there_instead(self, put):
        root = put("03-02-01-01-01-01-01.wav", "jingle.wav")
        message = str(no_clips(scan(root)))
        assert message.startswith(
            f"no ravdess clips in {root.resolve()}; there are only 1 song and"
        )
        assert "1 files with other names (jingle.wav is not a RAVDESS name" in message

    def test_a_folder_of_own_recordings_is_told_how_to_label_them(self, put):
        message = str(no_clips(scan(put("anna/one.wav"))))
        assert message.endswith(
            "; describe the files in a metadata.csv there, or use --layout emotion if folders "
            "are named after emotions"
        )

    def test_or_that_there_is_nothing(self, put):
        assert "; no WAV or FLAC file at all; give" in str(no_clips(scan(put("readme.txt"))))


def test_a_file_from_beyond_the_year_2262_is_found(make_corpus):
    root = make_corpus(1, seconds=0.05)
    path = next(root.rglob("*.wav"))
    os.utime(path, ns=(0, 13_569_465_600 * 10**9))  # the year 2400
    if path.stat().st_mtime_ns < 2**63:
        pytest.skip("this file system does not hold such dates")
    assert [file.mtime_ns for file in scan(root).files] == [2**63 - 1]

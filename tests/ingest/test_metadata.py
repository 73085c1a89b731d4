"""A folder of one's own: tables in every state, layouts, joined labels, and what is said."""

from __future__ import annotations

import time
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import serkit
from serkit.errors import CorpusError, NotFoundError, UnknownNameError, UsageError
from serkit.ingest.metadata import Labelling, corpus_of
from serkit.ingest.scan import scan
from serkit.ingest.table import read_table

FILES = ("anna/01.wav", "anna/02.wav", "ben/01.wav", "ben/02.wav")
ROWS = "anna/01.wav,angry,anna\nanna/02.wav,calm,anna\nben/01.wav,angry,ben\nben/02.wav,calm,ben\n"


@pytest.fixture
def folder(tmp_path) -> Path:
    for name in FILES:
        path = tmp_path / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return tmp_path / "mine"


def describe(folder: Path, text: str, **options):
    (folder / "metadata.csv").write_text(text, encoding="utf-8")
    found = corpus_of(folder, FILES, Labelling(**options))
    assert found is not None
    return found


def emotions(folder: Path, corpus) -> list[str]:
    return [corpus.parse(PurePosixPath(name)).emotion for name in FILES]


class TestTables:
    HEAD = "file_name,emotion,speaker\n"

    def test_the_convention_needs_no_option(self, folder):
        (folder / "metadata.csv").write_text(self.HEAD + ROWS)
        found = scan(folder)
        assert found.corpus.name.startswith("mine@")
        assert found.corpus.labels.names == ("angry", "calm")
        assert [f.name.clip_id for f in found.files] == ["anna/01", "anna/02", "ben/01", "ben/02"]
        assert [f.name.speaker for f in found.files] == ["anna", "anna", "ben", "ben"]
        assert found.notes == ()

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    def test_encodings_and_delimiters(self, folder, encoding, delimiter):
        text = (self.HEAD + ROWS.replace("calm", "müde")).replace(",", delimiter)
        (folder / "metadata.csv").write_bytes(text.encode(encoding))
        assert scan(folder).corpus.labels.names == ("angry", "müde")

    def test_parquet(self, folder):
        columns = {"path": list(FILES), "label": [1, 2, 1, 2], "speaker_id": [7, 7, 8, None]}
        pq.write_table(pa.table(columns), folder / "metadata.parquet")
        found = scan(folder)
        assert found.corpus.labels.names == ("1", "2")
        assert [file.name.speaker for file in found.files] == ["7", "7", "8", "unknown"]

    def test_paths_from_windows_and_absolute_ones(self, folder):
        text = ROWS.replace("anna/", ".\\anna\\").replace("ben/", f"{folder}/ben/")
        assert describe(folder, self.HEAD + text)[1] == ()

    def test_equal_base_names_in_different_folders_are_different_clips(self, folder):
        (folder / "metadata.csv").write_text(self.HEAD + ROWS)
        ids = [file.name.clip_id for file in scan(folder).files]
        assert ids == ["anna/01", "anna/02", "ben/01", "ben/02"]

    def test_a_hundred_thousand_rows_are_read_in_seconds(self, folder):
        paths = [f"x/{number}.wav" for number in range(100_000)]
        rows = "\n".join(
            f"{path},{'angry' if i % 2 else 'calm'},s{i % 50}" for i, path in enumerate(paths)
        )
        (folder / "metadata.csv").write_text(self.HEAD + rows)
        began = time.process_time()  # the machine may have other work
        found = corpus_of(folder, paths, Labelling())
        assert found is not None
        assert time.process_time() - began < 10

    @pytest.mark.parametrize(
        ("extra", "note"),
        [
            (
                "nobody.wav,calm,ben\n",
                "1 row of metadata.csv names no audio file there (nobody.wav)",
            ),
            (
                "anna/01.wav,angry,anna\n",
                "1 row of metadata.csv repeats an earlier one (anna/01.wav)",
            ),
            (
                "anna/01.wav,calm,anna\nben/01.wav,calm,ben\n",
                "2 rows of metadata.csv contradict an earlier one, which counts "
                "(anna/01.wav, ben/01.wav)",
            ),
            ("\n,,\n", ""),
        ],
    )
    def test_wrong_rows_are_reported_and_the_others_used(self, folder, extra, note):
        corpus, notes = describe(folder, self.HEAD + ROWS + extra)
        assert notes == ((note,) if note else ())
        assert emotions(folder, corpus) == ["angry", "calm", "angry", "calm"]

    def test_a_file_without_a_row_is_passed_over(self, folder):
        (folder / "metadata.csv").write_text(self.HEAD + ROWS)
        (folder / "ben" / "03.wav").write_bytes(b"")
        assert scan(folder).unparsed == (("ben/03.wav", "metadata.csv has no row for it"),)

    def test_an_empty_label_leaves_its_clip_out(self, folder):
        (folder / "metadata.csv").write_text(
            self.HEAD + ROWS.replace("01.wav,angry,ben", "01.wav,,ben")
        )
        assert scan(folder).unparsed == (("ben/01.wav", "its label is empty"),)

    def test_labels_that_differ_by_case_or_blanks_are_joined_and_reported(self, folder):
        corpus, notes = describe(folder, self.HEAD + ROWS.replace("angry,ben", " Angry ,ben"))
        assert corpus.labels.names == ("angry", "calm")
        assert notes == ("the labels 'Angry' are counted as 'angry'",)

    def test_labels_are_joined_on_request(self, folder):
        text = self.HEAD + ROWS.replace("angry,ben", "frustrated,ben")
        corpus, notes = describe(folder, text, joined={"frustrated": "angry", "bored": "calm"})
        assert corpus.labels.names == ("angry", "calm")
        assert notes == ("no clip has the label 'bored', which was to be joined",)

    def test_a_label_to_join_that_is_mistyped_is_answered_with_the_nearest(self, folder):
        _, notes = describe(folder, self.HEAD + ROWS, joined={"angri": "calm"})
        said = "no clip has the label 'angri', which was to be joined: did you mean 'angry'?"
        assert notes == (said,)

    def test_synonyms_stay_apart_and_the_way_to_join_them_is_named(self, folder):
        corpus, notes = describe(folder, self.HEAD + ROWS.replace("angry,ben", "Anger,ben"))
        assert corpus.labels.names == ("Anger", "angry", "calm")
        assert notes == (
            "the labels 'Anger', 'angry' may mean one emotion; --map \"Anger=angry\" joins them",
        )

    @pytest.mark.parametrize("word", ["NaN", "n/a", "None"])
    def test_a_label_that_looks_like_a_missing_value_is_asked_about(self, folder, word):
        corpus, notes = describe(folder, self.HEAD + ROWS.replace("angry,ben", f"{word},ben"))
        assert word in corpus.labels.names
        said = f"'{word}' counts as a label: leave the cell empty if the label is missing"
        assert notes == (said,)

    def test_excel_s_line_of_the_separator_is_passed_over(self, folder):
        text = "sep=;\n" + (self.HEAD + ROWS).replace(",", ";")
        corpus, _ = describe(folder, text)
        assert corpus.labels.names == ("angry", "calm")

    def test_numbers_of_a_parquet_table_are_read_as_they_were_meant(self, tmp_path):
        path = tmp_path / "metadata.parquet"
        columns = {"speaker": [1.0, None, 12.0], "share": [0.5, 2.25, float("nan")]}
        pq.write_table(pa.table(columns), path)
        assert read_table(path).column("speaker") == ["1", "", "12"]
        assert read_table(path).column("share") == ["0.5", "2.25", ""]

    def test_one_label_alone(self, folder):
        _, notes = describe(folder, self.HEAD + ROWS.replace("calm", "angry"))
        assert notes == ("every clip has the label 'angry': no model can be trained on one",)

    def test_a_speaker_with_one_label(self, folder):
        _, notes = describe(folder, self.HEAD + ROWS.replace("calm,ben", "angry,ben"))
        assert notes == ("1 speaker has clips of one label alone (ben)",)

    def test_columns_are_named(self, folder):
        text = "file,mood,who\n" + ROWS
        with pytest.raises(CorpusError) as caught:
            describe(folder, text)
        assert str(caught.value) == (
            "metadata.csv has no column emotion or label; it has file, mood, who; "
            "name it with --column emotion=NAME"
        )
        corpus, _ = describe(folder, text, columns={"emotion": "mood", "speaker": "who"})
        assert corpus.labels.names == ("angry", "calm")
        with pytest.raises(UnknownNameError, match=r"unknown column of metadata\.csv 'moodd'"):
            describe(folder, text, columns={"emotion": "moodd"})
        with pytest.raises(UnknownNameError, match="unknown kind of column 'feeling'"):
            Labelling(columns={"feeling": "mood"})

    def test_a_table_of_other_files(self, folder):
        with pytest.raises(
            CorpusError, match=r"no audio file in .* has a label; 1 row of"
        ) as caught:
            describe(folder, self.HEAD + "elsewhere.wav,calm,ben\n")
        said = "a path in it is relative to the folder, such as anna/01.wav"
        assert str(caught.value).endswith(said)

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("t.csv", b"", "t.csv is empty; its first line names the columns"),
            ("t.xlsx", b"PK", "t.xlsx is not named as a table"),
            ("t.parquet", b"nothing", "t.parquet is not a Parquet file"),
        ],
    )
    def test_what_is_no_table(self, folder, name, content, message):
        (folder / name).write_bytes(content)
        with pytest.raises(CorpusError, match=message):
            read_table(folder / name)
        with pytest.raises(NotFoundError, match=r"no table .*none\.csv; --metadata is the path"):
            read_table(folder / "none.csv")

    def test_the_digest_is_that_of_what_the_table_says(self, folder):
        first, _ = describe(folder, self.HEAD + ROWS)
        again, _ = describe(folder, self.HEAD.replace(",", ";") + ROWS.replace(",", ";"))
        other, _ = describe(folder, self.HEAD + ROWS.replace("calm,ben", "angry,ben"))
        assert first.name == again.name != other.name


class TestLayouts:
    def test_folders_are_emotions(self, folder):
        found = corpus_of(folder, FILES, Labelling(layout="emotion"))
        assert found is not None
        corpus, notes = found
        assert corpus.labels.names == ("anna", "ben")
        assert notes[0].startswith("the speaker is unknown in 4 of 4 clips: ")

    def test_speakers_and_emotions(self, tmp_path):
        path = "day 1/anna/angry/01.wav"
        found = corpus_of(tmp_path, [path], Labelling(layout="speaker/emotion"))
        assert found is not None
        assert found[0].labels.names == ("angry",)

    def test_unknown_layouts_and_both_at_once(self):
        with pytest.raises(UnknownNameError, match="unknown layout 'mood'"):
            Labelling(layout="mood")
        with pytest.raises(UsageError, match="both a table and a layout are given"):
            Labelling(Path("t.csv"), "emotion")


class TestFromExtractToCompare:
    @pytest.fixture
    def recordings(self, make_corpus, tmp_path) -> Path:
        names = [
            f"{who}-{what}-{n:02}" for who in "abc" for what in ("froh", "müde") for n in (1, 2)
        ]
        folder = make_corpus(names, folder="recordings", seconds=0.3)
        self.write(folder, names)
        return folder

    def write(self, folder, names, joined=None, speaker=True):
        head = "file_name,emotion" + (",speaker\n" if speaker else "\n")
        rows = [
            f"Actor_{name[-2:]}/{name}.wav,{name[2:6]}" + (f",{name[0]}" if speaker else "")
            for name in names
        ]
        (folder / "metadata.csv").write_text(head + "\n".join(rows), encoding="utf-8")
        return names

    def test_from_table_to_leaderboard_and_a_changed_table(self, recordings, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        report = serkit.extract(recordings, store="s", features=["change_deviation"], workers=1)
        assert (report.computed, report.failed) == (12, ())
        run = serkit.train("majority", store="s", runs="r")
        assert run.record["corpus"].startswith("recordings@")
        assert (run.protocol, run.labels.names) == ("speaker5", ("froh", "müde"))
        table = recordings / "metadata.csv"
        table.write_text(table.read_text(encoding="utf-8").replace("müde,c", "wach,c"), "utf-8")
        again = serkit.extract(recordings, store="s", features=["change_deviation"], workers=1)
        assert (again.computed, again.reused) == (0, 12)
        assert serkit.FeatureStore("s").labels.names == ("froh", "müde", "wach")
        serkit.train("majority", store="s", runs="r")
        assert [len(group.entries) for group in serkit.compare("r").groups] == [1, 1]

    @pytest.mark.parametrize("apart", [True, False])
    def test_the_column_split_is_a_protocol(self, recordings, tmp_path, apart):
        paths = sorted(recordings.rglob("*.wav"))
        part_of = {"a": "train", "b": "validation", "c": "test" if apart else "train"}
        rows = [
            f"{p.relative_to(recordings).as_posix()},{p.stem[2:6]},{p.stem[0]},{part_of[p.stem[0]]}"
            for p in paths
        ]
        if not apart:
            rows[0] = rows[0].replace(",train", ",test")
        head = "file_name,emotion,speaker,split\n"
        (recordings / "metadata.csv").write_text(head + "\n".join(rows), encoding="utf-8")
        store = tmp_path / "s"
        serkit.extract(recordings, store=store, features=["change_deviation"], workers=1)
        run = serkit.train("majority", store=store, runs=tmp_path / "r", protocol="split")
        assert run.protocol == "split"
        assert run.record["clips"] == (4 if apart else 1)
        assert run.record["speaker_independent"] is apart
        board = serkit.compare(tmp_path / "r", protocol="split", store=store)
        assert (len(board.entries), board.problems) == (1, ())

    def test_unknown_speakers_are_stamped(self, recordings, tmp_path):
        names = [path.stem for path in sorted(recordings.rglob("*.wav"))]
        self.write(recordings, names, speaker=False)
        store = tmp_path / "s"
        report = serkit.extract(recordings, store=store, features=["change_deviation"], workers=1)
        assert "only random protocols work" in report.warnings[0]
        with pytest.raises(UsageError, match="the speaker is unknown in 12 of 12 clips"):
            serkit.train("majority", store=store, runs=tmp_path)
        run = serkit.train("majority", store=store, runs=tmp_path, protocol="random10")
        assert run.record["speaker_unknown"] is True

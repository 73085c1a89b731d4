"""EMO-DB, CREMA-D, TESS and SAVEE: what their names say, and how many clips there should be."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

import serkit
from serkit.errors import CorpusError
from serkit.ingest.corpus import CORPORA, UnparsedNameError
from serkit.ingest.scan import scan


@pytest.mark.parametrize(
    ("corpus", "path", "said"),
    [
        ("emodb", "wav/03a01Fa.wav", ("03", "happy", "male", "a01", 1)),
        ("emodb", "wav/16b10Lb.wav", ("16", "boredom", "female", "b10", 2)),
        (
            "crema-d",
            "1001_DFA_ANG_XX.wav",
            ("1001", "angry", "unknown", "Don't forget a jacket", 1),
        ),
        (
            "tess",
            "OAF_Fear/OAF_back_fear.wav",
            ("OAF", "fearful", "female", "Say the word back", 1),
        ),
        ("tess", "x/OA_bite_neutral.wav", ("OAF", "neutral", "female", "Say the word bite", 1)),
        ("savee", "DC_sa05.wav", ("DC", "sad", "male", "sad sentence 5", 1)),
        ("savee", "KL/su15.wav", ("KL", "surprised", "male", "surprised sentence 15", 1)),
    ],
)
def test_a_name_says_who_speaks_what_and_how(corpus, path, said):
    name = CORPORA.get(corpus).parse(PurePosixPath(path))
    assert (name.speaker, name.emotion, name.sex, name.statement, name.repetition) == said


@pytest.mark.parametrize(
    ("corpus", "path", "message"),
    [
        ("emodb", "04a01Fa.wav", "04a01Fa.wav has speaker 04; 03, 08, 09"),
        ("emodb", "03a01Xa.wav", "03a01Xa.wav is not an EMO-DB name; 03a01Fa is"),
        ("crema-d", "1092_DFA_ANG_XX.wav", "has actor 1092; 1001 to 1091 are allowed"),
        ("crema-d", "1001_XYZ_ANG_XX.wav", "has the sentence XYZ; IEO, TIE"),
        ("crema-d", "1001_DFA_SUR_XX.wav", "has the emotion SUR; ANG, DIS"),
        ("tess", "OAF_back_calm.wav", "OAF_back_calm.wav is not a TESS name; OAF_back_angry is"),
        ("savee", "a01.wav", "a01.wav is not a SAVEE name; DC_a01, or a01 in the folder DC, is"),
    ],
)
def test_name_errors_state_the_reason(corpus, path, message):
    with pytest.raises(UnparsedNameError) as caught:
        CORPORA.get(corpus).parse(PurePosixPath(path))
    assert message in str(caught.value)


def test_savee_s_two_forms_are_the_same_clip_and_other_speakers_another():
    parse = CORPORA.get("savee").parse
    ids = [
        parse(PurePosixPath(path)).clip_id for path in ("DC/a01.wav", "DC_a01.wav", "JE/a01.wav")
    ]
    assert ids == ["DC_a01", "DC_a01", "JE_a01"]


@pytest.mark.parametrize(
    ("corpus", "clips", "speakers"),
    [("emodb", 535, 10), ("crema-d", 7442, 91), ("tess", 2800, 2), ("savee", 480, 4)],
)
def test_the_shipped_counts_add_up(corpus, clips, speakers):
    expected = CORPORA.get(corpus).expected
    assert sum(expected["emotion"].values()) == clips
    assert set(expected["emotion"]) == set(CORPORA.get(corpus).labels)
    assert (sum(expected["speaker"].values()), len(expected["speaker"])) == (clips, speakers)


def test_a_part_of_a_corpus_is_compared_with_the_whole(make_corpus):
    names = [f"{who}a01{what}a" for who in ("03", "08") for what in "WLEAFTN"]
    report = serkit.check(make_corpus(names), workers=1)
    assert (report.corpus, report.clips) == ("emodb", 14)
    assert "emotion angry: 2 clips, the whole corpus has 127" in report.unlike_the_whole
    assert "speaker 03: 7 clips, the whole corpus has 49" in report.unlike_the_whole
    assert report.counted_by == "Burkhardt et al. (2005), 535 clips; EmoBox (Ma et al. 2024)"


@pytest.mark.parametrize("corpus", ["crema-d", "emodb", "savee", "tess"])
def test_counts_of_complete_corpora_have_a_source(corpus):
    total = sum(CORPORA.get(corpus).expected["emotion"].values())
    assert f"{total:,} clips" in CORPORA.get(corpus).counted_by


class TestCremaDsPeople:
    CLIPS = ("1001_DFA_ANG_XX", "1002_DFA_SAD_XX")
    HEAD = "ActorID,Age,Sex,Race,Ethnicity\n"

    @pytest.fixture
    def folder(self, make_corpus):
        return make_corpus(self.CLIPS, folder="CREMA-D/AudioWAV")

    @pytest.mark.parametrize("place", ["..", "."])
    def test_sex_and_age_come_from_the_corpus_s_table(self, folder, place):
        (folder / place / "VideoDemographics.csv").write_text(
            self.HEAD + "1001,51,Male,Caucasian,Not Hispanic\n1002,21,Female,Caucasian,Hispanic\n"
        )
        names = {file.name.speaker: file.name for file in scan(folder).files}
        assert (names["1001"].sex, names["1001"].age) == ("male", 51)
        assert (names["1002"].sex, names["1002"].age) == ("female", 21)

    def test_without_the_table_they_are_unknown(self, folder):
        assert {(f.name.sex, f.name.age) for f in scan(folder).files} == {("unknown", None)}

    def test_they_are_in_the_store(self, folder, tmp_path):
        (folder / "VideoDemographics.csv").write_text(self.HEAD + "1001,51,Male,,\n")
        serkit.extract(folder, store=tmp_path / "s", features=["change_deviation"], workers=1)
        clips = serkit.FeatureStore(tmp_path / "s").clips
        assert clips.loc["1001_DFA_ANG_XX", ["sex", "age"]].tolist() == ["male", 51]
        assert clips["sex"].tolist() == ["male", "unknown"]

    def test_another_table_of_that_name_is_refused(self, folder):
        (folder / "VideoDemographics.csv").write_text("who,what\n1,2\n")
        with pytest.raises(CorpusError, match="has no column ActorID and Age and Sex"):
            scan(folder)


def test_the_doubled_copy_of_tess_counts_once(make_corpus):
    folder = make_corpus(["OAF_back_angry", "YAF_back_sad"])
    make_corpus(["OAF_back_angry"], folder="corpus/TESS Toronto emotional speech set data")
    report = serkit.check(folder, workers=1)
    assert (report.corpus, report.files, report.clips) == ("tess", 3, 2)
    assert [each.same_samples for each in report.duplicates] == [True]

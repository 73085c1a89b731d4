"""EMO-DB, CREMA-D, TESS and SAVEE: what their names say, and how many clips there should be."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

import serkit
from serkit.ingest.corpus import CORPORA, UnparsedNameError


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
def test_what_is_wrong_with_a_name_is_said(corpus, path, message):
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
    ("corpus", "clips", "speakers"), [("emodb", 535, 10), ("crema-d", 7442, 0), ("tess", 2800, 2)]
)
def test_the_shipped_counts_add_up(corpus, clips, speakers):
    expected = CORPORA.get(corpus).expected
    assert sum(expected["emotion"].values()) == clips
    assert set(expected["emotion"]) == set(CORPORA.get(corpus).labels)
    if speakers:
        assert (sum(expected["speaker"].values()), len(expected["speaker"])) == (clips, speakers)


def test_savee_s_counts_add_up():
    expected = CORPORA.get("savee").expected
    assert sum(expected["emotion"].values()) == sum(expected["speaker"].values()) == 480


def test_a_part_of_a_corpus_is_compared_with_the_whole(make_corpus):
    names = [f"{who}a01{what}a" for who in ("03", "08") for what in "WLEAFTN"]
    report = serkit.check(make_corpus(names), workers=1)
    assert (report.corpus, report.clips) == ("emodb", 14)
    assert "emotion angry: 2 clips, the whole corpus has 127" in report.unlike_the_whole
    assert "speaker 03: 7 clips, the whole corpus has 49" in report.unlike_the_whole


def test_the_doubled_copy_of_tess_counts_once(make_corpus):
    folder = make_corpus(["OAF_back_angry", "YAF_back_sad"])
    make_corpus(["OAF_back_angry"], folder="corpus/TESS Toronto emotional speech set data")
    report = serkit.check(folder, workers=1)
    assert (report.corpus, report.files, report.clips) == ("tess", 3, 2)
    assert [each.same_samples for each in report.duplicates] == [True]

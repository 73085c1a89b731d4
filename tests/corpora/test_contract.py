"""What every corpus must keep to; a new one is tested here as soon as its module is there."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from serkit.clips import EMOTIONS, ClipName
from serkit.corpora import CORPORA, Corpus, UnparsedNameError
from serkit.corpora._corpus import detect
from serkit.splits import PROTOCOLS

RAVDESS_LIKE = tuple(
    PurePosixPath(f"Actor_{actor:02d}/03-01-{emotion:02d}-01-02-01-{actor:02d}.wav")
    for emotion in range(1, 9)
    for actor in (1, 24)
)
EXAMPLES = {"ravdess": RAVDESS_LIKE, "synthetic": RAVDESS_LIKE}
"""Paths that each corpus must be able to read; a new corpus adds its own."""


@pytest.fixture(params=CORPORA.names())
def corpus(request) -> Corpus:
    return CORPORA.get(request.param)


def test_its_name_is_its_module_s(corpus):
    assert CORPORA.get(corpus.name) is corpus


def test_it_says_what_it_is_how_to_cite_it_and_under_which_licence(corpus):
    assert len(corpus.title) > 10
    assert len(corpus.citation) > 20
    assert corpus.licence
    assert corpus.url.startswith("https://") or corpus.synthetic


def test_it_reads_its_own_names(corpus):
    for path in EXAMPLES[corpus.name]:
        name = corpus.parse(path)
        assert isinstance(name, ClipName)
        assert name.clip_id == path.stem
        assert name.emotion in EMOTIONS
        assert EMOTIONS[name.emotion_id] == name.emotion
        assert name.sex in ("male", "female")
        assert name.actor >= 1
        assert name.repetition >= 1


def test_different_names_are_different_clips(corpus):
    names = {corpus.parse(path) for path in EXAMPLES[corpus.name]}
    assert len(names) == len(EXAMPLES[corpus.name])


def test_a_clip_is_the_same_wherever_it_lies_and_whatever_its_suffix(corpus):
    for path in EXAMPLES[corpus.name]:
        elsewhere = PurePosixPath("copy", path.parent, f"{path.stem}.FLAC")
        assert corpus.parse(elsewhere) == corpus.parse(path)


@pytest.mark.parametrize("name", ["rubbish.wav", ".wav", "ünï cödé.flac", "1" * 300 + ".wav"])
def test_rubbish_is_refused_with_the_file_s_name(corpus, name):
    with pytest.raises(UnparsedNameError) as caught:
        corpus.parse(PurePosixPath("folder", name))
    assert name in str(caught.value)


def test_the_published_clips_are_clips_of_the_corpus(corpus):
    for clip_id, digest in corpus.published().items():
        assert corpus.parse(PurePosixPath(f"{clip_id}.wav")).clip_id == clip_id
        assert len(digest) == 64


def test_its_default_protocol_exists(corpus):
    assert corpus.default_protocol in PROTOCOLS.names()


def test_a_synthetic_corpus_has_a_marker_to_be_told_by(corpus):
    assert bool(corpus.marker) == corpus.synthetic


class TestDetect:
    def test_names_tell_the_corpus(self, tmp_path):
        assert detect(tmp_path, list(RAVDESS_LIKE)).name == "ravdess"

    def test_where_no_name_fits_ravdess_reports_why(self, tmp_path):
        assert detect(tmp_path, [PurePosixPath("rubbish.wav")]).name == "ravdess"

    def test_a_marker_goes_before_names_in_the_folder_and_below_it(self, tmp_path):
        marker = CORPORA.get("synthetic").marker
        assert marker is not None
        (tmp_path / marker).write_text("{}")
        (tmp_path / "Actor_01").mkdir()
        assert detect(tmp_path, list(RAVDESS_LIKE)).name == "synthetic"
        assert detect(tmp_path / "Actor_01", list(RAVDESS_LIKE)).name == "synthetic"

"""What every corpus must keep to; a new one is tested here as soon as its module is there."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from serkit.evaluation.splits import PROTOCOLS
from serkit.ingest.corpus import CORPORA, Corpus, UnparsedNameError, detect
from serkit.testing import check_corpus

RAVDESS_LIKE = tuple(
    PurePosixPath(f"Actor_{actor:02d}/03-01-{emotion:02d}-01-02-01-{actor:02d}.wav")
    for emotion in range(1, 9)
    for actor in (1, 24)
)
EXAMPLES = {
    "ravdess": RAVDESS_LIKE,
    "synthetic": RAVDESS_LIKE,
    "emodb": tuple(map(PurePosixPath, ("wav/03a01Fa.wav", "wav/16b10Wb.wav", "wav/08a07La.wav"))),
    "crema-d": tuple(
        PurePosixPath(f"AudioWAV/{name}.wav")
        for name in ("1001_DFA_ANG_XX", "1091_WSI_SAD_HI", "1040_ITH_SAD_X")
    ),
    "tess": tuple(
        PurePosixPath(f"{name}.wav")
        for name in (
            "OAF_Fear/OAF_back_fear",
            "YAF_sad/YAF_youth_sad",
            "OAF_neutral/OA_bite_neutral",
        )
    ),
    "savee": tuple(PurePosixPath(f"{name}.wav") for name in ("DC_a01", "JE_n30", "KL_su15")),
}
"""Paths that each corpus must be able to read; a new corpus adds its own."""


@pytest.fixture(params=CORPORA.names())
def corpus(request) -> Corpus:
    return CORPORA.get(request.param)


def test_it_keeps_the_contract(corpus):
    assert CORPORA.get(corpus.name) is corpus
    check_corpus(corpus, EXAMPLES[corpus.name])


def test_its_default_protocol_exists(corpus):
    assert corpus.default_protocol in PROTOCOLS.names()


class TestDetect:
    @pytest.mark.parametrize("name", sorted(EXAMPLES.keys() - {"synthetic"}))
    def test_each_corpus_is_recognised_by_itself(self, name, tmp_path):
        assert detect(tmp_path, list(EXAMPLES[name])).name == name

    def test_file_names_identify_the_corpus(self, tmp_path):
        assert detect(tmp_path, list(RAVDESS_LIKE)).name == "ravdess"

    def test_unknown_names_match_no_corpus(self, tmp_path):
        found = detect(tmp_path, [PurePosixPath("rubbish.wav")])
        assert found.name == "unrecognised"
        with pytest.raises(
            UnparsedNameError, match=r"^rubbish.wav is not a file name of any corpus"
        ):
            found.parse(PurePosixPath("rubbish.wav"))

    def test_a_marker_goes_before_names_in_the_folder_and_below_it(self, tmp_path):
        marker = CORPORA.get("synthetic").marker
        assert marker is not None
        (tmp_path / marker).write_text("{}")
        (tmp_path / "Actor_01").mkdir()
        assert detect(tmp_path, list(RAVDESS_LIKE)).name == "synthetic"
        assert detect(tmp_path / "Actor_01", list(RAVDESS_LIKE)).name == "synthetic"

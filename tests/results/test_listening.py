"""People among models: on the clips that both answered, and on no others."""

from __future__ import annotations

import numpy as np
import pytest

from runkit import make_run
from serkit.errors import UnknownNameError
from serkit.results.board import make_board
from serkit.results.run import read_run

PEOPLE = {"model": "human", "protocol": "listening", "preset": None, "values": {}}
PEOPLE |= {"corpus_digest": "c1", "split_digest": "s1", "feature_fingerprints": {}}


@pytest.fixture
def run(tmp_path):
    def make(name: str, **options):
        return make_run(tmp_path / "runs", name, **options)

    return make


def test_models_are_rescored_on_the_clips_that_people_heard(run):
    model, human = run("svm", right=0.6), run("human", right=0.8, actors=range(1, 13), **PEOPLE)
    board = make_board([model, human])
    alone, whole, heard = board.groups
    assert [group.title for group in board.groups] == [
        "listening on ravdess",
        "luna5 on ravdess",
        "luna5 on ravdess, clips that people heard",
    ]
    assert [(e.model, e.clips, e.heard) for e in whole.entries] == [("svm", 24 * 16, False)]
    assert [(e.model, e.clips, e.heard) for e in alone.entries] == [("human", 12 * 16, False)]
    assert [(e.model, e.clips, e.heard) for e in heard.entries] == [
        ("human", 12 * 16, True),
        ("svm", 12 * 16, True),
    ]
    theirs = model.predictions.loc[human.predictions.index]
    right = theirs["true_id"] == theirs["predicted_id"]
    recalls = [right[theirs["true_id"] == code].mean() for code in range(8)]
    assert heard.entries[1].uar == pytest.approx(np.mean(recalls))
    assert heard.entries[1].distinguishable_from_best is True
    assert heard.notes[0] == "every row is counted on the 192 clips that human heard"


def test_people_stand_beside_speaker_independent_protocols_of_their_corpus_alone(run):
    runs = [
        run("human", **PEOPLE),
        run("a", speaker_independent=False, protocol="random5"),
        run("b", corpus="emodb"),
    ]
    assert not any(group.heard for group in make_board(runs).groups)


def test_one_protocol_alone_can_be_shown(run):
    runs = [run("svm"), run("human", **PEOPLE)]
    assert [g.heard for g in make_board(runs, protocol="luna5").groups] == [False, True]
    assert [g.protocol for g in make_board(runs, protocol="listening").groups] == ["listening"]
    with pytest.raises(UnknownNameError):
        make_board(runs, protocol="listenin")


def test_published_listeners_stand_beside_them(run):
    board = make_board([run("human", **PEOPLE)], protocol="listening", published=True)
    rows = [(e.model, e.accuracy) for e in board.entries if e.published]
    assert rows == [
        ("5 people listening (study)", 0.7541),
        ("247 people listening, audio alone", 0.624),
    ]


def test_other_speakers_are_named_and_not_compared(run):
    human = run("human", actors=[1, 2], **PEOPLE)
    model = run("svm", actors=[1, 2])
    frame = model.predictions.reset_index().replace({"speaker": {"1": "2", "2": "1"}})
    frame.to_parquet(model.path / "predictions.parquet", index=False)
    board = make_board([human, read_run(model.path)])
    assert not any(group.heard for group in board.groups)
    assert board.problems == (
        f"{human.path / 'predictions.parquet'} does not stand beside svm: they have other labels "
        "or speakers for 32 of 32 clips, such as 01-00",
    )

"""The listening test: order, answers that survive anything, and the run that they become."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import replace

import pandas as pd
import pytest

import serkit
from serkit.errors import NotFoundError, RunError, StoreLockedError, UsageError
from serkit.experiments.listening.answers import (
    SKIPPED,
    UNDONE,
    Answer,
    appending,
    last_words,
    read_answers,
    written,
)
from serkit.experiments.listening.order import balanced_order
from serkit.experiments.listening.session import Session
from serkit.store.store import FeatureStore

HEADER = "listener,clip,answer,seconds\n"


@pytest.fixture(scope="module")
def store(speech_store) -> FeatureStore:
    return FeatureStore(speech_store)


@pytest.fixture
def hold(store, tmp_path):
    """Return a function that holds a test with the given replies, and stops after them."""

    def held(*replies, **options):
        heard = []

        def ask(question):
            heard.append(question)
            said = replies[len(heard) - 1] if len(heard) <= len(replies) else serkit.Command.STOP
            return said(question) if callable(said) else said

        given = {"clips": 7, "answers": tmp_path / "answers.csv", "runs": tmp_path / "runs"}
        return serkit.human(ask, store=store, **given | options), heard

    return held


class TestOrder:
    def test_emotions_and_speakers_are_balanced_from_the_first_clip_on(self, store):
        rows = [clip for clip in store.state.clips.values() if clip.emotion != "neutral"]
        order = balanced_order(rows, seed=0)
        assert sorted(order) == sorted(clip.clip_id for clip in rows)
        for heard in range(7, len(order) + 1, 7):
            clips = [store.state.clips[clip_id] for clip_id in order[:heard]]
            emotions = Counter(clip.emotion for clip in clips)
            assert max(emotions.values()) - min(emotions.values()) == 0
        speakers = Counter(store.state.clips[clip_id].speaker for clip_id in order[:42])
        assert set(speakers.values()) == {7}

    def test_it_depends_on_the_seed_alone(self, store):
        rows = list(store.state.clips.values())
        assert balanced_order(rows, 1) == balanced_order(rows[::-1], 1)
        assert balanced_order(rows, 1) != balanced_order(rows, 2)

    def test_clips_of_few_speakers_and_emotions_are_all_played(self, store):
        (first, *_) = store.state.clips.values()
        others = [replace(first, clip_id=f"{n}") for n in range(5)]
        assert sorted(balanced_order(others, 0)) == list("01234")
        assert balanced_order([], 0) == ()


class TestAnswers:
    def test_an_answer_is_on_the_disk_when_append_returns(self, tmp_path):
        path = tmp_path / "deep" / "answers.csv"
        with appending(path) as file:
            file.append(Answer("ann, aged 9", "c1", "sad", 1.234))
            assert path.read_text() == HEADER + '"ann, aged 9",c1,sad,1.23\n'
        assert read_answers(path) == (Answer("ann, aged 9", "c1", "sad", 1.23),)

    def test_a_torn_last_line_is_cut_off_and_nothing_else_is_lost(self, tmp_path):
        path = tmp_path / "answers.csv"
        path.write_text(HEADER + "ann,c1,sad,1.00\nann,c2,angry,1")
        assert [each.clip_id for each in read_answers(path)] == ["c1"]
        with appending(path) as file:
            file.append(Answer("ann", "c2", "happy"))
        assert path.read_text() == HEADER + "ann,c1,sad,1.00\nann,c2,happy,\n"

    @pytest.mark.parametrize("torn", ["", "liste", HEADER[:-1]])
    def test_a_torn_header_is_written_again(self, tmp_path, torn):
        path = tmp_path / "answers.csv"
        path.write_text(torn)
        with appending(path):
            pass
        assert path.read_text() == HEADER

    def test_two_tests_cannot_write_at_once(self, tmp_path):
        path = tmp_path / "answers.csv"
        with appending(path), pytest.raises(StoreLockedError) as error, appending(path):
            pass
        assert str(error.value) == (
            f"another listening test is writing to {path}; end that one, or name another file "
            "with --answers FILE"
        )

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (
                "a,b\n",
                "begins with 'a,b'; a file of answers begins with 'listener,clip,answer,seconds'; "
                "import other formats with --import FILE",
            ),
            (
                HEADER + "ann,c1\n",
                "line 2: 'ann,c1' is not an answer; a line holds listener, clip, answer, seconds",
            ),
            (
                HEADER + "ann,c1,sad,soon\n",
                "line 2: 'ann,c1,sad,soon' is not an answer; a line holds listener, clip, answer, "
                "seconds",
            ),
        ],
    )
    def test_another_file_is_refused_and_left_alone(self, tmp_path, text, message):
        path = tmp_path / "answers.csv"
        path.write_text(text)
        with pytest.raises(UsageError) as error, appending(path):
            pass
        assert str(error.value).endswith(message)
        assert path.read_text() == text

    def test_bytes_that_are_no_text_are_refused(self, tmp_path):
        path = tmp_path / "answers.csv"
        path.write_bytes(b"\xff\xfe\n")
        with pytest.raises(UsageError, match="is not UTF-8 text"):
            read_answers(path)
        with pytest.raises(NotFoundError, match="there is no such file"):
            read_answers(tmp_path / "gone.csv")

    def test_the_last_word_counts_and_undone_ones_do_not(self):
        said = [
            Answer("ann", "c1", "sad"),
            Answer("ben", "c1", "calm"),
            Answer("ann", "c2", SKIPPED),
            Answer("ann", "c1", UNDONE),
            Answer("ann", "c3", "sad"),
            Answer("ann", "c3", "angry"),
        ]
        assert [each.answer for each in last_words(said).values()] == ["calm", SKIPPED, "angry"]


class TestHolding:
    def test_nothing_about_a_question_says_what_is_true(self, hold, store):
        _, (question, *_) = hold("sad")
        assert question.choices == store.labels.names  # neutral too, as models have it
        assert set(vars(question)) == {
            *("number", "total", "choices", "samples", "sample_rate", "can_undo")
        }
        assert question.samples.dtype == "int16"

    def test_neutral_is_played_only_on_request(self, hold, store, tmp_path):
        def emotions(name, **options):
            path = tmp_path / name
            hold(*["sad"] * 8, clips=8, answers=path, **options)
            return {store.state.clips[a.clip_id].emotion for a in read_answers(path)}

        assert emotions("without") == set(store.labels) - {"neutral"}
        assert emotions("with", with_neutral=True) == set(store.labels)

    def test_it_stops_and_resumes_where_it_was(self, hold, tmp_path):
        first, _ = hold("sad", "angry")
        assert (first.answered, first.total, first.run) == (2, 7, None)
        assert "2 of 7 clips answered" in first.__rich__().plain
        second, heard = hold(*["happy"] * 5)
        assert [question.number for question in heard] == [3, 4, 5, 6, 7]
        assert second.run is not None
        third, heard = hold()
        assert (heard, third.answered) == ([], 7)
        assert len({each.clip_id for each in read_answers(tmp_path / "answers.csv")}) == 7

    def test_undo_takes_the_last_answer_back_and_plays_its_clip_again(self, hold, tmp_path):
        command = serkit.Command
        hold("sad", "angry", command.UNDO, command.UNDO, "calm", "happy")
        said = read_answers(tmp_path / "answers.csv")
        first, second = said[0].clip_id, said[1].clip_id
        assert [(each.clip_id, each.answer) for each in said] == [
            *((first, "sad"), (second, "angry"), (second, UNDONE), (first, UNDONE)),
            *((first, "calm"), (second, "happy")),
        ]
        assert math.isnan(said[2].seconds)

    def test_undo_reaches_back_into_an_earlier_session_with_another_seed(self, hold, tmp_path):
        hold("sad", seed=1)
        _, (question, *_) = hold(serkit.Command.UNDO, "calm", seed=2)
        assert question.can_undo
        said = read_answers(tmp_path / "answers.csv")
        assert [each.answer for each in said] == ["sad", UNDONE, "calm"]
        assert len({each.clip_id for each in said}) == 1

    def test_with_nothing_to_undo_the_same_clip_is_repeated(self, hold, tmp_path):
        _, heard = hold(serkit.Command.UNDO, "sad")
        assert [question.can_undo for question in heard[:3]] == [False, False, True]

    def test_a_skipped_clip_is_replaced_and_not_repeated(self, hold, tmp_path):
        found, _ = hold(serkit.Command.SKIP, *["sad"] * 7)
        assert (found.answered, found.total) == (7, 7)
        assert found.run.record["clips"] == 7
        _, heard = hold()
        assert heard == []

    def test_with_every_clip_skipped_the_test_is_over(self, tmp_path):
        with appending(tmp_path / "answers.csv") as file:
            session = Session(["c1", "c2"], 7, "ann", file)
            assert session.total == 2
            for _ in range(2):
                session.keep(SKIPPED, 1.0)
            assert (session.clip_id, session.answered, session.total) == (None, 0, 0)

    def test_feedback_is_given_only_on_request(self, hold, store, tmp_path):
        told = []
        hold("sad", "calm", feedback=lambda *said: told.append(said))
        truths = [
            store.state.clips[each.clip_id].emotion
            for each in read_answers(tmp_path / "answers.csv")
        ]
        assert told == list(zip(["sad", "calm"], truths, strict=True))

    def test_another_listener_hears_the_same_clips(self, hold, tmp_path):
        hold(*["sad"] * 7, listener="ann")
        found, _ = hold(*["sad"] * 7, listener="ben")
        said = read_answers(tmp_path / "answers.csv")
        assert [a.clip_id for a in said[:7]] == [a.clip_id for a in said[7:]]
        assert list(found.run.record["listening"]["listeners"]) == ["ann", "ben"]
        assert found.run.record["listening"]["agreement"] == 1.0

    def test_a_clip_that_is_gone_is_left_out_and_named(self, make_corpus, tmp_path):
        folder = make_corpus(16)
        serkit.extract(folder, store=tmp_path / "store", features=["change_deviation"], workers=1)
        (gone, *rest) = [path for path in sorted(folder.rglob("*.wav")) if "-01-01-" in path.name]
        (folder / gone).unlink()
        said = []
        serkit.human(
            lambda _: serkit.Command.STOP if said else "sad",
            store=tmp_path / "store",
            runs=tmp_path / "runs",
            answers=tmp_path / "answers.csv",
            clips=None,
            with_neutral=True,
            say=said.append,
        )
        assert len(rest) >= 1
        assert said == [
            f"a clip cannot be played: {folder / gone} is not there; bring the audio back, or "
            "extract the feature raw, which keeps it"
        ]

    def test_where_no_clip_is_there_it_ends_with_the_reason(self, make_corpus, tmp_path):
        folder = make_corpus(16)
        serkit.extract(folder, store=tmp_path / "store", features=["change_deviation"], workers=1)
        folder.rename(tmp_path / "elsewhere")
        with pytest.raises(NotFoundError, match="is not there; bring the audio back"):
            serkit.human(lambda _: "sad", store=tmp_path / "store", answers=tmp_path / "a.csv")

    def test_samples_in_the_store_are_played_without_the_files(self, make_corpus, tmp_path):
        folder = make_corpus(16)
        serkit.extract(folder, store=tmp_path / "store", features=["raw"], workers=1)
        folder.rename(tmp_path / "elsewhere")
        heard = []

        def ask(question):
            heard.append(question.samples)
            return serkit.Command.STOP

        serkit.human(ask, store=tmp_path / "store", answers=tmp_path / "a.csv")
        assert len(heard[0]) > 1000

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"listener": " "}, "listener = ' '; 1 to 64 printable characters are allowed"),
            ({"listener": "a\nb"}, "listener = 'a\\nb'; 1 to 64 printable characters are allowed"),
            ({"clips": 0}, "clips = 0; 1 or more is allowed"),
        ],
    )
    def test_unusable_test_options_are_refused(self, hold, options, message):
        with pytest.raises(UsageError) as error:
            hold("sad", **options)
        assert str(error.value) == message

    def test_an_answer_that_is_no_label_is_refused(self, hold, tmp_path):
        with pytest.raises(UsageError, match="'bored' was answered; there are neutral, calm"):
            hold("bored")
        assert read_answers(tmp_path / "answers.csv") == ()


class TestRun:
    def test_it_is_ranked_shown_and_counted_again_like_any_other(self, hold, store, tmp_path):
        found, _ = hold(*["sad"] * 14, clips=14)
        run = found.run
        assert (run.model, run.protocol, run.name) == ("human", "listening", "human-answers")
        assert run.uar == pytest.approx(1 / 7)
        assert sum(map(sum, run.record["confusion"])) == 14
        assert run.record["labels"] == list(store.labels)
        board = serkit.compare(tmp_path / "runs", store=store.path)
        assert [(e.model, e.clips) for e in board.entries] == [("human", 14)]
        assert board.problems == ()
        assert json.loads(json.dumps(found.to_json()))["run"]["uar"] == run.uar
        assert serkit.figure(run, "confusion").axes

    def test_the_most_frequent_answer_counts_then_the_earliest(self, store, tmp_path):
        a, b = sorted(store.state.clips)[:2]
        path = tmp_path / "test.csv"
        said = [("ann", "sad"), ("ben", "angry"), ("cat", "angry")]
        answers = [Answer(who, a, what) for who, what in said]
        answers += [Answer(who, b, what) for who, what in said[:2]]
        path.write_bytes(written(answers))
        run = serkit.import_answers(path, store=store, runs=tmp_path / "runs")
        assert run.predictions["predicted"].to_dict() == {a: "angry", b: "sad"}
        assert run.predictions.loc[a, "p_angry"] == pytest.approx(2 / 3)
        assert run.predictions.loc[b, "p_sad"] == pytest.approx(0.5, abs=1e-3)
        assert run.record["notes"][1].startswith("2 clips have several answers: the most frequent")
        assert run.record["listening"]["agreement"] == pytest.approx(1 / 4)

    def test_more_answers_replace_the_run_and_others_stand_beside_it(self, hold, store, tmp_path):
        hold(*["sad"] * 7)
        hold(*["sad"] * 7, clips=14)
        runs = tmp_path / "runs"
        assert [path.name for path in runs.iterdir()] == ["human-answers"]
        other = tmp_path / "other" / "answers.csv"
        other.parent.mkdir()
        other.write_bytes(written([Answer("zoe", next(iter(store.state.clips)), "sad")]))
        run = serkit.import_answers(other, store=store, runs=runs)
        assert run.name == "human-answers-2"
        assert serkit.show("human-answers", runs=runs).record["clips"] == 14

    def test_answers_can_be_scored_before_the_end(self, hold, store, tmp_path):
        hold("sad", serkit.Command.SKIP, "angry", serkit.Command.UNDO)
        run = serkit.import_answers(tmp_path / "answers.csv", store=store, runs=tmp_path / "runs")
        assert run.record["clips"] == 1

    def test_without_an_answer_there_is_no_run(self, store, tmp_path):
        path = tmp_path / "answers.csv"
        for content, message in (
            ([], "has the columns of no row"),
            ([Answer("ann", "c1", SKIPPED)], "there are no answers yet"),
            ([Answer("ann", "c1", "sad")], "no answer is of a clip in the store"),
        ):
            path.write_bytes(written(content))
            with pytest.raises(UsageError, match=message):
                serkit.import_answers(path, store=store, runs=tmp_path / "runs")

    def test_it_cannot_predict_other_audio(self, hold):
        found, _ = hold(*["sad"] * 7)
        with pytest.raises(RunError) as error:
            serkit.load(found.run)
        assert str(error.value) == (
            "human-answers holds predictions that were handed in, and no model; runs that serkit "
            "trained have one"
        )

    def test_its_name_is_not_free_for_others(self, store, tmp_path):
        table = pd.DataFrame(0.125, index=["c1"], columns=list(store.labels)).rename_axis("clip")
        with pytest.raises(UsageError) as error:
            serkit.submit(table, model="human", protocol="luna5", store=store)
        assert str(error.value) == (
            "model = 'human' is the name of what people answered; answers are taken in with "
            "'serkit human --import FILE'"
        )


class TestForeignAnswers:
    @pytest.fixture
    def taken(self, store, tmp_path):
        """Return a function that imports a table and returns what was predicted, by clip."""

        def take(text, name="study.csv"):
            (tmp_path / name).write_text(text)
            run = serkit.import_answers(tmp_path / name, store=store, runs=tmp_path / "runs")
            return run.predictions["predicted"].to_dict()

        return take

    @pytest.fixture
    def rows(self, store):
        """Return places and rows of a few clips, in the order of their paths."""
        clips = sorted(store.state.clips.values(), key=lambda clip: clip.path)
        return [(index, clips[index]) for index in (5, 17, 40, 41, 60, 77, 95)]

    def test_clips_may_be_files_and_labels_in_any_case(self, taken, store):
        a, b = sorted(store.state.clips)[:2]
        assert taken(f"File,Guess\nsome/where/{a}.wav,SAD\n{b}, calm\n") == {a: "sad", b: "calm"}

    def test_the_studys_index_counts_the_files_in_order(self, taken, rows, store):
        names = [clip.emotion for _, clip in rows]
        text = "".join(
            f"{i},{c.emotion},{p}\n" for (i, c), p in zip(rows, names[::-1], strict=True)
        )
        expected = {c.clip_id: p for (_, c), p in zip(rows, names[::-1], strict=True)}
        assert taken("index,true,pred\n" + text) == expected

    @pytest.mark.parametrize(("true_from", "pred_from"), [(0, 0), (1, 1), (0, 1)])
    def test_its_labels_may_be_numbers_from_0_or_1(self, taken, rows, store, true_from, pred_from):
        number = store.labels.index
        pred = "surprised" if pred_from else "neutral"  # 8 counts from 1, 0 counts from 0
        text = "".join(
            f"{i},{number(c.emotion) + true_from},{number(pred) + pred_from}\n" for i, c in rows
        )
        assert set(taken("index,true,pred\n" + text).values()) == {pred}

    def test_the_same_clip_twice_is_two_listeners(self, taken, rows, store, tmp_path):
        text = "".join(f"{i},{c.emotion},sad\n" for i, c in [*rows, rows[0]])
        taken("index,true,pred\n" + text)
        people = serkit.show("human-study", runs=tmp_path / "runs").record["listening"]["listeners"]
        assert {name: each["answers"] for name, each in people.items()} == {
            "unknown": 7,
            "unknown 2": 1,
        }

    def test_an_order_that_is_not_ours_is_refused(self, taken, rows):
        text = "".join(f"{i + 3},{c.emotion},sad\n" for i, c in rows)
        with pytest.raises(UsageError) as error:
            taken("index,true,pred\n" + text)
        assert str(error.value).endswith(
            "index and true of its 7 rows fit no usual order of the 96 clips in "
            f"{error.value.got.rpartition(' in ')[2]}; replace the column index by a column clip "
            "with the names of the files"
        )

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("a,b\n1,2\n", "has the columns a, b; columns clip and answer"),
            (
                "clip,answer\nc1,bored\n",
                "line 2: 'bored' is not a label of the store; there are neu",
            ),
            ("clip,answer\nc1\n", "line 2 has another number of cells than the header"),
            ("index,true,pred\n1,9,9\n", "true goes from 9 to 9; 8 labels are counted from 0 or"),
            ("index,true,pred\nx,sad,sad\n", "line 2: index = 'x'; a whole number from 0"),
        ],
    )
    def test_what_is_no_table_of_answers_is_refused(self, taken, text, message):
        with pytest.raises(UsageError) as error:
            taken(text)
        assert message in str(error.value)

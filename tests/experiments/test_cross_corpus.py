"""Training on one corpus and testing on another, in compare and resumed like any run."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import serkit
from serkit.errors import LeakageError, TrainingInterrupted, UsageError
from serkit.evaluation.across import cross, cross_name, leave_one_corpus_out
from serkit.evaluation.splits import SplitClip
from serkit.results.run import Run

LABELS = ["angry", "disgust", "fearful", "happy", "neutral", "sad"]


def clips(corpus: str, speakers: int = 4) -> list[SplitClip]:
    return [
        SplitClip(
            f"{corpus}/{speaker}-{label}",
            f"{corpus}/{speaker}",
            "male",
            label,
            f"{corpus}{speaker}{label}",
            corpus,
        )
        for speaker in range(speakers)
        for label in range(3)
    ]


class TestProtocols:
    def test_a_name_says_what_is_trained_and_tested_on(self) -> None:
        assert cross_name(["tess", "emodb", "tess"], "savee") == "cross:emodb+tess->savee"

    def test_everything_of_one_corpus_is_tested(self) -> None:
        tested = clips("b")
        protocol = cross("cross:a->b", (c.clip_id for c in tested), speakers_known=True)
        (fold,) = protocol.split([*clips("a"), *tested]).folds
        assert set(fold.test) == {c.clip_id for c in tested}
        assert {i.partition("/")[0] for i in (*fold.train, *fold.validation)} == {"a"}

    def test_two_speakers_of_every_training_corpus_are_chosen_on(self) -> None:
        tested = clips("c")
        protocol = cross("cross:a+b->c", (c.clip_id for c in tested), speakers_known=True)
        (fold,) = protocol.split([*clips("a"), *clips("b"), *tested]).folds
        speakers = {clip_id.partition("-")[0] for clip_id in fold.validation}
        assert sorted(name[0] for name in speakers) == ["a", "a", "b", "b"]

    def test_the_digest_depends_on_what_is_tested(self) -> None:
        both = [*clips("a"), *clips("b")]
        digests = {
            cross(name, (c.clip_id for c in tested), speakers_known=True).split(both).digest
            for name, tested in (("cross:a->b", clips("b")), ("cross:b->a", clips("a")))
        }
        assert len(digests) == 2

    def test_a_corpus_is_left_out_in_every_fold(self) -> None:
        split = leave_one_corpus_out(speakers_known=True).split(
            [*clips("a"), *clips("b"), *clips("c")]
        )
        assert [fold.name for fold in split.folds] == ["a", "b", "c"]
        for fold in split.folds:
            assert {i.partition("/")[0] for i in fold.test} == {fold.name}

    def test_one_corpus_cannot_be_left_out(self) -> None:
        with pytest.raises(UsageError, match="needs clips of two corpora, and all of these are"):
            leave_one_corpus_out(speakers_known=True).split(clips("a"))

    @pytest.mark.parametrize("known", [True, False])
    def test_a_recording_in_both_corpora_is_a_leak(self, known: bool) -> None:
        tested = [
            replace(clip, pcm_sha256=clip.pcm_sha256.replace("b", "a")) for clip in clips("b")
        ]
        protocol = cross("cross:a->b", (c.clip_id for c in tested), speakers_known=known)
        with pytest.raises(LeakageError, match="a/0-0 and b/0-0 hold identical samples"):
            protocol.split([*clips("a"), *tested])


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cross") / "runs"


@pytest.fixture(scope="module")
def crossed(speech_store: Path, german_store: Path, runs: Path) -> Run:
    return serkit.train(
        "logreg", store=speech_store, test_store=german_store, runs=runs, values={"C": 1.0}
    )


class TestRun:
    def test_the_record_says_what_was_trained_and_tested_on(
        self, crossed: Run, speech_store: Path, german_store: Path
    ) -> None:
        record = crossed.record
        assert record["protocol"] == "cross:synthetic->emodb"
        assert record["stores"] == [
            {"path": str(speech_store), "corpus": "synthetic", "role": "train"},
            {"path": str(german_store), "corpus": "emodb", "role": "test"},
        ]
        assert record["labels"] == LABELS
        assert record["speaker_independent"]
        assert (record["actors"], record["clips"]) == (6, 72)

    def test_merged_and_excluded_labels_are_noted(self, crossed: Run) -> None:
        notes = crossed.record["notes"]
        assert "left out of synthetic, as the label is not shared: 12 calm, 12 surprised" in notes
        assert "left out of emodb, as the label is not shared: 12 boredom" in notes

    def test_its_name_is_a_folder_on_every_system(self, crossed: Run) -> None:
        assert crossed.name.startswith("logreg-cross-synthetic-emodb-")

    def test_compare_ranks_it_and_checks_labels_in_both_stores(
        self, crossed: Run, runs: Path, tmp_path: Path
    ) -> None:
        import pandas as pd

        board = serkit.compare(runs, protocol=crossed.protocol)
        assert [entry.run for entry in board.entries] == [crossed.name]
        assert not board.problems

        wrong = tmp_path / "wrong" / crossed.name
        wrong.mkdir(parents=True)
        for file in ("config.json", "run.json"):
            (wrong / file).write_text((crossed.path / file).read_text())
        frame = pd.read_parquet(crossed.path / "predictions.parquet")
        swapped = frame["true"].replace({"angry": "sad", "sad": "angry"})
        frame["true"], frame["true_id"] = swapped, swapped.map(LABELS.index)
        frame.to_parquet(wrong / "predictions.parquet")
        record = json.loads((wrong / "run.json").read_text())
        _recount_into(record, frame)
        (wrong / "run.json").write_text(json.dumps(record))
        (problem,) = serkit.compare(wrong.parent).problems
        assert "true_id of 24 of 72 clips is not the store's" in problem

    def test_it_predicts_like_any_run(self, crossed: Run, speech: Path) -> None:
        answer = serkit.predict(crossed.name, next(speech.rglob("*.wav")), runs=crossed.path.parent)
        assert set(answer.predicted[0].probabilities) == set(LABELS)

    def test_calm_counts_as_neutral_on_request(
        self, speech_store: Path, german_store: Path, tmp_path: Path
    ) -> None:
        run = serkit.train(
            "majority",
            store=speech_store,
            test_store=german_store,
            runs=tmp_path,
            joined={"calm": "neutral", "boredom": "neutral"},
        )
        assert run.record["label_map"] == {"calm": "neutral", "boredom": "neutral"}
        assert "'calm' of synthetic counts as 'neutral'" in run.record["notes"]
        assert run.record["clips"] == 84

    def test_a_protocol_beside_a_test_store_is_refused(
        self, speech_store: Path, german_store: Path
    ) -> None:
        with pytest.raises(
            UsageError, match="the protocol luna5 cannot be combined with a test store"
        ):
            serkit.train("majority", store=speech_store, test_store=german_store, protocol="luna5")

    def test_a_map_for_one_store_is_refused(self, speech_store: Path) -> None:
        with pytest.raises(UsageError, match=r"labels are joined.* and there is only one store"):
            serkit.train("majority", store=speech_store, joined={"calm": "neutral"})

    def test_a_final_model_learns_from_both_corpora(
        self, speech_store: Path, german_store: Path, tmp_path: Path
    ) -> None:
        run = serkit.train(
            "majority", store=speech_store, test_store=german_store, runs=tmp_path, final=True
        )
        facts = json.loads((run.path / "final" / "final.json").read_text())
        assert facts["train_clips"] + facts["validation_clips"] == 144


class TestLeaveOneCorpusOut:
    def test_every_corpus_is_tested_once(
        self, speech_store: Path, german_store: Path, tmp_path: Path
    ) -> None:
        run = serkit.train("majority", store=[speech_store, german_store], runs=tmp_path)
        assert run.protocol == "leave-one-corpus-out"
        assert list(run.fold_names) == ["emodb", "synthetic"]
        assert run.record["clips"] == 144
        assert not serkit.compare(tmp_path).problems

    def test_it_is_resumed_to_the_same_result(
        self, speech_store: Path, german_store: Path, tmp_path: Path
    ) -> None:
        def interrupt(progress: serkit.Progress) -> None:
            if progress.number == 2:
                raise KeyboardInterrupt

        given = {"store": [speech_store, german_store], "values": {"C": 1.0}}
        with pytest.raises(TrainingInterrupted):
            serkit.train("logreg", runs=tmp_path / "a", progress=interrupt, **given)
        resumed = serkit.train(runs=tmp_path / "a", resume="last")
        whole = serkit.train("logreg", runs=tmp_path / "b", **given)
        assert resumed.record["split_digest"] == whole.record["split_digest"]
        assert resumed.predictions.equals(whole.predictions)


def _recount_into(record: dict[str, object], frame: object) -> None:
    """Make a record agree with predictions, as somebody would who forges both."""
    from serkit.labels import LabelSet
    from serkit.results.scores import figures_of, frame_scores

    labels = LabelSet(tuple(LABELS))
    record |= json.loads(json.dumps(figures_of(frame, labels)))
    scores = frame_scores(frame, labels)
    forged = {"uar": scores.uar, "accuracy": scores.accuracy, "macro_f1": scores.macro_f1}
    record["fold_scores"][0] |= forged

"""What a model sees of clips: its own clips' features, and nothing that leads to anything else."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serkit import FeatureStore
from serkit.errors import HiddenFromModelError, SerkitError, TrainingError, UnknownNameError
from serkit.evaluation.splits import speaker_numbers
from serkit.models import ClipData, FoldData, TrainingClips
from serkit.models.opaque import with_true_names


@pytest.fixture(scope="module")
def store(speech_store: Path) -> FeatureStore:
    return FeatureStore(speech_store)


@pytest.fixture(scope="module")
def ids(store: FeatureStore) -> list[str]:
    return sorted(store.state.clips)


class TestWhatIsThere:
    def test_features_come_from_the_store_in_the_requested_order(self, store, ids):
        data = ClipData.of(store, ids[5:2:-1])
        expected = store.read("functionals", ids[5:2:-1])
        assert len(data) == 3
        assert np.array_equal(data.read("functionals").X, expected.X)
        assert np.array_equal(data.read("functionals", [2, 0]).X, expected.X[[2, 0]])
        assert data.read("functionals").columns == expected.columns
        assert data.spec("functionals") == store.spec("functionals")
        assert data.layout("functionals") == store.layout("functionals")
        assert data.lengths("functionals").tolist() == [1, 1, 1]

    def test_recording_columns_are_numbers(self, store, ids):
        data = ClipData.of(store, ids[:3])
        frames = [store.state.clips[i].num_frames for i in ids[:3]]
        assert data.column("num_frames").tolist() == frames
        assert data.matrix(("change_deviation",), ("num_frames",))[:, -1].tolist() == frames

    def test_a_training_side_has_labels_and_speakers(self, store, ids):
        data = TrainingClips.of(store, ids[:20])
        rows = [store.state.clips[i] for i in ids[:20]]
        assert data.labels.tolist() == [row.emotion_id for row in rows]
        assert data.speakers.tolist() == speaker_numbers([row.speaker for row in rows]).tolist()

    def test_some_of_the_clips_keep_all_that_belongs_to_them(self, store, ids):
        whole = TrainingClips.of(store, ids)
        some = whole.subset(whole.labels == 3)
        again = some.take([1, 0])
        assert set(some.labels) == {3}
        assert again.clip_ids == some.clip_ids[1::-1]
        assert np.array_equal(again.read("functionals").X, some.read("functionals").X[[1, 0]])
        assert again.column("num_frames").tolist() == some.column("num_frames")[[1, 0]].tolist()

    def test_both_sides_of_a_fold_are_parts_of_everything(self, store, ids):
        fold = FoldData.of(store, ids[10:20], ids[:10])
        assert fold.everything.clip_ids == ClipData.of(store, ids[:20]).clip_ids
        both = (*fold.validation.clip_ids, *fold.train.clip_ids)
        assert fold.everything.clip_ids == both

    def test_an_unknown_clip_is_an_error(self, store):
        with pytest.raises(UnknownNameError, match="unknown clip 'nobody'"):
            ClipData.of(store, ["nobody"])


class TestWhatIsHidden:
    @pytest.mark.parametrize(
        ("name", "hint"),
        [
            ("store", "data.read(feature) and data.matrix(features) read these clips"),
            ("clips", "data.column(name) reads numbers of the recordings"),
            ("labels", "only the clips of a training side have labels"),
            ("speakers", "only the clips of a training side have speakers"),
        ],
    )
    def test_a_model_that_predicts_sees_no_store_no_label_and_no_speaker(
        self, store, ids, name, hint
    ):
        with pytest.raises(HiddenFromModelError) as caught:
            getattr(ClipData.of(store, ids[:2]), name)
        assert str(caught.value) == f"{name!r} of these clips is hidden from models; {hint}"
        assert isinstance(caught.value, AttributeError)  # so that hasattr() says no

    @pytest.mark.parametrize("name", ["store", "clips"])
    def test_neither_does_a_training_side_lead_to_the_store(self, store, ids, name):
        assert not hasattr(FoldData.of(store, ids[:4], ids[4:8]).train, name)

    def test_other_attributes_do_not_exist(self, store, ids):
        with pytest.raises(AttributeError, match="'ClipData' object has no attribute 'emotion'"):
            ClipData.of(store, ids[:2]).emotion  # noqa: B018

    def test_no_field_of_a_view_holds_a_store(self, store, ids):
        def held(value: Any) -> list[Any]:
            if not dataclasses.is_dataclass(value):
                return [value]
            return [
                inner
                for field in dataclasses.fields(value)
                for inner in held(getattr(value, field.name))
            ]

        found = held(FoldData.of(store, ids[:4], ids[4:8])) + held(ClipData.of(store, ids[8:]))
        assert len(found) > 10
        assert not any(isinstance(each, FeatureStore) for each in found)

    @pytest.mark.parametrize("column", ["emotion_id", "actor", "sex", "path"])
    def test_columns_that_say_who_or_how_cannot_be_read(self, store, ids, column):
        with pytest.raises(UnknownNameError, match="unknown clip column that a model may read"):
            ClipData.of(store, ids[:2]).column(column)


class TestIds:
    def test_they_say_nothing_of_the_clip(self, store, ids):
        for clip_id, opaque in zip(ids, ClipData.of(store, ids).clip_ids, strict=True):
            assert clip_id not in opaque
            assert opaque.startswith("clip-")
            assert opaque.count("-") == 1
        # Sorted by their own ids clips are sorted by emotion; by these they are not.
        assert sorted(ClipData.of(store, ids).clip_ids) != list(ClipData.of(store, ids).clip_ids)

    def test_they_are_the_same_in_every_view_and_different_for_every_clip(self, store, ids):
        whole = ClipData.of(store, ids).clip_ids
        assert len(set(whole)) == len(ids)
        assert ClipData.of(FeatureStore(store.path), ids[7:9]).clip_ids == whole[7:9]
        assert TrainingClips.of(store, ids).clip_ids == whole

    def test_errors_name_the_clips_by_their_own_ids(self, store, ids):
        opaque = ClipData.of(store, ids).clip_ids
        error = TrainingError(f"{opaque[3]} is too short", hint=f"leave out {opaque[3]}")
        found = with_true_names(error, store, ids)
        assert type(found) is TrainingError
        assert str(found) == f"{ids[3]} is too short; leave out {ids[3]}"

    def test_other_errors_stay_as_they_are(self, store, ids):
        error = SerkitError("clip-board of clip-0123456789abcdef")
        assert str(with_true_names(error, store, ids)) == str(error)
        plain = SerkitError("too short")
        assert with_true_names(plain, store, ids) is plain

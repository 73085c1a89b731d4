"""Soft labels: who labels a clip, on which clips they are fitted, and how labels are mixed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from serkit import FeatureStore
from serkit.errors import TrainingError, UsageError
from serkit.models import TRAINERS, FitContext, FoldData
from serkit.models.distillation import (
    DistillationParameters,
    mixed_targets,
    soft_labels,
    tempered,
)
from serkit.models.trainer import Teacher
from serkit.models.tuning.inner import divide
from serkit.trainers import logreg

PARAMETERS = DistillationParameters(teachers="some-run", teacher_folds=3)


@dataclass(frozen=True)
class Guess:
    """A model that notes which clips it labels, and is sure of the class of its seed."""

    fitted: frozenset[str]
    answer: int
    labelled: list[tuple[frozenset[str], str]]
    parameters: int = 1

    @property
    def chosen(self):
        return {}

    def predict(self, data):
        self.labelled.extend((self.fitted, clip) for clip in data.clip_ids)
        assert data.voices == ()
        return np.tile(np.where(np.arange(8) == self.answer, 0.93, 0.01), (len(data), 1))

    def save(self, folder: Path):
        raise NotImplementedError(folder)


@pytest.fixture
def fold(speech_store) -> FoldData:
    store = FeatureStore(speech_store)

    def of(*actors: int) -> tuple[str, ...]:
        return tuple(store.clips[store.clips["actor"].isin(actors)].index)

    return FoldData.of(store, of(1, 2, 3, 4), of(5))


@pytest.fixture
def teaching(monkeypatch):
    """Put a spy in the place of ``logreg``; return what it is fitted on and what it labels."""
    fits, labelled = [], []

    def fit(data, _parameters, context):
        fits.append(data)
        ids = frozenset(data.everything.clip_ids)
        return Guess(ids, context.seed, labelled)

    monkeypatch.setattr(logreg, "TRAINER", replace(logreg.TRAINER, fit=fit))
    return fits, labelled


def teacher(seed: int = 0, **values: object) -> Teacher:
    trainer = TRAINERS.get("logreg")
    return Teacher("logreg", trainer.settle("best", values).to_json(), seed)


class TestWhoLabelsAClip:
    def test_each_clip_of_the_side_is_labelled_once_and_no_other_clip(self, fold, teaching):
        soft_labels(fold.train, PARAMETERS, FitContext(teachers=(teacher(),)))
        fits, labelled = teaching
        assert sorted(clip for _, clip in labelled) == sorted(fold.train.clip_ids)
        read = {clip for data in fits for clip in data.everything.clip_ids}
        assert not read & set(fold.validation.clip_ids)

    def test_a_model_that_was_not_fitted_on_the_clips_speaker(self, fold, teaching):
        soft_labels(fold.train, PARAMETERS, FitContext(teachers=(teacher(),)))
        side, (fits, labelled) = fold.train, teaching
        speaker = dict(zip(side.clip_ids, side.speakers.tolist(), strict=True))
        assert len(fits) == 3
        for fitted, clip in labelled:
            assert speaker[clip] not in {speaker[each] for each in fitted}

    def test_a_teacher_has_its_own_seed_and_its_own_copies(self, fold, teaching):
        side = replace(fold.train, voices=("of-the-student",))
        taught = teacher(seed=5, copies="speed090")
        found = soft_labels(side, PARAMETERS, FitContext(seed=1, teachers=(taught,)))
        assert (found.argmax(axis=1) == 5).all()
        assert {data.train.voices for data in teaching[0]} == {("speed090",)}

    def test_several_teachers_count_alike(self, fold, teaching):
        both = FitContext(teachers=(teacher(seed=2), teacher(seed=6)))
        found = soft_labels(fold.train, PARAMETERS, both)
        assert found.shape == (len(fold.train), 8)
        np.testing.assert_allclose(found.sum(axis=1), 1)
        np.testing.assert_allclose(found[:, 2], found[:, 6])
        assert (found[:, [2, 6]] > 0.3).all()

    def test_rows_are_in_the_order_of_the_clips(self, fold):
        context = FitContext(teachers=(teacher(C=1.0),))
        found = soft_labels(fold.train, PARAMETERS, context)
        model = TRAINERS.get("logreg").settle("best", {"C": 1.0})
        alone = replace(fold.train, voices=())
        for inner in divide(FoldData(alone, alone.take(()), alone), 3, chooses=False):
            expected = TRAINERS.get("logreg").fit(inner.data, model, FitContext())
            rows = [fold.train.clip_ids.index(clip) for clip in inner.judged.clip_ids]
            np.testing.assert_allclose(found[rows], expected.predict(inner.judged), atol=1e-5)

    def test_without_teachers_there_are_no_soft_labels(self, fold):
        assert soft_labels(fold.train, DistillationParameters(), FitContext()) is None


class TestWhatIsRefused:
    def test_teachers_that_were_not_passed_on(self, fold):
        with pytest.raises(TrainingError) as caught:
            soft_labels(fold.train, PARAMETERS, FitContext())
        assert str(caught.value) == (
            "teachers = 'some-run' cannot be used here; a net learns from teachers in "
            "'serkit train'; leave teachers out"
        )

    def test_clips_of_one_speaker(self, fold):
        one = fold.train.subset(fold.train.speakers == fold.train.speakers[0])
        with pytest.raises(TrainingError, match="1 speaker cannot be divided into 2 inner folds"):
            soft_labels(one, PARAMETERS, FitContext(teachers=(teacher(),)))

    @pytest.mark.parametrize(
        ("name", "value", "said"),
        [
            ("teacher_weight", 1.5, "teacher_weight = 1.5 is too large; 1 or less is allowed"),
            ("teacher_temperature", 0.0, "teacher_temperature = 0.0 is too small; 0.05 or more"),
            ("teacher_folds", 1, "teacher_folds = 1 is too small; 2 or more is allowed"),
        ],
    )
    def test_values_out_of_range(self, name, value, said):
        with pytest.raises(UsageError, match=said):
            DistillationParameters(**{name: value})

    def test_a_search_over_a_nets_parameters_has_no_teachers(self):
        tuned = TRAINERS.get("tuned")
        values = tuned.settle("best", {"of": "ffnn", "fixed": "teachers=logreg-luna5"})
        with pytest.raises(UsageError, match="ffnn is tuned without teachers; tune it first"):
            tuned.features(values)


class TestMixing:
    SOFT = np.array([[0.8, 0.2], [0.5, 0.5]])

    def test_labels_and_soft_labels_by_weight(self):
        found = mixed_targets(np.array([0, 1]), 2, self.SOFT, 0.25)
        np.testing.assert_allclose(found, [[0.95, 0.05], [0.125, 0.875]])

    def test_a_copy_has_the_soft_labels_of_its_clip(self):
        found = mixed_targets(np.array([0, 1, 0, 1]), 2, self.SOFT, 1.0)
        np.testing.assert_allclose(found, [*self.SOFT, *self.SOFT])

    def test_without_soft_labels_the_weight_means_nothing(self):
        np.testing.assert_array_equal(mixed_targets(np.array([1]), 2, None, 0.7), [[0, 1]])

    def test_temperature(self):
        softer = tempered(self.SOFT, DistillationParameters(teacher_temperature=2))
        np.testing.assert_allclose(softer, [[2 / 3, 1 / 3], [0.5, 0.5]])

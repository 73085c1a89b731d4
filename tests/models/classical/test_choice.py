"""Inner choice by actor, and from decision values to probabilities of eight emotions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import softmax as scipy_softmax
from sklearn.linear_model import LogisticRegression

from serkit.labels import UNRECORDED
from serkit.models.classical.choice import choose, inner_folds
from serkit.models.classical.decisions import decisions, fit_temperature, widen
from serkit.models.classical.parameters import PreprocessingParameters
from serkit.models.classical.pipeline import count_parameters, preprocessing
from serkit.models.classical.steps import TellingColumns
from serkit.models.probabilities import softmax

LABELS = np.tile(np.repeat(np.arange(8), 2), 6)
ACTORS = np.repeat(np.arange(1, 7), 16)


class Data:
    """As much of ClipData as a choice looks at."""

    labels = LABELS
    speakers = ACTORS
    label_set = UNRECORDED


class Recorder:
    """A classifier that remembers what it saw, and is as good as its setting says."""

    def __init__(self, setting, seen):
        self.setting, self.seen = setting, seen

    def fit(self, matrix, labels):
        self.classes_ = np.unique(labels)
        self.seen.append(("fit", self.setting, matrix[:, 0].astype(int)))
        return self

    def decision_function(self, matrix):
        self.seen.append(("tried", self.setting, matrix[:, 0].astype(int)))
        rows = matrix[:, 0].astype(int)
        right = (LABELS[rows][:, None] == self.classes_).astype(float)
        luck = np.random.default_rng(0).random(len(rows)) < self.setting
        return np.where(luck[:, None], right, -right)


class Nothing:
    """Preprocessing that does nothing but remember what it was fitted on."""

    def __init__(self, seen):
        self.seen = seen

    def fit(self, matrix, labels):
        assert np.array_equal(labels, LABELS[matrix[:, 0].astype(int)])
        self.seen.append(("prepared", None, matrix[:, 0].astype(int)))
        return self

    def transform(self, matrix):
        return matrix


def chosen(grid, told=lambda *_: None):
    seen: list = []
    matrix = np.arange(len(LABELS), dtype=float)[:, None]
    choice = choose(
        [{"C": value} for value in grid],
        lambda: Nothing(seen),
        lambda values: Recorder(values["C"], seen),
        Data,
        matrix,
        told,
    )
    return choice, seen


class TestChoose:
    def test_the_best_setting_on_other_actors_is_taken(self):
        choice, _ = chosen([0.1, 0.9, 0.5])
        assert choice.values == {"C": 0.9}
        assert choice.uar == pytest.approx(0.9, abs=0.1)

    def test_of_equally_good_settings_the_first_is_taken(self):
        assert chosen([1.0, 2.0])[0].values == {"C": 1.0}

    def test_inner_folds_separate_speakers(self):
        _, seen = chosen([0.5, 1.0])
        for what, _, rows in seen:
            if what == "prepared":
                prepared = set(ACTORS[rows])
            elif what == "fit":
                fitted = set(ACTORS[rows])
                assert fitted == prepared
            else:
                assert not fitted & set(ACTORS[rows])

    def test_columns_are_selected_on_the_clips_of_an_inner_fold_that_are_fitted_on(self):
        """Of pure noise, columns that were selected on all clips would seem to tell emotions."""
        noise = np.random.default_rng(0).normal(size=(len(LABELS), 4000))

        def judged(select, matrix):
            steps = PreprocessingParameters(select=select)
            found = choose(
                [{}],
                lambda: preprocessing(steps),
                lambda _values: LogisticRegression(),
                Data,
                matrix,
                lambda *_: None,
            )
            return found.uar

        assert judged(40, noise) < 0.25
        assert judged(0, TellingColumns(40).fit_transform(noise, LABELS)) > 0.5

    def test_preprocessing_is_fitted_once_an_inner_fold(self):
        _, seen = chosen([0.5, 1.0, 0.7])
        assert sum(what == "prepared" for what, *_ in seen) == 4
        assert sum(what == "fit" for what, *_ in seen) == 12

    def test_every_clip_is_tried_once_and_its_decision_values_kept(self):
        choice, seen = chosen([1.0])
        tried = np.concatenate([rows for what, _, rows in seen if what == "tried"])
        assert sorted(tried) == list(range(len(LABELS)))
        assert np.isfinite(choice.decisions).all()
        assert np.array_equal(choice.decisions.argmax(axis=1), LABELS)

    def test_it_reports_progress(self):
        told: list = []
        chosen([0.5, 1.0], lambda done, total: told.append((done, total)))
        assert told == [(n, 8) for n in range(1, 9)]


class TestInnerFolds:
    @settings(max_examples=60)
    @given(
        actors=st.lists(st.integers(1, 24), min_size=2, max_size=8, unique=True),
        clips=st.integers(4, 20),
    )
    def test_no_actor_is_on_both_sides_and_every_clip_is_held_out_once(self, actors, clips):
        who = np.repeat(actors, clips)
        labels = np.tile(np.arange(clips) % 4, len(actors))
        held_out = []
        for train, validation in inner_folds(labels, who):
            assert len(train)
            assert len(validation)
            assert not set(who[train]) & set(who[validation])
            assert len(train) + len(validation) == len(who)
            held_out += validation.tolist()
        assert sorted(held_out) == list(range(len(who)))

    def test_there_are_four_or_as_many_as_actors(self):
        assert [len(list(inner_folds(LABELS[:n], ACTORS[:n]))) for n in (32, 48, 96)] == [2, 3, 4]

    def test_the_division_is_always_the_same(self):
        one, other = (list(inner_folds(LABELS, ACTORS)) for _ in range(2))
        for (a, b), (c, d) in zip(one, other, strict=True):
            assert np.array_equal(a, c)
            assert np.array_equal(b, d)


class TestTemperature:
    LOGITS = np.random.default_rng(0).normal(size=(4000, 8)) * 2
    # The largest of values with Gumbel noise is drawn by their softmax.
    TRUE = (LOGITS + np.random.default_rng(1).gumbel(size=(4000, 8))).argmax(axis=1)

    @pytest.mark.parametrize("factor", [0.1, 1.0, 25.0])
    def test_it_finds_the_factor_that_the_values_are_off_by(self, factor):
        assert fit_temperature(self.LOGITS * factor, self.TRUE) == pytest.approx(factor, rel=0.1)

    def test_emotions_that_a_fold_never_saw_do_no_harm(self):
        values = self.LOGITS.copy()
        values[:1000, 3] = -np.inf
        assert np.isfinite(fit_temperature(values, self.TRUE))

    def test_labels_need_not_be_all_eight(self):
        keep = np.isin(self.TRUE, (2, 5))
        found = fit_temperature(self.LOGITS[keep][:, (2, 5)], self.TRUE[keep])
        assert found == pytest.approx(1, rel=0.2)


class TestSoftmax:
    @given(values=arrays(float, (4, 8), elements=st.floats(-700, 700)))
    def test_it_is_scipy_s(self, values):
        assert softmax(values) == pytest.approx(scipy_softmax(values, axis=1))
        assert softmax(values).sum(axis=1) == pytest.approx(np.ones(4))

    def test_huge_values_do_not_overflow(self):
        assert softmax(np.array([[1e308, 0.0]])).tolist() == [[1.0, 0.0]]

    def test_a_class_that_cannot_be_gets_nothing(self):
        assert softmax(np.array([[0.0, -np.inf, 0.0]])).tolist() == [[0.5, 0.0, 0.5]]


class TestWiden:
    def test_classes_go_to_their_columns_and_the_rest_gets_nothing(self):
        found = widen(np.array([[0.25, 0.75]]), np.array([1, 6]), 8)
        assert found.tolist() == [[0, 0.25, 0, 0, 0, 0, 0.75, 0]]

    @given(
        values=arrays(float, (3, 8), elements=st.floats(0.01, 1)),
        classes=st.sets(st.integers(0, 7), min_size=1),
    )
    def test_rows_sum_to_1(self, values, classes):
        found = widen(values[:, : len(classes)], np.array(sorted(classes)), 8)
        assert found.shape == (3, 8)
        assert found.sum(axis=1) == pytest.approx(np.ones(3))


class TestDecisions:
    def test_two_classes_get_two_columns(self):
        class Two:
            def decision_function(self, _matrix):
                return np.array([-1.0, 2.0])

        assert decisions(Two(), None).tolist() == [[1.0, -1.0], [-2.0, 2.0]]


class TestCountParameters:
    def test_a_linear_model_has_coefficients_and_intercepts(self):
        from sklearn.linear_model import LogisticRegression
        from sklearn.multiclass import OneVsRestClassifier
        from sklearn.pipeline import make_pipeline

        matrix, labels = np.random.default_rng(0).normal(size=(64, 3)), np.arange(64) % 8
        plain = LogisticRegression().fit(matrix, labels)
        one_vs_rest = make_pipeline(OneVsRestClassifier(LogisticRegression())).fit(matrix, labels)
        assert count_parameters(plain) == count_parameters(one_vs_rest) == 8 * (3 + 1)

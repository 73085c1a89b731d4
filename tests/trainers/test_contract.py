"""What every trainer must keep to; a new one is tested here as soon as its module is there."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_info, threadpool_limits

from modelkit import check_damaged_facts
from serkit import FeatureStore
from serkit.errors import RunError, TrainingError, UnknownNameError, UsageError
from serkit.models import TRAINERS, FitContext, Fitted, FoldData, Trainer, TrainingClips
from serkit.models.classical.choice import unconverged
from serkit.parameters import Parameters, Scalar
from serkit.testing import check_trainer
from serkit.trainers import svm

FEW_ROUNDS = {"rounds": 15, "patience": 5}
FEW_TRIALS = {"trials": 2, "inner": 2, "search": "C=0.1:1", "fixed": "max_iter=50"}
QUICK: dict[str, dict[str, Scalar]] = {
    "logreg": {"C": 1.0},
    "svm": {"C": 1.0, "gamma": 0.05},
    "xgboost": FEW_ROUNDS,
}
"""What spares the choice, or most of the rounds, where a test is not about it."""


CLASSICAL = ("logreg", "majority", "svm", "xgboost")
"""The nets are held to the same contract in test_keras.py, made small."""

ELSEWHERE = ("robust", "scenes", "compare2016")
"""Presets that differ by their features alone, which the tests' store lacks."""

EVERY_PRESET = [(n, p) for n in CLASSICAL for p in TRAINERS.get(n).presets if p not in ELSEWHERE]


@pytest.fixture(scope="module")
def store(speech_store: Path) -> FeatureStore:
    return FeatureStore(speech_store)


@pytest.fixture(params=CLASSICAL)
def trainer(request) -> Trainer:
    return TRAINERS.get(request.param)


def ids_of(store: FeatureStore, actors: Sequence[int]) -> tuple[str, ...]:
    return tuple(store.clips[store.clips["actor"].isin(list(actors))].index)


def fold_of(store: FeatureStore) -> FoldData:
    """Train on actors 1 to 3, choose on actor 4; 5 and 6 are for the test."""
    return FoldData.of(store, ids_of(store, (1, 2, 3)), ids_of(store, [4]))


def fit(trainer: Trainer, store: FeatureStore, *, seed: int = 0, **values: Scalar) -> Fitted:
    settled = trainer.settle("best", QUICK.get(trainer.name, {}) | values)
    return trainer.fit(fold_of(store), settled, FitContext(seed))


def heard(store: FeatureStore) -> TrainingClips:
    return TrainingClips.of(store, ids_of(store, (5, 6)))


def refused(trainer: Trainer, preset: str, given: dict[str, object]) -> str:
    with pytest.raises(UsageError) as caught:
        trainer.settle(preset, given)
    return str(caught.value)


@pytest.mark.parametrize(("name", "preset"), [*EVERY_PRESET, ("tuned", "best")])
def test_it_keeps_the_contract(store, name, preset):
    assert TRAINERS.get(name).name == name
    few = {"xgboost": {"rounds": 40}, "tuned": FEW_TRIALS}.get(name, {})
    check_trainer(TRAINERS.get(name), store, preset=preset, values=few)


def test_it_learns_something(trainer, store):
    """Even few clips of few actors tell more than chance, save for the model that ignores them."""
    data = heard(store)
    right = fit(trainer, store).predict(data).argmax(axis=1) == data.labels
    assert np.mean(right) > 0.3 or trainer.name == "majority"


class TestNothingButTheTrainingSideIsFitted:
    """The test clips' values and labels may be anything: the fitted model is the same."""

    class Scrambled(FeatureStore):
        """A store whose test clips have huge values and turned labels."""

        def __init__(self, path: Path, scrambled: Sequence[str]) -> None:
            super().__init__(path)
            self._scrambled = set(scrambled)

        def _read(self, state, feature, clip_ids, *how):
            batch = super()._read(state, feature, clip_ids, *how)
            for position, clip_id in enumerate(clip_ids):
                if clip_id in self._scrambled:
                    batch.X[position] = 1e30
            return batch

        @property
        def state(self):
            state = super().state
            clips = {
                clip_id: self._turned(row) if clip_id in self._scrambled else row
                for clip_id, row in state.clips.items()
            }
            return replace(state, clips=clips)

        def _turned(self, row):
            return replace(row, emotion_id=(row.emotion_id + 3) % 8, num_frames=10**12)

    @pytest.mark.parametrize(
        ("name", "preset", "values"),
        [
            *((n, p, FEW_ROUNDS if n == "xgboost" else {}) for n, p in EVERY_PRESET),
            # Fitted once: a second fit with the rounds chosen would hide what the first one saw.
            ("xgboost", "best", FEW_ROUNDS | {"refit": False}),
            ("tuned", "best", FEW_TRIALS),
        ],
    )
    def test_it_is_the_same_model(self, store, tmp_path, name, preset, values):
        trainer = TRAINERS.get(name)
        settled = trainer.settle(preset, values)
        scrambled = self.Scrambled(store.path, ids_of(store, (5, 6)))
        folders = [tmp_path / "plain", tmp_path / "scrambled"]
        for folder, source in zip(folders, (store, scrambled), strict=True):
            folder.mkdir()
            trainer.fit(fold_of(source), settled, FitContext()).save(folder)
        plain, other = (trainer.load(folder) for folder in folders)
        assert np.array_equal(plain.predict(heard(store)), other.predict(heard(store)))
        assert plain.chosen == other.chosen

    def test_the_scrambling_would_be_seen(self, store):
        """This test can fail: where the scrambled clips are trained on, the model is another."""
        trainer = TRAINERS.get("majority")
        scrambled = self.Scrambled(store.path, ids_of(store, [1]))
        neutral = [i for i in ids_of(store, [1]) if i[6:8] == "01"]
        scrambled._scrambled = set(neutral)
        models = [trainer.fit(fold_of(s), Parameters(), FitContext()) for s in (store, scrambled)]
        one, other = (model.predict(heard(store)) for model in models)
        assert not np.array_equal(one, other)


class TestSeed:
    def test_the_same_seed_gives_the_same_predictions(self, trainer, store):
        one, other = (fit(trainer, store, seed=3).predict(heard(store)) for _ in range(2))
        assert np.array_equal(one, other)

    def test_another_seed_gives_other_trees(self, store):
        one, other = (
            fit(TRAINERS.get("xgboost"), store, seed=s).predict(heard(store)) for s in (0, 1)
        )
        assert not np.array_equal(one, other)


SAFE_FILES = {"model.skops", "model.json", "model.ubj"}


class TestFiles:
    @pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file sizes")
    def test_a_disk_that_takes_no_more_is_an_error_of_the_system(self, store, tmp_path):
        """XGBoost's own writer reports it as an XGBoostError, which no caller knows."""
        import resource

        model = fit(TRAINERS.get("xgboost"), store)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        try:
            with pytest.raises(OSError, match="File too large"):
                model.save(tmp_path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    def test_it_saves_in_forms_that_run_nothing_when_loaded(self, trainer, store, tmp_path):
        fit(trainer, store).save(tmp_path)
        files = {path.name for path in tmp_path.rglob("*")}
        assert files
        assert files <= SAFE_FILES

    @pytest.mark.parametrize("name", ["logreg", "svm"])
    def test_a_file_with_a_strange_type_is_refused(self, store, tmp_path, name):
        from skops.io import dump

        trainer = TRAINERS.get(name)
        fit(trainer, store).save(tmp_path)
        dump(Stranger(), tmp_path / "model.skops")
        with pytest.raises(RunError) as caught:
            trainer.load(tmp_path)
        assert str(caught.value).startswith(f"{tmp_path / 'model.skops'} is not loaded: ")
        assert "Stranger" in str(caught.value)

    def test_facts_that_are_missing_or_damaged_are_named(self, trainer, store, tmp_path):
        fit(trainer, store).save(tmp_path)
        check_damaged_facts(trainer, tmp_path)

    @pytest.mark.parametrize("name", ["logreg", "svm", "xgboost"])
    def test_inputs_and_chosen_values_are_saved_as_json(self, store, tmp_path, name):
        fitted = fit(TRAINERS.get(name), store)
        fitted.save(tmp_path)
        facts = json.loads((tmp_path / "model.json").read_text())
        assert facts["features"] == ["functionals"]
        assert facts["chosen"] == dict(fitted.chosen)


class Stranger:
    """A type that no model of ours is made of."""

    def __init__(self) -> None:
        self.value = 1


class TestSettle:
    def test_an_unknown_preset_lists_the_known_ones(self, trainer):
        assert refused(trainer, "bes", {}) == (
            f"unknown preset of {trainer.name} 'bes': did you mean 'best'?; "
            f"there are: {', '.join(sorted(trainer.presets))}"
        )

    def test_an_unknown_parameter_suggests_the_closest(self):
        assert refused(TRAINERS.get("xgboost"), "best", {"max_dept": "3"}).startswith(
            "unknown parameter of xgboost 'max_dept': did you mean 'max_depth'"
        )

    def test_a_model_without_parameters_says_so(self):
        assert refused(TRAINERS.get("majority"), "best", {"C": "1"}) == (
            "unknown parameter of majority 'C'; there are: none"
        )

    @pytest.mark.parametrize(
        ("name", "key", "value", "text"),
        [
            ("logreg", "C", "much", "C = 'much' has the wrong type; a value such as 0.0 is"),
            ("logreg", "C", "-1", "C = -1.0 is too small; 0 or more is allowed"),
            ("logreg", "C", "inf", "C = inf is not finite; a finite number is allowed"),
            ("logreg", "whiten", "1.5", "whiten = 1.5 is too large; 1 or less is allowed"),
            ("logreg", "scheme", "ovo", "scheme = 'ovo' is not allowed; one of 'multinomial', "),
            ("logreg", "scale", "maybe", "scale = 'maybe' has the wrong type; a value such as T"),
            ("logreg", "max_iter", "10.5", "max_iter = '10.5' has the wrong type; a value such "),
            ("svm", "kernel", "poly", "kernel = 'poly' is not allowed; one of 'rbf', 'linear' is"),
            ("xgboost", "rounds", "0", "rounds = 0 is too small; 1 or more is allowed"),
            ("xgboost", "subsample", "2", "subsample = 2.0 is too large; 1 or less is allowed"),
            ("xgboost", "rounds", 3.0, "rounds = 3.0 has the wrong type; a value such as 400 is"),
            ("xgboost", "rounds", None, "rounds = None has the wrong type; a value such as 400"),
        ],
    )
    def test_a_wrong_value_is_refused(self, name, key, value, text):
        assert refused(TRAINERS.get(name), "best", {key: value}).startswith(text)

    def test_every_preset_settles_to_every_parameter(self, trainer):
        for preset in trainer.presets:
            assert type(trainer.settle(preset, {})) is trainer.parameters

    def test_given_values_override_the_preset_and_the_default(self):
        trainer = TRAINERS.get("logreg")
        settled = trainer.settle("notebook", {"C": "2.5", "scale": "yes"})
        assert (settled.C, settled.scale) == (2.5, True)
        assert settled.scheme == "ovr"
        assert trainer.settle("best", {}).scheme == "multinomial"

    def test_the_study_s_logistic_regression(self):
        settled = TRAINERS.get("logreg").settle("notebook", {})
        assert (settled.features, settled.columns) == ("change_deviation", "num_frames")
        assert (settled.scheme, settled.C, settled.max_iter) == ("ovr", 1.0, 10_000)
        assert (settled.scale, settled.clip, settled.whiten) == (False, 0.0, 0.0)


class TestInputs:
    def read(self, store, features: str, columns: str = "") -> np.ndarray:
        from serkit.models.classical.inputs import Inputs
        from serkit.models.classical.parameters import InputParameters

        return Inputs.of(InputParameters(features=features, columns=columns)).matrix(heard(store))

    def test_features_and_columns_stand_side_by_side(self, store):
        both = self.read(store, "change_deviation", "num_frames")
        assert np.array_equal(both[:, 1], heard(store).column("num_frames"))
        assert np.array_equal(both[:, :1], self.read(store, "change_deviation"))

    def test_blanks_and_empty_names_do_not_count(self, store):
        assert np.array_equal(
            self.read(store, " change_deviation ,, functionals"),
            self.read(store, "change_deviation,functionals"),
        )

    @pytest.mark.parametrize("features", ["", " , "])
    def test_an_empty_feature_list_is_refused(self, store, features):
        with pytest.raises(UsageError) as caught:
            self.read(store, features)
        assert str(caught.value) == "features = '' names no feature; see 'serkit features'"

    @pytest.mark.parametrize("column", ["emotion_id", "emotion", "actor", "clip_id", "frames"])
    def test_labels_and_names_cannot_be_read_as_columns(self, store, column):
        with pytest.raises(UnknownNameError) as caught:
            self.read(store, "change_deviation", column)
        assert str(caught.value).startswith(f"unknown clip column that a model may read {column!r}")
        assert "there are: channels, num_frames, sample_rate" in str(caught.value)


class TestChoice:
    def test_given_values_are_not_tuned(self, store):
        assert fit(TRAINERS.get("logreg"), store, C=2.0).chosen == {}

    def test_rounds_are_chosen_on_the_validation_actors(self, store):
        fitted = fit(TRAINERS.get("xgboost"), store)
        assert 1 <= fitted.chosen["rounds"] <= 15

    def test_without_validation_actors_all_rounds_are_used(self, store):
        trainer = TRAINERS.get("xgboost")
        fold = FoldData.of(store, ids_of(store, (1, 2)))
        settled = trainer.settle("best", FEW_ROUNDS)
        fitted = trainer.fit(fold, settled, FitContext())
        assert fitted.chosen == {}
        assert fitted.booster.num_boosted_rounds() == 15

    def test_chosen_on_test_clips_they_are_never_fitted_on(self, store):
        """The study's way: what is chosen on is the test side, so only the rest is fitted on."""
        train, test = ids_of(store, (1, 2, 3)), ids_of(store, (5, 6))
        fold = FoldData.of(store, train, test, chosen_on_test=True)
        assert fold.everything is fold.train
        assert fold.validation.clip_ids == heard(store).clip_ids
        usual = FoldData.of(store, train, test).everything
        assert set(usual.clip_ids) == {*fold.train.clip_ids, *heard(store).clip_ids}

    def test_one_actor_cannot_be_divided(self, store):
        from serkit.errors import TrainingError

        trainer = TRAINERS.get("svm")
        fold = FoldData.of(store, ids_of(store, [1]))
        with pytest.raises(TrainingError) as caught:
            trainer.fit(fold, trainer.settle("best", {}), FitContext())
        assert str(caught.value) == (
            "one speaker cannot be divided into inner folds; train on more speakers, or set every "
            "parameter by --set"
        )


def test_emotions_that_were_not_trained_on_get_nothing(store):
    """Also then there are eight columns, and each row sums to 1."""
    data = TrainingClips.of(store, ids_of(store, (1, 2, 3, 4)))
    kept = data.subset(np.isin(data.labels, (2, 5)))
    nobody = kept.take(())
    for name in ("logreg", "svm"):
        trainer = TRAINERS.get(name)
        fitted = trainer.fit(FoldData(kept, nobody, kept), trainer.settle("best", {}), FitContext())
        found = fitted.predict(heard(store))
        assert found.shape == (32, 8)
        assert np.allclose(found.sum(axis=1), 1)
        assert not np.delete(found, (2, 5), axis=1).any()


def test_listing_the_models_imports_no_framework():
    code = (
        "import sys; from serkit.models import TRAINERS\n"
        "for name in TRAINERS.names(): TRAINERS.get(name).settle('best', {})\n"
        "heavy = {'sklearn', 'xgboost', 'torch', 'tensorflow', 'keras', 'jax', 'skops'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")


class TestWidthsOfTheKernel:
    """What the support vector machine chooses from."""

    def widths(self, matrix, **values) -> list[float]:
        trainer = TRAINERS.get("svm")
        labels = np.arange(len(matrix)) % 3
        grid = svm._grid(trainer.settle("best", values), matrix, labels)
        return sorted({setting["gamma"] for setting in grid})

    def test_on_whitened_columns_are_those_of_the_published_runs(self):
        matrix = np.random.default_rng(0).normal(size=(90, 30))
        assert svm._grid(TRAINERS.get("svm").settle("best", {}), matrix, np.arange(90) % 3) == [
            {"C": c, "gamma": gamma} for gamma in (0.05, 0.1) for c in (1.0, 1.5, 3.0)
        ]

    @pytest.mark.parametrize("scale", [True, False])
    def test_without_whitening_go_with_the_rows_that_are_compared(self, scale):
        matrix = np.random.default_rng(0).normal(scale=100, size=(90, 30))
        prepared = StandardScaler().fit_transform(matrix) if scale else matrix
        like_scikit_learn = 1 / prepared.var(axis=0).sum()
        found = self.widths(matrix, whiten=0.0, scale=scale, clip=0.0)
        assert found == pytest.approx([factor * like_scikit_learn for factor in (0.1, 0.3, 1.0)])

    def test_go_with_the_columns_that_are_selected(self):
        matrix = np.random.default_rng(0).normal(size=(90, 30))
        found = self.widths(matrix, whiten=0.0, select=6)
        assert found == pytest.approx([factor / 6 for factor in (0.1, 0.3, 1.0)], rel=0.01)

    def test_of_columns_that_never_change_are_finite(self):
        assert self.widths(np.ones((9, 3)), whiten=0.0) == [0.1, 0.3, 1.0]

    def test_a_fixed_value_is_the_only_candidate(self):
        assert self.widths(np.eye(9), whiten=0.0, gamma=0.7) == [0.7]


@pytest.mark.parametrize("name", ["logreg", "svm"])
def test_scikit_learn_s_load_no_framework(speech_store, tmp_path, name):
    script = f"""
import sys, serkit
run = serkit.train({name!r}, store={str(speech_store)!r}, runs={str(tmp_path)!r},
                   values={QUICK[name]!r})
run.model_of(run.record["fold_scores"][0]["fold"])
loaded = [name for name in ("torch", "tensorflow", "jax", "transformers") if name in sys.modules]
sys.exit(f"loaded: {{loaded}}" if loaded else 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["logreg", "svm"])
def test_scikit_learn_s_fit_on_one_blas_thread(store, name):
    seen = set()

    def look(*_):
        seen.update(p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas")

    trainer = TRAINERS.get(name)
    settled = trainer.settle("best", {"C": 1.0} if name == "svm" else {})
    with threadpool_limits(2, user_api="blas"):
        trainer.fit(fold_of(store), settled, FitContext(progress=look))
    assert seen == {1}


class TestOneActor:
    """One actor cannot be divided into inner folds."""

    def fit(self, store, name, **values) -> Fitted:
        trainer = TRAINERS.get(name)
        data = FoldData.of(store, ids_of(store, [1]))
        return trainer.fit(data, trainer.settle("best", values), FitContext())

    @pytest.mark.parametrize("name", ["logreg", "svm"])
    def test_is_enough_if_every_parameter_is_set(self, store, name):
        found = self.fit(store, name, **QUICK[name]).predict(heard(store))
        assert found.sum(axis=1) == pytest.approx(np.ones(len(found)))

    def test_a_linear_kernel_needs_c_alone(self, store):
        fitted = self.fit(store, "svm", kernel="linear", C=2.0)
        assert fitted.chosen["C"] == 2.0
        assert fitted.temperature == 1.0

    @pytest.mark.parametrize(("name", "given"), [("logreg", {}), ("svm", {"C": 1.0})])
    def test_selection_is_declared(self, store, name, given):
        with pytest.raises(TrainingError) as caught:
            self.fit(store, name, **given)
        assert str(caught.value) == (
            "one speaker cannot be divided into inner folds; "
            "train on more speakers, or set every parameter by --set"
        )


class TestConvergence:
    """scikit-learn's warning is kept in the record, not printed."""

    @pytest.fixture(autouse=True)
    def _strict(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield

    @pytest.mark.parametrize("given", [{"C": 1.0}, {"C": 0.0}])
    def test_a_solver_that_stops_early_is_recorded(self, store, given):
        assert fit(TRAINERS.get("logreg"), store, max_iter=1, **given).chosen["converged"] is False

    @pytest.mark.parametrize("given", [{"C": 1.0}, {"C": 0.0}])
    def test_no_selection_is_not_declared(self, store, given):
        assert "converged" not in fit(TRAINERS.get("logreg"), store, **given).chosen

    def test_other_warnings_go_on(self):
        with (
            pytest.raises(UserWarning, match="look here"),
            unconverged(),
        ):
            warnings.warn("look here", stacklevel=1)
        warnings.simplefilter("always")
        with pytest.warns(UserWarning, match="look here"), unconverged() as found:
            warnings.warn("look here", stacklevel=1)
        assert found == []

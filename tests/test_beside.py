"""Beside serkit's own models: folds for scikit-learn, estimators, submitted predictions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import rich.console
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

import serkit
from serkit import FeatureStore
from serkit.errors import NotFoundError, RunError, UnknownNameError, UsageError
from serkit.models import TRAINERS, FitContext, FoldData
from serkit.models.classical.estimator import fit

READ = {"features": "change_deviation", "protocol": "luna5"}
LINEAR = make_pipeline(StandardScaler(), LogisticRegression())


@pytest.fixture(scope="module")
def store(speech_store) -> FeatureStore:
    return FeatureStore(speech_store)


@pytest.fixture(scope="module")
def own(store, tmp_path_factory):
    """Return a folder with a run of an estimator, one of a search, and a submitted one."""
    runs = tmp_path_factory.mktemp("own")
    where = {"store": store, "runs": runs}
    serkit.train(LINEAR, **READ, **where)
    serkit.train(GridSearchCV(LINEAR, {"logisticregression__C": [0.1, 1.0]}), **READ, **where)
    serkit.submit(table(store), model="elsewhere", protocol="luna5", **where)
    return runs


def table(store: FeatureStore) -> pd.DataFrame:
    """Predict every clip as a stranger would: with scikit-learn, on serkit's folds."""
    batch, folds = store.load("change_deviation"), serkit.splits("luna5", store)
    found = cross_val_predict(LINEAR, batch.X, batch.y, cv=folds, method="predict_proba")
    return pd.DataFrame(
        found, index=pd.Index(folds.clip_ids, name="clip_id"), columns=serkit.EMOTIONS
    )


def refused(predictions, store, tmp_path, *, model="mine", protocol="luna5") -> str:
    with pytest.raises((UsageError, NotFoundError)) as caught:
        serkit.submit(predictions, model=model, protocol=protocol, store=store, runs=tmp_path)
    assert not list(tmp_path.iterdir())
    return str(caught.value)


class TestSplits:
    def test_indices_are_those_of_the_run_s_split(self, store, own):
        folds = serkit.splits("luna5", store)
        run = next(r for r in serkit.compare(own).groups[0].entries if r.model == "estimator")
        assert folds.digest == run.split_digest
        assert len(folds) == folds.get_n_splits() == 3
        for (train, test), fold in zip(folds, folds.folds.folds, strict=True):
            assert [folds.clip_ids[p] for p in test] == list(fold.test)
            assert {folds.clip_ids[p] for p in train} == {*fold.train, *fold.validation}
            assert not set(folds.groups[train]) & set(folds.groups[test])

    def test_rows_are_those_of_the_store(self, store):
        folds, batch = serkit.splits("loso", store), store.load("functionals")
        assert folds.clip_ids == batch.clip_ids
        assert np.array_equal(folds.labels, batch.y)

    def test_an_unknown_protocol(self, store):
        with pytest.raises(UnknownNameError, match="unknown protocol 'luna6'"):
            serkit.splits("luna6", store)


class TestEstimators:
    def test_an_estimator_ranks_like_any_model_and_says_what_it_is(self, own):
        rows = serkit.compare(own).entries
        assert [row.model for row in rows].count("estimator") == 2
        said = {row.given.get("estimator", "") for row in rows}
        assert any(text.startswith("Pipeline(steps=[('standardscaler'") for text in said)

    def test_it_is_read_back_and_predicts_the_same(self, store, own):
        from serkit.models import ClipData
        from serkit.results.finding import list_runs

        (run,) = (
            r for r in list_runs(own)[0] if r.record["values"].get("estimator", "")[:1] == "P"
        )
        fold = run.fold_names[0]
        kept = run.predictions.query("fold == @fold")
        found = run.model_of(fold).predict(ClipData.of(store, kept.index))
        assert np.allclose(found, kept[[f"p_{e}" for e in serkit.EMOTIONS]])
        assert run.record["fold_scores"][0]["train_clips"] == 64

    def test_values_chosen_by_a_search_are_recorded(self, own):
        from serkit.results.finding import list_runs

        run = next(r for r in list_runs(own)[0] if "GridSearch" in str(r.record["values"]))
        for fold in run.record["fold_scores"]:
            assert fold["chosen"]["logisticregression__C"] in (0.1, 1.0)

    @pytest.mark.parametrize("cv", [None, 3, GroupKFold(2)])
    def test_a_search_never_chooses_on_a_speaker_that_it_fits(self, store, cv):
        ids = [i for i, clip in store.state.clips.items() if clip.actor in (1, 2, 3, 4)]
        fold = FoldData.of(store, sorted(ids))
        values = TRAINERS.get("estimator").settle("best", {"features": "change_deviation"})
        search = GridSearchCV(SVC(), {"C": [1.0, 2.0]}, cv=cv)
        model = fit(search, fold, values, FitContext())
        actors = fold.everything.speakers
        assert search.cv is cv  # the caller's own is left as it is
        assert len(model.estimator.cv) >= 2
        for fitted, held_out in model.estimator.cv:
            assert not set(actors[fitted]) & set(actors[held_out])

    def test_the_default_seed_is_used(self, store):
        ids = sorted(store.state.clips)[:32]
        fold = FoldData.of(store, ids)
        values = TRAINERS.get("estimator").settle("best", {"features": "change_deviation"})
        forests = [
            fit(RandomForestClassifier(3), fold, values, FitContext(seed)) for seed in (1, 1, 2)
        ]
        one, same, other = (each.predict(fold.train) for each in forests)
        assert np.array_equal(one, same)
        assert not np.array_equal(one, other)

    def test_without_probabilities_it_answers_as_well_as_it_can(self, store, tmp_path):
        run = serkit.train(LinearSVC(), **READ, store=store, runs=tmp_path, folds=1)
        assert run.predictions.filter(like="p_").sum(axis=1).to_numpy() == pytest.approx(1)

    def test_estimators_that_skops_rejects_are_not_saved_with_a_note(self, store, tmp_path):
        run = serkit.train(RandomForestClassifier(2), **READ, store=store, runs=tmp_path, folds=1)
        assert run.record["notes"][-1].startswith("the model is not kept: it holds sklearn.tree.")
        with pytest.raises(RunError, match=r"was not kept: it holds .* can be kept"):
            run.model_of(run.fold_names[0])

    @pytest.mark.parametrize(
        ("model", "why"), [(SVC, "a class"), (3, "it has no fit()"), ([], "it has no fit()")]
    )
    def test_non_estimators_are_refused(self, store, tmp_path, model, why):
        with pytest.raises(UsageError) as caught:
            serkit.train(model, **READ, store=store, runs=tmp_path)
        assert str(caught.value) == (
            f"model = {model!r} is not an estimator: {why}; the name of a model is allowed, or a "
            "scikit-learn estimator or pipeline; see 'serkit models'"
        )

    def test_from_the_command_line_it_says_where_it_belongs(self, store, tmp_path):
        with pytest.raises(UsageError, match=r"in Python: serkit\.train"):
            serkit.train("estimator", **READ, store=store, runs=tmp_path)

    def test_features_can_be_named_for_any_model(self, store, tmp_path):
        run = serkit.train("logreg", **READ, store=store, runs=tmp_path, folds=1, values={"C": 1.0})
        assert run.record["feature_fingerprints"].keys() == {"change_deviation"}


class TestSubmit:
    def test_it_ranks_with_the_same_figures_as_a_run_trained_here(self, own):
        (group,) = serkit.compare(own).groups
        rows = {row.model: row for row in group.entries if "GridSearch" not in str(row.given)}
        assert rows["elsewhere"].uar == pytest.approx(rows["estimator"].uar)
        assert (rows["elsewhere"].submitted, rows["estimator"].submitted) == (True, False)

    def test_it_is_stamped_wherever_it_is_shown(self, own):
        console = rich.console.Console(width=200)
        with console.capture() as shown:
            console.print(serkit.compare(own))
            console.print(serkit.show("elsewhere", runs=own))
        assert shown.get().count("submitted") >= 2
        assert "(None)" not in shown.get()

    def test_a_csv_file_may_have_few_digits_and_either_name(self, store, tmp_path):
        path = tmp_path / "p.csv"
        given = table(store).add_prefix("p_").round(4).rename_axis("clip")
        given.to_csv(path)
        run = serkit.submit(
            path, model="mine", protocol="luna5", store=store, runs=tmp_path / "runs", notes=["n"]
        )
        assert run.record["notes"][-1] == "n"
        assert run.predictions.filter(like="p_").sum(axis=1).to_numpy() == pytest.approx(1)

    def test_clips_that_are_missing_double_or_strange(self, store, tmp_path):
        good = table(store)
        first, second = good.index[:2]
        assert refused(good.iloc[2:], store, tmp_path) == (
            f"predictions do not cover the split: none for {first}, {second}; exactly the 96 test "
            "clips are allowed; serkit.splits() lists them"
        ).replace(" are allowed", "")
        assert f"predictions twice for {first}; one row per clip" == refused(
            pd.concat([good, good.iloc[:1]]), store, tmp_path
        )
        strange = good.rename(index={first: "nobody"})
        assert f"none for {first}, some for nobody, which luna5 does not test" in refused(
            strange, store, tmp_path
        )

    @pytest.mark.parametrize("value", [np.nan, -0.1, 7.0])
    def test_numbers_that_are_no_probabilities(self, store, tmp_path, value):
        bad = table(store)
        bad.iloc[3, 2] = value
        text = refused(bad, store, tmp_path)
        assert text.startswith(f"no probabilities for {bad.index[3]} ({bad.index[3]}: [")
        assert text.endswith("numbers from 0 to 1 that sum to 1 are allowed")

    def test_columns_that_are_missing(self, store, tmp_path):
        good = table(store)
        assert "have no column for calm, sad" in refused(
            good.drop(columns=["calm", "sad"]), store, tmp_path
        )
        assert "the predictions have no column of clips" in refused(
            good.reset_index(drop=True), store, tmp_path
        )
        assert "hold something that is no number" in refused(good.assign(calm="x"), store, tmp_path)

    def test_names_that_cannot_be(self, store, tmp_path):
        good = table(store)
        assert refused(good, store, tmp_path, model="../x").startswith("model = '../x' is no name")
        assert refused(good, store, tmp_path, model="svm") == (
            "model = 'svm' is the name of a model that is trained here; give it another one, such "
            "as 'my-svm'"
        )

    def test_a_missing_file(self, store, tmp_path):
        assert "there is no such file" in refused(tmp_path / "none.csv", store, tmp_path)

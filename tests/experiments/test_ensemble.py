"""An ensemble: models of finished runs that answer together, and only where they may."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

import serkit
from serkit.cli import app
from serkit.errors import LeakageError, RunError, UnknownNameError, UsageError
from serkit.models import stacking
from serkit.models.ensemble import FACTS, average, load
from serkit.models.stacking import pool, pooling_weights
from serkit.results.finding import list_runs


@pytest.fixture(scope="module")
def runs(speech_runs, tmp_path_factory):
    """Return a folder with the four runs of ``speech_runs`` that more may be added to."""
    folder = tmp_path_factory.mktemp("ensembles") / "runs"
    shutil.copytree(speech_runs, folder)
    return folder


@pytest.fixture(scope="module")
def names(runs):
    """Return the runs' names by model and protocol."""
    return {f"{run.model}-{run.record['protocol']}": run.name for run in list_runs(runs)[0]}


@pytest.fixture(scope="module")
def made(runs, names, speech_store):
    return combine(runs, speech_store, names["logreg-luna5"], names["majority-luna5"])


def combine(runs, store, *members, **options):
    values = {"members": ",".join(members), **options.pop("values", {})}
    return serkit.train("ensemble", store=store, runs=runs, values=values, **options)


def probabilities(run):
    return run.predictions.filter(like="p_").to_numpy()


class TestAverage:
    ONE, OTHER = np.array([[0.9, 0.1]]), np.array([[0.5, 0.5]])

    def test_geometric_is_the_mean_of_logarithms(self):
        expected = np.sqrt(self.ONE * self.OTHER)
        found = average([self.ONE, self.OTHER], "geometric")
        np.testing.assert_allclose(found, expected / expected.sum())

    def test_arithmetic_is_the_plain_mean(self):
        np.testing.assert_allclose(average([self.ONE, self.OTHER], "arithmetic"), [[0.7, 0.3]])

    def test_one_model_that_is_sure_does_not_rule_all_others(self):
        sure, others = np.array([[1.0, 0.0]]), np.array([[0.01, 0.99]])
        assert average([sure, others, others, others, others], "geometric").argmax() == 1


class TestARun:
    def test_answers_with_the_members_mean(self, made, runs, names):
        members = [serkit.show(names[n], runs=runs) for n in ("logreg-luna5", "majority-luna5")]
        expected = average([probabilities(run) for run in members], "geometric")
        np.testing.assert_allclose(probabilities(made), expected, atol=1e-9)

    def test_records_its_members_their_features_and_their_protocol(self, made, names):
        values = made.record["values"]
        assert values["members"] == f"{names['logreg-luna5']},{names['majority-luna5']}"
        assert values["features"] == "functionals"
        assert made.record["protocol"] == "luna5"

    def test_keeps_copies_of_their_models_and_answers_about_audio(self, made, speech):
        first = made.fold_names[0]
        assert [member.kind for member in load(made.folder_of(first)).members] == [
            "logreg",
            "majority",
        ]
        answer = serkit.predict(made, [next(speech.rglob("*.wav"))], fold=first)
        assert answer.warnings == ()
        assert sum(answer.rows[0].probabilities.values()) == pytest.approx(1.0)

    def test_may_be_averaged_in_another_way(self, made, runs, names, speech_store):
        pair = (names["logreg-luna5"], names["majority-luna5"])
        plain = combine(runs, speech_store, *pair, values={"mean": "arithmetic"})
        assert not np.allclose(probabilities(plain), probabilities(made))

    @pytest.mark.parametrize("kind", ["runs", "names", "mixed", "text"])
    def test_members_are_runs_or_their_names(self, made, runs, names, speech_store, kind):
        chosen = [names["logreg-luna5"], names["majority-luna5"]]
        found = [serkit.show(name, runs=runs) for name in chosen]
        members = {
            "runs": found,
            "names": chosen,
            "mixed": (found[0], chosen[1]),
            "text": ",".join(chosen),
        }[kind]
        run = serkit.train("ensemble", members=members, store=speech_store, runs=runs)
        assert run.record["values"] == made.record["values"]

    def test_one_run_by_itself_is_no_ensemble(self, runs, names, speech_store):
        one = serkit.show(names["logreg-luna5"], runs=runs)
        with pytest.raises(UsageError, match=f"an ensemble of {one.name}; two or more"):
            serkit.train("ensemble", members=one, store=speech_store, runs=runs)

    def test_the_command_names_its_members_by_runs(self, runs, names, speech_store, monkeypatch):
        monkeypatch.setenv("SERKIT_RUNS", str(runs))
        pair = f"{names['logreg-luna5']},{names['majority-luna5']}"
        arguments = ["train", "ensemble", "--runs", pair, "--store", str(speech_store), "--json"]
        result = CliRunner().invoke(app, arguments)
        assert json.loads(result.stdout)["model"] == "ensemble"


class TestWhatIsRefused:
    def refused(self, kind, *arguments, **options):
        with pytest.raises(kind) as caught:
            combine(*arguments, **options)
        return str(caught.value)

    def test_fewer_than_two_runs(self, runs, names, speech_store):
        one = names["logreg-luna5"]
        for members in ((one,), (one, one), ()):
            said = self.refused(UsageError, runs, speech_store, *members)
            assert said.startswith(f"an ensemble of {', '.join(members) or 'no runs'}; two or more")

    def test_a_missing_run(self, runs, names, speech_store):
        said = self.refused(UnknownNameError, runs, speech_store, names["logreg-luna5"], "svm-x")
        assert "unknown run 'svm-x'" in said

    def test_runs_on_other_folds(self, runs, names, speech_store):
        pair = (names["logreg-luna5"], names["logreg-random5"])
        said = self.refused(UsageError, runs, speech_store, *pair)
        assert f"{pair[1]} was trained with other folds than {pair[0]}; an ensemble" in said

    def test_folds_that_the_members_were_not_trained_by(self, runs, names, speech_store):
        pair = (names["logreg-luna5"], names["majority-luna5"])
        said = self.refused(LeakageError, runs, speech_store, *pair, protocol="random5")
        assert said == (
            f"{pair[0]} was fitted on other folds than the ensemble's; "
            "leave out --protocol and --folds: the members' own are used"
        )

    def test_a_run_that_chose_on_its_test_clips(self, runs, names, speech_store):
        pair = ("peeked", names["majority-luna5"])
        shutil.copytree(runs / names["logreg-luna5"], runs / "peeked")
        record = json.loads((runs / "peeked" / "run.json").read_text())
        record |= {"run": "peeked", "selected_on_test": True}
        (runs / "peeked" / "run.json").write_text(json.dumps(record))
        said = self.refused(LeakageError, runs, speech_store, *pair)
        assert said.startswith(f"{pair[0]} selected its epoch on its test clips")

    def test_a_member_whose_model_is_not_installed(self, made, tmp_path):
        shutil.copytree(made.folder_of(made.fold_names[0]), tmp_path / "fold")
        facts = {"members": ["oracle"], "mean": "geometric"}
        (tmp_path / "fold" / FACTS).write_text(json.dumps(facts))
        with pytest.raises(RunError, match="is of the model 'oracle', which is not installed here"):
            load(tmp_path / "fold")


def stack(runs, names, store):
    pair = (names["logreg-luna5"], names["majority-luna5"])
    return combine(runs, store, *pair, values={"how": "stacking", "inner": "2"})


@pytest.fixture(scope="module")
def stacked(runs, names, speech_store):
    return stack(runs, names, speech_store)


class TestStacking:
    """Runs count by what models like them predict for speakers left out of inner folds."""

    def test_answers_with_the_members_weighted(self, stacked, runs, names):
        members = [serkit.show(names[n], runs=runs) for n in ("logreg-luna5", "majority-luna5")]
        entry = stacked.record["fold_scores"][0]
        weights = [entry["chosen"][f"weight_{number}"] for number in (1, 2)]
        mine = [each.predictions[each.predictions["fold"] == entry["fold"]] for each in members]
        expected = pool([each.filter(like="p_").to_numpy() for each in mine], weights)
        found = stacked.predictions[stacked.predictions["fold"] == entry["fold"]]
        np.testing.assert_allclose(found.filter(like="p_").to_numpy(), expected, atol=1e-9)

    def test_a_model_that_knows_nothing_does_not_change_the_order(self, stacked, runs, names):
        alone = serkit.show(names["logreg-luna5"], runs=runs)
        assert stacked.uar == pytest.approx(alone.uar, abs=0.02)
        assert all(each["chosen"]["weight_1"] > 0.1 for each in stacked.record["fold_scores"])

    @pytest.mark.parametrize(("side", "has_a_say"), [("test", False), ("train", True)])
    def test_no_test_clip_has_a_say_in_the_weights(
        self, stacked, runs, names, speech_store, monkeypatch, side, has_a_say
    ):
        split = json.loads((stacked.path / "split.json").read_text())
        spoiled, read = set(split["folds"][0][side]), serkit.FeatureStore._read

        def spoil(self, state, feature, clip_ids, *how):
            batch = read(self, state, feature, clip_ids, *how)
            for position, clip_id in enumerate(clip_ids):
                if clip_id in spoiled:
                    batch.X[position] = np.random.default_rng(position).normal(size=1362) * 1e3
            return batch

        monkeypatch.setattr(serkit.FeatureStore, "_read", spoil)
        other = stack(runs, names, speech_store)
        before, after = (run.record["fold_scores"][0]["chosen"] for run in (stacked, other))
        assert (before != after) == has_a_say

    def test_each_run_is_fitted_on_inner_folds_with_its_own_seed(
        self, runs, names, speech_store, monkeypatch
    ):
        seeds, real = [], stacking.out_of_fold
        monkeypatch.setattr(
            stacking,
            "out_of_fold",
            lambda *args: seeds.append(args[-1].seed) or real(*args),
        )
        shutil.copytree(runs / names["logreg-luna5"], runs / "seed-7")
        record = json.loads((runs / "seed-7" / "run.json").read_text())
        (runs / "seed-7" / "run.json").write_text(json.dumps(record | {"run": "seed-7", "seed": 7}))
        pair = (names["majority-luna5"], "seed-7")
        combine(runs, speech_store, *pair, values={"how": "stacking", "inner": "2"})
        assert seeds[:2] == [0, 7]

    def test_it_is_the_same_once_saved_and_loaded(self, stacked):
        first = stacked.record["fold_scores"][0]
        loaded = load(stacked.folder_of(first["fold"]))
        assert loaded.chosen == first["chosen"]

    def test_runs_fitted_on_other_copies_are_refused(self, runs, names, speech_store):
        shutil.copytree(runs / names["logreg-luna5"], runs / "in-voices")
        record = json.loads((runs / "in-voices" / "run.json").read_text())
        record["run"], record["values"]["copies"] = "in-voices", "speed090"
        (runs / "in-voices" / "run.json").write_text(json.dumps(record))
        pair = ("in-voices", names["majority-luna5"])
        with pytest.raises(UsageError) as caught:
            combine(runs, speech_store, *pair, values={"how": "stacking"})
        assert str(caught.value) == (
            f"stacking fits the runs anew, and they were fitted on other copies (in-voices: "
            f"speed090, {pair[1]}: none); use runs with the same copies, or --set how=averaging"
        )

    def test_an_ensemble_is_named_by_its_runs(self, made, runs, names, speech_store):
        with pytest.raises(UsageError, match="is made of other runs, and cannot be fitted on"):
            combine(
                runs, speech_store, made.name, names["logreg-luna5"], values={"how": "stacking"}
            )

    def test_the_better_model_gets_the_greater_weight(self):
        labels = np.tile(np.arange(4), 50)
        random = np.random.default_rng(0)
        good, poor = (
            np.eye(4)[np.where(random.random(200) < share, labels, random.integers(4, size=200))]
            for share in (0.8, 0.2)
        )
        first, second = pooling_weights([good * 0.8 + 0.05, poor * 0.8 + 0.05], labels)
        assert first > 2 * second >= 0

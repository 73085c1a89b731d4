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
from serkit.models.ensemble import FACTS, average, load
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

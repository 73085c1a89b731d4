"""Runs on disk: what is finished, what is damaged, and how one is found."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from runkit import make_run, make_unfinished
from serkit.corpora.ravdess import EMOTIONS
from serkit.errors import NotFoundError, RunError, UnknownNameError, UsageError
from serkit.results.finding import find_run, list_runs
from serkit.results.folder import RECORD
from serkit.results.run import read_run


@pytest.fixture
def folder(tmp_path):
    runs = tmp_path / "runs"
    make_run(runs, "logreg-luna5-1", created="2026-01-02T00:00:00+00:00")
    make_run(runs, "logreg-loso-2", created="2026-01-03T00:00:00+00:00")
    make_run(runs, "svm-luna5-3", created="2026-01-01T00:00:00+00:00")
    return runs


class TestReadRun:
    def test_what_its_record_says(self, folder):
        run = read_run(folder / "svm-luna5-3")
        assert (run.name, run.model, run.protocol) == ("svm-luna5-3", "svm", "luna5")
        assert run.to_json() == json.loads((run.path / RECORD).read_text())
        assert (run.uar, run.accuracy) == (run.record["uar"], run.record["accuracy"])
        assert repr(run) == f"Run('svm-luna5-3', uar={run.uar:.3f})"

    def test_predictions_are_a_frame_by_clip(self, folder):
        frame = read_run(folder / "svm-luna5-3").predictions
        assert frame.index.name == "clip_id"
        assert frame.index.is_unique
        assert list(frame.columns[:9]) == [
            *("fold", "speaker", "actor", "sex", "intensity"),
            *("true", "predicted", "true_id", "predicted_id"),
        ]
        assert list(frame.columns[9:]) == [f"p_{emotion}" for emotion in EMOTIONS]

    def test_without_a_record_it_is_not_finished(self, tmp_path):
        path = make_unfinished(tmp_path, "half")
        with pytest.raises(RunError) as caught:
            read_run(path)
        assert str(caught.value) == (
            f"the run half is not finished; resume with 'serkit train --resume {path}'"
        )

    @pytest.mark.parametrize("key", ["uar", "corpus_digest", "notes", "given"])
    def test_a_record_that_lacks_something_is_damaged(self, folder, key):
        path = folder / "svm-luna5-3" / RECORD
        record = json.loads(path.read_text())
        del record[key]
        path.write_text(json.dumps(record))
        with pytest.raises(RunError) as caught:
            read_run(path.parent)
        assert str(caught.value) == (
            f"{path} is damaged (it lacks {key!r}); 'serkit train --resume {path.parent}' writes "
            "it again from the folds that are whole"
        )

    def test_a_damaged_record_has_to_be_trained_again(self, folder):
        path = folder / "svm-luna5-3" / RECORD
        (path.parent / "config.json").unlink()
        path.write_text("{")
        with pytest.raises(RunError, match=r"; train it again$"):
            read_run(path.parent)

    @pytest.mark.parametrize("data", [b"", b"PAR1", None])
    def test_damaged_predictions_are_named(self, folder, data):
        run = read_run(folder / "svm-luna5-3")
        path = run.path / "predictions.parquet"
        path.unlink() if data is None else path.write_bytes(data)
        with pytest.raises(RunError) as caught:
            _ = run.predictions
        assert str(caught.value).startswith(f"{path} is damaged (")
        assert str(caught.value).endswith("); train it again")

    @pytest.mark.parametrize("text", ["", "{", "[1]", "{}", '{"run": "x"}', "\xff"])
    def test_a_record_without_a_result_is_damaged(self, folder, text):
        path = folder / "svm-luna5-3" / RECORD
        path.write_bytes(text.encode("latin-1"))
        with pytest.raises(RunError) as caught:
            read_run(path.parent)
        assert str(caught.value).startswith(f"{path} is damaged (")
        assert str(caught.value).endswith(" writes it again from the folds that are whole")


class TestListRuns:
    def test_finished_runs_come_by_name_and_the_rest_with_its_reason(self, folder):
        make_unfinished(folder, "half")
        (folder / "svm-luna5-3" / RECORD).write_text("{")
        runs, problems = list_runs(folder)
        assert [run.name for run in runs] == ["logreg-loso-2", "logreg-luna5-1"]
        assert problems[0] == (
            f"the run half is not finished; resume with 'serkit train --resume {folder / 'half'}'"
        )
        assert problems[1].startswith(f"{folder / 'svm-luna5-3' / RECORD} is damaged (")

    def test_other_files_and_folders_are_passed_over(self, folder):
        (folder / "notes.txt").write_text("x")
        (folder / "plots").mkdir()
        assert len(list_runs(folder)[0]) == 3
        assert list_runs(folder)[1] == []

    def test_a_missing_folder(self, tmp_path):
        with pytest.raises(NotFoundError) as caught:
            list_runs(tmp_path / "nope")
        assert str(caught.value) == (
            f"no runs in {tmp_path / 'nope'}: there is no such folder; make one with "
            "'serkit train MODEL' or name another with --runs DIR"
        )


class TestFindRun:
    def test_by_name(self, folder):
        assert find_run(folder, "logreg-loso-2").name == "logreg-loso-2"

    def test_by_the_beginning_of_its_name(self, folder):
        assert find_run(folder, "svm").name == "svm-luna5-3"

    def test_by_its_path_wherever_it_is(self, folder, tmp_path):
        assert find_run(tmp_path / "nope", str(folder / "svm-luna5-3")).name == "svm-luna5-3"

    def test_the_last_one_is_the_newest(self, folder):
        assert find_run(folder, "last").name == "logreg-loso-2"

    def test_a_name_goes_before_longer_names_that_begin_so(self, folder):
        make_run(folder, "svm-luna5-33")
        assert find_run(folder, "svm-luna5-3").name == "svm-luna5-3"

    def test_a_beginning_of_several_is_ambiguous(self, folder):
        with pytest.raises(UsageError) as caught:
            find_run(folder, "logreg")
        assert str(caught.value) == (
            "2 runs begin with 'logreg': logreg-loso-2, logreg-luna5-1; type more of the name"
        )

    def test_an_unknown_name_suggests_the_closest(self, folder):
        with pytest.raises(UnknownNameError) as caught:
            find_run(folder, "svn-luna5-3")
        assert str(caught.value).startswith("unknown run 'svn-luna5-3': did you mean 'svm-luna5-3'")
        assert str(caught.value).endswith("; see 'serkit compare'")

    @pytest.mark.parametrize("name", ["last", "hal"])
    def test_only_unfinished_matches_are_an_error(self, tmp_path, name):
        make_unfinished(tmp_path, "half")
        with pytest.raises(
            RunError, match="the run half is not finished; resume with 'serkit train"
        ):
            find_run(tmp_path, name)

    def test_an_unfinished_run_by_name_is_an_error(self, folder):
        make_unfinished(folder, "half")
        with pytest.raises(
            RunError, match="the run half is not finished; resume with 'serkit train"
        ):
            find_run(folder, "half")

    def test_without_runs_there_is_no_last_one(self, tmp_path):
        with pytest.raises(UnknownNameError) as caught:
            find_run(tmp_path, "last")
        assert str(caught.value) == "unknown run 'last'; there are: none; see 'serkit compare'"


class TestModels:
    def test_each_fold_s_model_reproduces_its_predictions(self, speech_store, speech_runs):
        from serkit import FeatureStore
        from serkit.models import ClipData

        run = find_run(speech_runs, "logreg-luna5")
        store = FeatureStore(speech_store)
        for name in ("1", "5"):
            frame = run.predictions.query(f"fold == '{name}'")
            found = run.model_of(name).predict(ClipData.of(store, frame.index))
            assert np.allclose(found, frame[[f"p_{e}" for e in EMOTIONS]], atol=1e-9)

    def test_an_unknown_fold_lists_the_known_ones(self, speech_runs):
        with pytest.raises(UnknownNameError) as caught:
            find_run(speech_runs, "majority").model_of("9")
        assert str(caught.value) == "unknown fold '9'; there are: 1, 2, 5"

    @pytest.fixture
    def copy(self, speech_runs, tmp_path):
        source = find_run(speech_runs, "logreg-luna5").path
        return read_run(shutil.copytree(source, tmp_path / "runs" / source.name))

    @pytest.mark.parametrize(
        ("data", "why"),
        [
            (b"", "cannot be read: "),
            (b"rubbish", "cannot be read: "),
            (b"{}", "lacks the entry 'chosen'; "),
            (None, "is missing; "),
        ],
    )
    def test_damaged_facts_are_reported_with_their_file(self, copy, data, why):
        path = copy.path / "fold-1" / "model.json"
        path.unlink() if data is None else path.write_bytes(data)
        with pytest.raises(RunError) as caught:
            copy.model_of("1")
        assert str(caught.value).startswith(f"{path} {why}")
        assert str(caught.value).endswith("; train the run again")

    @pytest.mark.parametrize("data", [b"", b"rubbish", b"{}", None])
    def test_a_damaged_run_is_reported(self, copy, data):
        path = copy.path / "fold-1" / "model.skops"
        path.unlink() if data is None else path.write_bytes(data)
        with pytest.raises(RunError) as caught:
            copy.model_of("1")
        assert str(caught.value).startswith(f"the model in {path.parent} is damaged (")
        assert str(caught.value).endswith("); train it again")

    @pytest.mark.parametrize(
        "folder", ["../other/fold-1", "fold-1/../..", "/etc", "C:\\runs", "..\\fold-1", "C:x"]
    )
    def test_a_folder_outside_the_run_is_not_loaded_from(self, copy, folder):
        entries = [{**entry, "folder": folder} for entry in copy.record["fold_scores"]]
        (copy.path / RECORD).write_text(json.dumps({**copy.record, "fold_scores": entries}))
        with pytest.raises(RunError) as caught:
            read_run(copy.path).model_of("1")
        assert str(caught.value) == (
            f"{copy.path / RECORD} names the folder {folder!r}, which is outside the run"
        )

    @pytest.mark.parametrize("entries", [[{}], ["1"], None])
    def test_a_record_that_names_no_folders_is_damaged(self, copy, entries):
        (copy.path / RECORD).write_text(json.dumps({**copy.record, "fold_scores": entries}))
        with pytest.raises(RunError, match="is damaged"):
            read_run(copy.path).model_of("1")

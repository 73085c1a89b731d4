"""The selection budget of a run: what is counted as a setting, and what as a look at test clips."""

from __future__ import annotations

import json
from pathlib import Path

from serkit.experiments.selection import selection_of
from serkit.models import TRAINERS
from serkit.results.finding import find_run
from serkit.results.folder import CONFIG, RECORD

CONFIG_OF_A_RUN = {
    "run": "now",
    "model": "svm",
    "corpus_digest": "c",
    "split_digest": "s",
    "values": {"C": 1.0},
    "feature_fingerprints": {"functionals": "f"},
}


def finish(runs: Path, name: str, **otherwise) -> None:
    folder = runs / name
    folder.mkdir(parents=True)
    (folder / CONFIG).write_text(json.dumps({**CONFIG_OF_A_RUN, "run": name, **otherwise}))
    (folder / RECORD).write_text("{}")


def test_the_first_run_is_the_first_look(tmp_path):
    assert selection_of(CONFIG_OF_A_RUN, "inner folds", tmp_path / "none") == {
        "preset_selected_on": "inner folds",
        "configurations": 1,
        "test_looks": 1,
    }


def test_other_settings_are_configurations_and_seeds_are_looks(tmp_path):
    finish(tmp_path, "seed", seed=1)
    finish(tmp_path, "other", values={"C": 2.0})
    finish(tmp_path, "recipe", feature_fingerprints={"functionals": "g"})
    found = selection_of(CONFIG_OF_A_RUN, "", tmp_path)
    assert (found["configurations"], found["test_looks"]) == (3, 4)


def test_other_models_clips_and_splits_are_no_looks(tmp_path):
    finish(tmp_path, "model", model="logreg")
    finish(tmp_path, "corpus", corpus_digest="d")
    finish(tmp_path, "split", split_digest="t")
    assert selection_of(CONFIG_OF_A_RUN, "", tmp_path)["test_looks"] == 1


def test_unfinished_and_damaged_runs_are_passed_over(tmp_path):
    finish(tmp_path, "unfinished")
    (tmp_path / "unfinished" / RECORD).unlink()
    finish(tmp_path, "damaged")
    (tmp_path / "damaged" / CONFIG).write_text("[]")
    assert selection_of(CONFIG_OF_A_RUN, "", tmp_path)["test_looks"] == 1


def test_every_chosen_preset_says_what_it_was_chosen_on():
    unchosen = {("majority", "best"), ("majority", "notebook"), ("ensemble", "best")}
    unchosen |= {("probe", "best"), ("wav2vec2", "best")}  # as published, or never tried
    unchosen |= {("logreg", "compare2016"), ("shortcut", "best")}  # usual settings, tuned nowhere
    unchosen.add(("estimator", "best"))  # whoever hands it over has chosen
    for name in TRAINERS.names():
        for preset, each in TRAINERS.get(name).presets.items():
            said = bool(each.selected_on)
            assert said is ((name, preset) not in unchosen), (name, preset)


def test_a_run_records_it(speech_runs):
    record = find_run(speech_runs, "logreg-luna5").record
    assert record["selection"] == {
        "preset_selected_on": "luna5 inner folds of 20 actors of ravdess",
        "configurations": 1,
        "test_looks": 1,
    }
    assert [fold["settings_tried"] for fold in record["fold_scores"]] == [1, 1, 1]

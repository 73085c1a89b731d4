"""``serkit.stress`` on synthetic speech: who answers, what is kept, what is computed again."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

import serkit
from serkit.dsp.channel import offset
from serkit.dsp.signal import Signal
from serkit.errors import (
    NotFoundError,
    RunError,
    StoreLockedError,
    UnknownNameError,
    UsageError,
)
from serkit.evaluation.metrics import uar
from serkit.experiments.stress.babble import babble_file, halves
from serkit.experiments.stress.conditions import CONDITIONS, GROUPS, chosen
from serkit.experiments.stress.perturb import Perturbations
from serkit.features import Recipes
from serkit.features.voices import copy_name, in_voice, settle_voice
from serkit.models import TRAINERS, ClipData
from serkit.results.stress import read_stress
from serkit.storage.lock import writer_lock
from serkit.testing import example_signal

ONLY = ["white-0", "babble-20"]


@pytest.fixture(scope="module")
def stressed(speech_runs, speech_store, tmp_path_factory):
    """Two conditions of a run that is a copy, its table, and the cache that they made."""
    folder = tmp_path_factory.mktemp("stress")
    original = next(run for run in speech_runs.iterdir() if run.name.startswith("logreg-luna5"))
    run = folder / "runs" / original.name
    shutil.copytree(original, run)
    cache, steps = folder / "cache", []
    table = serkit.stress(
        str(run),
        only=ONLY,
        store=speech_store,
        cache=cache,
        workers=1,
        progress=lambda *step: steps.append(step),
    )
    return run, table, cache, steps


def test_clean_clips_are_answered_as_when_the_run_was_tested(stressed):
    run, table, _, _ = stressed
    assert table.uar == pytest.approx(serkit.show(str(run)).uar)
    assert table.notes == ()


def test_every_condition_has_a_row_of_all_clips_with_intervals(stressed):
    _, table, _, _ = stressed
    assert [row.condition for row in table.rows] == ONLY
    for row in table.rows:
        assert (row.clips, row.unread) == (96, 0)
        assert row.uar_low <= row.uar <= row.uar_high
        assert row.change_low <= row.change <= row.change_high
        assert row.change == pytest.approx(row.uar - table.uar)


def test_noise_as_loud_as_the_speech_takes_away_what_was_known(stressed):
    _, table, _, _ = stressed
    assert table["white-0"].falls
    assert table["white-0"].recording["snr"].middle < 10 < table.recording["snr"].middle


class WhiteNoise:
    """The cache, whose functionals are those of clips in white noise."""

    def __init__(self, cache):
        self._cache = serkit.FeatureStore(cache)
        self.labels, self.state = self._cache.labels, self._cache.state

    def read(self, _feature, clip_ids, **options):
        return self._cache.read("functionals-white-0", clip_ids, **options)


def test_each_clip_is_predicted_by_the_fold_that_tested_its_speaker(stressed):
    run, table, cache, _ = stressed
    found, source = serkit.show(str(run)), WhiteNoise(cache)
    answers = found.predictions["predicted_id"].copy()
    for fold in found.fold_names:
        ids = answers.index[found.predictions["fold"] == fold]
        answers[ids] = found.model_of(fold).predict(ClipData.of(source, ids)).argmax(axis=1)
    true = found.predictions["true_id"]
    assert table["white-0"].uar == uar(true.to_numpy(), answers.to_numpy(), n_classes=8)


def test_progress_names_both_stages(stressed):
    steps = stressed[3]
    assert {what for _, _, what in steps} == {"perturbing", "predicting"}
    assert all(0 <= done <= total for done, total, _ in steps)


def test_the_table_is_kept_beside_the_run_and_shown_with_it(stressed):
    run, table, _, _ = stressed
    assert read_stress(run) == table
    assert serkit.show(str(run)).stress == table
    assert serkit.show(str(run)).to_json()["stress"]["rows"][0]["condition"] == "white-0"


def test_a_second_time_computes_nothing_and_says_the_same(stressed, speech_store, monkeypatch):
    run, table, cache, _ = stressed
    monkeypatch.setattr("serkit.features.compute.in_voice", None)
    given = {"store": speech_store, "cache": cache, "workers": 1}
    assert serkit.stress(str(run), only=ONLY, **given) == table
    some = serkit.stress(str(run), only=["white-0"], clips=16, **given)
    assert (some.clips, some.speakers) == (16, 6)
    assert some.notes == ("only 16 of 96 test clips",)
    assert read_stress(run) == table  # a quick look is not kept
    again = serkit.stress(str(run), only=["babble-20"], **given)
    assert {row.condition for row in again.rows} == set(ONLY)


def test_babble_is_made_of_other_speakers_and_reproducible(stressed, speech_store, tmp_path):
    _, _, cache, _ = stressed
    made = sorted(cache.parent.glob("cache-babble-*.wav"))
    assert len(made) == 2
    clips = list(serkit.FeatureStore(speech_store).state.clips.values())
    one, two = halves(clip.speaker for clip in clips)
    assert one
    assert two
    assert not one & two
    again = babble_file([c for c in clips if c.speaker in one], tmp_path / "cache", lambda _: 0)
    assert again.name in [path.name for path in made]
    assert again.read_bytes() == (cache.parent / again.name).read_bytes()


def test_conditions_have_names_of_their_own_and_voices_that_recipes_may_name():
    assert len({condition.name for condition in CONDITIONS}) == len(CONDITIONS)
    for condition in CONDITIONS:
        if not condition.babble:
            assert settle_voice("x", condition.voice)
    assert [c.name for c in chosen(["codec,mu-law", "16khz"])] == [
        *("16khz", "mu-law", "mp3-96", "mp3-32", "opus-24", "opus-12")
    ]
    assert chosen() == CONDITIONS


def test_noise_is_white_pink_and_babble():
    assert chosen(["noise"]) == chosen(["white", "pink", "babble"])
    assert len(chosen(["noise"])) == 12


SCENE = {"speed", "room", "white", "red", "murmur", "gain", "low_cut", "high_cut"}
"""What a drawn scene may do to a clip; tests/dsp/test_scenes.py has how often."""


@pytest.mark.parametrize("model", ["logreg", "svm", "ffnn", "cnn", "lstm"])
def test_robust_models_are_tested_with_kinds_of_noise_that_they_were_not_trained_with(model):
    settled = (trainer := TRAINERS.get(model)).settle("robust", {})
    copies = [copy_name(trainer.features(settled)[0], voice) for voice in trainer.voices(settled)]
    trained = {change for copy in copies for change in Recipes().get(copy).voice}
    trained |= SCENE if "scene" in trained else set()
    tested = {change for condition in CONDITIONS for change in condition.voice}
    assert trained >= {"white", "murmur"}
    assert tested - trained >= {"pink", "background", "codec", "mu_law"}


@pytest.mark.parametrize("model", ["logreg", "svm", "ffnn"])
def test_a_constant_changes_nothing_that_robust_models_on_functionals_read(model):
    settled = (trainer := TRAINERS.get(model)).settle("robust", {})
    clip = Signal(example_signal(24_000))
    moved = Signal(offset(clip.samples, 0.02))
    for feature in trainer.features(settled):
        spec = Recipes().get(feature)
        heard, again = (in_voice(signal, spec.voice).samples for signal in (clip, moved))
        assert np.array_equal(heard, again)


def test_a_cache_that_another_test_writes_to_is_waited_for_and_named(stressed, speech_store):
    run, _, cache, _ = stressed
    with writer_lock(cache), pytest.raises(StoreLockedError, match=r"cache is locked: .*--wait"):
        serkit.stress(str(run), only=ONLY, store=speech_store, cache=cache, workers=1, wait=0.1)


def test_unknown_conditions_are_refused_with_the_groups():
    with pytest.raises(UnknownNameError) as caught:
        serkit.stress("last", only=["whit"])
    assert "unknown stress condition 'whit'" in str(caught.value)
    assert f"groups are: {', '.join(GROUPS)}" in str(caught.value)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("nois", "noise"), ("white20", "white-20"), ("WHITE", "white"), ("mp3", "mp3-32")],
)
def test_unknown_conditions_are_refused_with_the_nearest(typed, meant):
    with pytest.raises(UnknownNameError, match=f"did you mean .*{meant!r}"):
        chosen([typed])


def test_runs_that_cannot_be_stressed_are_refused(stressed, tmp_path, make_corpus):
    run, _, cache, _ = stressed
    with pytest.raises(UsageError, match="clips = 0"):
        serkit.stress(str(run), clips=0)
    other = tmp_path / "other"
    corpus = make_corpus(8)
    serkit.extract(corpus, store=other, features=["functionals"], workers=1)
    with pytest.raises(RunError, match=r"tested \d+ clips that .* does not hold"):
        serkit.stress(str(run), store=other, cache=cache)
    found = serkit.show(str(run))
    gone = sorted(corpus.rglob("*.wav"))[0]
    gone.unlink()
    asked = Perturbations(
        serkit.FeatureStore(other), tmp_path / "none", found.saved_models.specs, chosen(["16khz"])
    )
    with pytest.raises(NotFoundError, match=rf"{gone.name} is not in .* any more"):
        asked.compute([gone.stem])

"""Temperatures and conformal sets, fitted on speakers that no model was trained on."""

from __future__ import annotations

import numpy as np
import pytest

import serkit
from serkit.errors import RunError, UsageError
from serkit.prediction.calibration import calibrate, fit_temperature, tempered
from serkit.results.finding import find_run

RANDOM = np.random.default_rng(0)


def simulated(speakers=24, clips=40, temperature=1.0, folds=6, skill=2.0):
    """Return answers whose probabilities are right at temperature 1, sharpened by another."""
    speaker = np.repeat(np.arange(speakers), clips)
    ease = np.repeat(RANDOM.normal(skill, 0.5, speakers), clips)  # some are easier than others
    truth = RANDOM.integers(0, 8, len(speaker))
    logits = RANDOM.normal(size=(len(speaker), 8))
    logits[np.arange(len(speaker)), truth] += ease
    probabilities = tempered(np.exp(logits) / np.exp(logits).sum(1, keepdims=True), temperature)
    return probabilities, truth, speaker, speaker % folds


def test_the_temperature_that_spoiled_answers_is_found():
    right, truth, *_ = simulated()
    for spoiled in (0.5, 2.0):
        found = fit_temperature(tempered(right, spoiled), truth)
        assert found == pytest.approx(fit_temperature(right, truth) / spoiled, rel=0.02)


def test_the_most_probable_emotion_stays():
    values, *_ = simulated(clips=2)
    assert np.array_equal(tempered(values, 3.0).argmax(1), values.argmax(1))
    assert tempered(values, 3.0).sum(1) == pytest.approx(1)


@pytest.mark.parametrize("level", [0.7, 0.9])
def test_sets_hold_the_truth_as_often_as_promised_for_new_speakers(level):
    coverage = []
    for _ in range(20):
        values, truth, speaker, fold = simulated()
        known, new = speaker < 20, speaker >= 20
        found = calibrate(values[known], truth[known], speaker[known], fold[known], level=level)
        sets = [found.members(found.apply(each)) for each in values[new]]
        coverage.append(np.mean([t in s for t, s in zip(truth[new], sets, strict=True)]))
        assert found.coverage == pytest.approx(level, abs=0.12)
        assert found.speakers == 20
    assert np.mean(coverage) >= level - 0.01
    assert np.mean(coverage) <= level + 0.08


def test_the_most_probable_emotion_is_always_in_its_set():
    found = calibrate(*simulated(skill=6.0), level=0.5)
    assert len(found.members([0.13] + [0.87 / 7] * 7)) >= 1


@pytest.mark.parametrize("level", [0.4, 1.0, 2.0, float("nan")])
def test_levels_that_are_none(level):
    with pytest.raises(UsageError, match=r"0\.5 to below 1 is, such as 0\.9"):
        calibrate(*simulated(clips=2), level=level)


def test_speakers_may_be_too_few():
    with pytest.raises(RunError) as caught:
        calibrate(*simulated(speakers=4, folds=2), level=0.9)
    assert str(caught.value) == "4 speakers are too few for sets at 90 %; up to 80 % is possible"


class TestRuns:
    def test_answers_get_candidates(self, speech_runs, speech):
        run = find_run(speech_runs, "logreg-luna5")
        path = next(speech.rglob("*.wav"))
        plain = serkit.predict(run, path)
        found = serkit.predict(run, path, abstain=0.7)
        (row,), (before,) = found.predicted, plain.predicted
        assert row.candidates[0] == row.emotion == before.emotion
        assert found.to_json()[0]["candidates"] == list(row.candidates)
        assert "candidates" not in plain.to_json()[0]
        assert any(w.startswith("sets at 70 %: for new speakers ") for w in found.warnings)
        assert {"candidates", "abstained"} <= set(found.to_pandas().columns)

    def test_a_temperature_alone(self, speech_runs, speech):
        run = find_run(speech_runs, "logreg-luna5")
        (row,) = serkit.predict(run, next(speech.rglob("*.wav")), calibrated=True).predicted
        assert row.candidates is None
        assert sum(row.probabilities.values()) == pytest.approx(1)

    def test_speakers_that_the_models_know_teach_nothing(self, speech_runs):
        run = find_run(speech_runs, "logreg-random5")
        with pytest.raises(
            RunError, match="was tested on speakers that its models were trained on"
        ):
            run.calibration(0.9)

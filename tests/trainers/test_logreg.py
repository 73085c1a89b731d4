"""Logistic regression: with a given C, probabilities are calibrated where that is asked for."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss

from serkit import FeatureStore
from serkit.models import TRAINERS, ClipData, FitContext, FoldData, TrainingClips

LOGREG = TRAINERS.get("logreg")


@pytest.fixture(scope="module")
def store(speech_store) -> FeatureStore:
    return FeatureStore(speech_store)


def ids_of(store: FeatureStore, *actors: int) -> tuple[str, ...]:
    return tuple(store.clips[store.clips["actor"].isin(actors)].index)


def fitted(store: FeatureStore, *actors: int, **values: object):
    settled = LOGREG.settle("best", {"C": 3.0, **values})
    return LOGREG.fit(FoldData.of(store, ids_of(store, *actors)), settled, FitContext())


def test_calibration_changes_no_label_and_makes_probabilities_truer(store):
    plain, calibrated = (fitted(store, 1, 2, 3, calibrate=each) for each in (False, True))
    data = TrainingClips.of(store, ids_of(store, 5, 6))
    raw, true = (each.predict(data) for each in (plain, calibrated))
    assert np.array_equal(raw.argmax(axis=1), true.argmax(axis=1))
    losses = [log_loss(data.labels, each, labels=range(8)) for each in (raw, true)]
    assert losses[1] < losses[0]


def test_calibration_with_a_given_value_chooses_nothing(store):
    assert not fitted(store, 1, 2, 3, calibrate=True).chosen


def test_of_one_speaker_nothing_is_calibrated(store):
    model = fitted(store, 1, calibrate=True)
    plain = fitted(store, 1)
    data = ClipData.of(store, ids_of(store, 5))
    assert np.array_equal(model.predict(data), plain.predict(data))


def test_the_robust_preset_is_calibrated():
    assert LOGREG.presets["robust"].parameters.calibrate
    assert not LOGREG.presets["notebook"].parameters.calibrate  # the study's stays exact

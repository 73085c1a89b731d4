"""Recipes that name a change of voice: their identity, their errors, and what is extracted."""

from __future__ import annotations

import json

import numpy as np
import pytest

import serkit
from serkit.audio import read_audio
from serkit.dsp.disguise import change_speed
from serkit.dsp.functionals import functionals
from serkit.dsp.signal import Signal
from serkit.errors import UnknownNameError, UsageError
from serkit.features import EXTRACTORS, FeatureSpec, Recipes, resolve
from serkit.features.voices import in_voice
from serkit.testing import example_signal

MEL = EXTRACTORS.get("mel")


def mel(**voice):
    return resolve("mel128", MEL, {}, voice=voice)


def test_a_change_of_voice_is_part_of_the_identity():
    fingerprints = {mel(**voice).fingerprint for voice in ({}, {"speed": 0.9}, {"speed": 1.1})}
    assert len(fingerprints) == 3


def test_the_voice_as_recorded_has_the_identity_that_it_had_before_there_were_others():
    assert mel(speed=1, gain=0.0) == resolve("mel128", MEL, {})
    assert "voice" not in mel().to_json()


def test_a_spec_in_another_voice_survives_json():
    spec = mel(speed=0.9, noise=30)
    again = FeatureSpec.from_json(json.loads(json.dumps(spec.to_json())))
    assert (again, again.fingerprint) == (spec, spec.fingerprint)


def test_what_differs_is_said():
    assert list(mel().differences(mel(speed=0.9))) == [
        "voice speed as recorded -> 0.9",
        "voice version as recorded -> 1",
    ]
    assert list(mel(speed=1.1).differences(mel(speed=0.9))) == ["voice speed 1.1 -> 0.9"]


@pytest.mark.parametrize("name", ["functionals", "tracks40"])
def test_the_shipped_copies_differ_from_their_feature_in_the_voice_alone(name):
    plain = Recipes().get(name)
    for suffix, speed in (("speed090", 0.9), ("speed110", 1.1)):
        copy = Recipes().get(f"{name}-{suffix}")
        assert copy.voice == {"speed": speed, "version": 1}
        assert (copy.extractor, copy.parameters) == (plain.extractor, plain.parameters)


def test_a_recipe_s_mistake_names_the_voice(tmp_path):
    (tmp_path / "bad.toml").write_text('extractor = "mel"\n[voice]\nspeeed = 0.9\n')
    with pytest.raises(UnknownNameError, match="unknown parameter of the voice of bad 'speeed'"):
        Recipes(tmp_path).get("bad")


@pytest.mark.parametrize(
    ("voice", "said"),
    [
        ({"speed": 0.1}, "speed = 0.1 is too small; 0.25 or more is allowed"),
        ({"formants": 3.0}, "formants = 3.0 is too large; 2 or less is allowed"),
        ({"gain": "loud"}, "gain = 'loud' is of the wrong type; a value such as 0.0 is allowed"),
    ],
)
def test_changes_out_of_range_are_refused(voice, said):
    with pytest.raises(UsageError) as caught:
        mel(**voice)
    assert str(caught.value) == said


def test_changes_come_one_after_the_other_and_leave_the_signal_alone():
    signal = Signal(example_signal(9_600))
    before = signal.samples.copy()
    spec = mel(speed=1.2, formants=1.1, gain=-6, noise=30)
    changed = in_voice(signal, spec.voice)
    assert len(changed.samples) == pytest.approx(8_000, abs=1)
    assert np.array_equal(signal.samples, before)
    assert in_voice(signal, {}) is signal


def test_extraction_computes_the_feature_of_the_changed_samples(make_corpus, tmp_path):
    corpus, names = make_corpus(1), ("functionals", "functionals-speed090")
    serkit.extract(corpus, store=tmp_path / "store", features=names, workers=1)
    store = serkit.FeatureStore(tmp_path / "store")
    plain, slow = (store.load(name).X[0] for name in names)
    samples = read_audio(next(corpus.rglob("*.wav"))).samples
    assert np.array_equal(plain, functionals(samples, 48_000))
    assert np.array_equal(slow, functionals(change_speed(samples, 0.9), 48_000))

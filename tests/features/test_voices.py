"""Recipes that name a change of voice: their identity, their errors, and what is extracted."""

from __future__ import annotations

import json

import numpy as np
import pytest

import serkit
from serkit.audio import read_audio, write_wav
from serkit.dsp.disguise import change_speed
from serkit.dsp.functionals import functionals
from serkit.dsp.signal import Signal
from serkit.errors import UsageError
from serkit.features import EXTRACTORS, FeatureSpec, Recipes, resolve, voices
from serkit.features.voices import VoiceParameters, copy_name, in_voice
from serkit.models import TRAINERS
from serkit.models.copies import SAME_VOICE
from serkit.parameters import names_in
from serkit.testing import example_signal

MEL = EXTRACTORS.get("mel")


def mel(**voice):
    return resolve("mel128", MEL, {}, voice=voice)


def test_a_change_of_voice_is_part_of_the_identity():
    fingerprints = {mel(**voice).fingerprint for voice in ({}, {"speed": 0.9}, {"speed": 1.1})}
    assert len(fingerprints) == 3


def test_the_voice_as_recorded_keeps_its_old_identity():
    assert mel(speed=1, gain=0.0) == resolve("mel128", MEL, {})
    assert "voice" not in mel().to_json()


def test_a_spec_in_another_voice_survives_json():
    spec = mel(speed=0.9, noise=30)
    again = FeatureSpec.from_json(json.loads(json.dumps(spec.to_json())))
    assert (again, again.fingerprint) == (spec, spec.fingerprint)


def test_differences_are_listed():
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


def test_copies_in_the_same_voice_change_tempo_or_pitch_and_leave_the_formants_in_place():
    for voice in names_in(SAME_VOICE):
        changed = VoiceParameters.from_json(Recipes().get(copy_name("functionals", voice)).voice)
        assert changed.speed == 1
        assert (changed.tempo != 1) != (changed.pitch != 1)
        assert changed.pitch * changed.formants == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("model", "preset"),
    [
        *((model, "robust") for model in ("logreg", "svm", "ffnn", "cnn", "lstm")),
        ("personal", "best"),
        ("personal", "voices"),
        ("aligned", "best"),
    ],
)
def test_presets_read_copies_whose_recipes_are_shipped(model, preset):
    trainer = TRAINERS.get(model)
    settled = trainer.settle(preset, {})
    for feature in trainer.features(settled):
        plain = Recipes().get(feature)
        for voice in trainer.voices(settled):
            copy = Recipes().get(copy_name(feature, voice))
            assert copy.voice
            assert (copy.extractor, copy.parameters) == (plain.extractor, plain.parameters)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("[voice]\nspeeed = 0.9", "unknown change of voice 'speeed': did you mean 'speed'"),
        ("[voice]\nspeed = 9.0", "speed = 9.0 is too large; 4 or less is allowed"),
        ("[parameters]\nn_mels = 0", "n_mels = 0 is too small; 1 or more is allowed"),
    ],
)
def test_a_recipe_s_mistake_names_its_file(tmp_path, table, said):
    path = tmp_path / "bad.toml"
    path.write_text(f'extractor = "mel"\n{table}\n')
    with pytest.raises(UsageError) as caught:
        Recipes(tmp_path).get("bad")
    assert str(caught.value).startswith(f"{path}: {said}")


@pytest.mark.parametrize(
    ("voice", "said"),
    [
        ({"speed": 0.1}, "speed = 0.1 is too small; 0.25 or more is allowed"),
        ({"formants": 3.0}, "formants = 3.0 is too large; 2 or less is allowed"),
        ({"gain": "loud"}, "gain = 'loud' has the wrong type; a value such as 0.0 is allowed"),
    ],
)
def test_changes_out_of_range_are_refused(voice, said):
    with pytest.raises(UsageError) as caught:
        mel(**voice)
    assert str(caught.value) == said


def test_changes_are_applied_in_order_and_do_not_modify_the_input():
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


@pytest.fixture
def cafe(tmp_path):
    path = tmp_path / "cafe.wav"
    write_wav(path, example_signal(30_000)[::-1].copy())
    return path


def test_a_background_is_known_by_its_samples_and_not_by_its_place(cafe, tmp_path):
    spec = mel(background=20, background_from=str(cafe))
    moved = cafe.rename(tmp_path / "bar.wav")
    again = mel(background=20, background_from=str(moved))
    assert spec.fingerprint == again.fingerprint
    assert again.options == {"background_from": str(moved)}
    write_wav(moved, example_signal(20_000))
    voices._background.cache_clear()
    assert mel(background=20, background_from=str(moved)).fingerprint != spec.fingerprint


def test_a_background_is_mixed_in(cafe):
    samples = example_signal(48_000)
    spec = mel(background=10, background_from=str(cafe))
    heard = in_voice(Signal(samples), spec.voice, spec.options).samples
    noise = heard.astype(float) - samples
    ratio = 10 * np.log10(np.mean(samples.astype(float) ** 2) / np.mean(noise**2))
    assert ratio == pytest.approx(10.0, abs=0.2)


@pytest.mark.parametrize(
    ("voice", "said"),
    [
        (
            {"background": 20.0},
            "the voice of mel128 names no file of a background; background = 20.0 and "
            "background_from = 'cafe.wav' together are allowed",
        ),
        (
            {"background_from": "cafe.wav"},
            "the voice of mel128 names only the file of a background; background = 20.0 and "
            "background_from = 'cafe.wav' together are allowed",
        ),
    ],
)
def test_a_background_needs_a_level_and_a_file(voice, said):
    with pytest.raises(UsageError) as caught:
        mel(**voice)
    assert str(caught.value) == said


def test_a_changed_background_is_refused(cafe):
    spec = mel(background=20, background_from=str(cafe))
    write_wav(cafe, example_signal(20_000))
    voices._background.cache_clear()
    with pytest.raises(UsageError, match="holds other samples than when the recipe was read"):
        in_voice(Signal(example_signal(9_600)), spec.voice, spec.options)


@pytest.mark.parametrize(
    "voice",
    [
        {"white": 0.0},
        {"pink": 0.0},
        {"murmur": 0.0},
        {"tempo": 1.1},
        {"pitch": 0.9},
        {"room": 0.3},
        {"overload": 12.0},
        {"offset": 0.02},
        {"low_cut": 300.0, "high_cut": 3_400.0},
        {"rate": 16_000},
        {"mu_law": True},
        {"codec": "opus-24"},
        {"before": 0.1},
    ],
)
def test_every_change_changes_the_samples(voice):
    signal = Signal(example_signal(24_000))
    changed = in_voice(signal, mel(**voice).voice)
    assert not np.array_equal(changed.samples, signal.samples)

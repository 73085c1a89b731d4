"""The shipped contract checks: they let good plug-ins through and say what is wrong with others."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

import cheats
from serkit import FeatureStore
from serkit.errors import FeatureError, UsageError
from serkit.evaluation.splits import PROTOCOLS, Split
from serkit.features import EXTRACTORS, Column, Values
from serkit.ingest.corpus import CORPORA
from serkit.models import TRAINERS, Preset
from serkit.parameters import Parameters, parameter
from serkit.testing import (
    ContractError,
    check_corpus,
    check_extractor,
    check_protocol,
    check_trainer,
    example_clips,
    example_signal,
)


def broken(check, *arguments, **options) -> str:
    with pytest.raises(ContractError) as caught:
        check(*arguments, **options)
    return str(caught.value)


def test_a_broken_contract_is_an_assertion_error_for_test_frameworks():
    assert issubclass(ContractError, AssertionError)


def test_no_test_framework_is_imported():
    code = "import sys, serkit.testing; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


class TestExamples:
    def test_the_clips_are_as_many_and_as_balanced_as_ravdess_s(self):
        clips = example_clips()
        assert len(clips) == len({c.clip_id for c in clips}) == 1440
        assert len({c.pcm_sha256 for c in clips}) == 1440
        assert {c.label for c in clips} == set(range(8))

    def test_the_signal_is_what_an_extractor_gets(self):
        assert (example_signal(500).dtype, example_signal(500).shape) == (np.int16, (500,))
        assert not np.array_equal(example_signal(500), example_signal(500, seed=1))


class NotADataclass(Parameters):
    block: int = parameter(5, "samples averaged at a time")


@dataclass(frozen=True)
class Undeclared(Parameters):
    block: int = 5


@dataclass(frozen=True)
class OtherType(Parameters):
    share: float = parameter(1, "share of clips")


@dataclass(frozen=True)
class Unexplained(Parameters):
    block: int = parameter(5, "")


@dataclass(frozen=True)
class OutOfRange(Parameters):
    block: int = parameter(0, "samples", minimum=1)


class TestCheckExtractor:
    GOOD = EXTRACTORS.get("change-deviation")

    def with_compute(self, compute):
        return replace(self.GOOD, compute=compute)

    def test_a_good_one_passes(self):
        check_extractor(self.GOOD)

    def test_its_metadata_are_checked(self):
        assert broken(check_extractor, replace(self.GOOD, summary="x")) == (
            "extractor change-deviation must say in one line of 6 to 79 characters what it is, "
            "not 'x'"
        )
        assert broken(check_extractor, replace(self.GOOD, version=0)) == (
            "extractor change-deviation has version 0, which is below 1"
        )

    @pytest.mark.parametrize(
        ("kind", "text"),
        [
            (
                dict,
                " has parameters <class 'dict'>, which is not a subclass of "
                "serkit.parameters.Parameters",
            ),
            (
                NotADataclass,
                ": its parameters are not declared well: TypeError: NotADataclass is no "
                "dataclass: it lacks @dataclass(frozen=True)",
            ),
            (
                Undeclared,
                ": its parameters are not declared well: TypeError: Undeclared.block is not "
                "declared by parameter(...)",
            ),
            (
                OtherType,
                ": its parameters are not declared well: TypeError: OtherType.share is annotated "
                "float, and its default 1 is of type int",
            ),
            (Unexplained, " does not explain its parameter 'block'"),
            (
                OutOfRange,
                ": the default of 'block' is not allowed: block = 0 is too small; "
                "1 or more is allowed",
            ),
        ],
    )
    def test_how_its_parameters_are_declared(self, kind, text):
        extractor = replace(self.GOOD, parameters=kind)
        assert broken(check_extractor, extractor) == f"extractor change-deviation{text}"

    def test_columns_that_are_not_described(self):
        assert broken(check_extractor, replace(self.GOOD, describe=lambda _: ())) == (
            "extractor change-deviation describes columns (), not ('change_deviation',)"
        )

    def test_an_array_s_rows_are_all_named_or_none(self):
        mel = EXTRACTORS.get("mel")
        assert broken(check_extractor, replace(mel, describe=lambda _: (Column("a", "b"),))) == (
            "extractor mel describes 1 rows of (128,)"
        )

    def test_values_of_another_shape(self):
        assert broken(check_extractor, self.with_compute(lambda *_: Values(np.zeros(2)))) == (
            "extractor change-deviation, from 48,000 samples: its values have shape (2,), not (1,)"
        )

    def test_refusing_an_ordinary_clip(self):
        def refuse(*_):
            raise FeatureError("no")

        assert broken(check_extractor, self.with_compute(refuse)) == (
            "extractor change-deviation refuses 48,000 samples: no"
        )

    def test_random_values(self):
        random = np.random.default_rng(0)
        text = broken(check_extractor, self.with_compute(lambda *_: Values(random.random(1))))
        assert text == (
            "extractor change-deviation gives other values when the signal was used before"
        )

    def test_changing_the_signal(self):
        def spoil(signal, parameters):
            signal.samples[:] = 0
            return self.GOOD.compute(signal, parameters)

        assert broken(check_extractor, self.with_compute(spoil)) == (
            "extractor change-deviation changes the signal that it is given"
        )

    def test_the_same_values_for_every_clip(self):
        assert broken(check_extractor, self.with_compute(lambda *_: Values(np.ones(1)))) == (
            "extractor change-deviation gives the same values for different clips"
        )

    def test_nan_from_a_very_short_clip(self):
        def short(signal, parameters):
            values = self.GOOD.compute(signal, parameters)
            return Values(values.array * np.nan) if len(signal.samples) < 10 else values

        assert broken(check_extractor, self.with_compute(short)) == (
            "extractor change-deviation, from 1 samples: its values are not all finite"
        )


@pytest.fixture(scope="module")
def store(speech_store: Path) -> FeatureStore:
    return FeatureStore(speech_store)


class TestCheckLongerClips:
    GOOD = EXTRACTORS.get("mel")

    def test_values_that_depend_on_the_padding(self):
        """A hop is 512 samples: padded by one more, frames fall elsewhere."""
        shifted = replace(self.GOOD, longer=lambda p, count: replace(p, pad_to=count + 1))
        assert broken(check_extractor, shifted) == (
            "extractor mel (made longer) gives other values from 4,800 samples"
        )

    def test_a_clip_that_does_not_fit_even_then(self):
        assert broken(check_extractor, replace(self.GOOD, longer=lambda p, _: p)) == (
            "extractor mel (made longer) refuses 400,000 samples: the clip has 400,000 samples and "
            "the recipe pads to 253,125; use a recipe with a larger pad_to, or with pad_to = 0"
        )


def spell_and_normalise(_kept, data, honest):
    return cheats.sure(np.array([int(i[-4:], 16) % 8 for i in data.clip_ids])) / 2 + honest / 2


class TestCheckTrainer:
    GOOD = TRAINERS.get("majority")

    def with_model(self, **otherwise):
        """Return a trainer whose model is a good one with some of its members replaced."""

        def disguise(model):
            members = {
                name: getattr(model, name) for name in ("predict", "save", "parameters", "chosen")
            }
            given = {
                name: (lambda *a, _f=value: _f(model, *a)) if callable(value) else value
                for name, value in otherwise.items()
            }
            return type("Model", (), members | given)

        def fit(*arguments):
            return disguise(self.GOOD.fit(*arguments))

        return replace(self.GOOD, fit=fit, load=lambda folder: disguise(self.GOOD.load(folder)))

    def test_a_good_one_passes(self, store):
        check_trainer(self.GOOD, store)
        check_trainer(self.with_model(), store)

    def test_no_preset_best(self, store):
        trainer = replace(self.GOOD, presets={"notebook": Preset("x", Parameters())})
        assert broken(check_trainer, trainer, store, preset="notebook") == (
            "trainer majority has no preset 'best'"
        )

    def test_a_preset_of_another_model(self, store):
        trainer = replace(self.GOOD, presets={"best": Preset("x", Unexplained())})
        assert broken(check_trainer, trainer, store) == (
            "trainer majority: its preset 'best' holds Unexplained, not Parameters"
        )

    @pytest.mark.parametrize(
        ("row", "text"),
        [
            ([1 / 7] * 7, " gives probabilities of shape (16, 7), not (n, 8)"),
            ([np.nan] * 8, " gives probabilities that are not finite"),
            ([1.0] * 8, ": its probabilities are 7 off a sum of 1"),
            ([2.0, -1.0, 0, 0, 0, 0, 0, 0], " gives negative probabilities"),
        ],
    )
    def test_invalid_probabilities(self, store, row, text):
        trainer = self.with_model(predict=lambda _, data: np.tile(row, (len(data), 1)))
        assert broken(check_trainer, trainer, store) == f"trainer majority{text}"

    def test_depending_on_the_other_clips(self, store):
        def predict(model, data):
            table = model.predict(data).copy()
            table[:, 0] += len(data)
            return table / table.sum(axis=1, keepdims=True)

        assert broken(check_trainer, self.with_model(predict=predict), store).startswith(
            "trainer majority predicts a clip differently when it is alone (probabilities differ"
        )

    def test_labels_of_what_it_predicts(self, store):
        assert broken(check_trainer, cheats.LABELS_BY_ASKING, store) == (
            "a model of trainer majority cannot predict: 'labels' of these clips is hidden from "
            "models; only the clips of a training side have labels"
        )

    def test_labels_by_the_store(self, store):
        assert broken(check_trainer, cheats.LABELS_BY_STORE, store) == (
            "trainer majority cannot be fitted: 'store' of these clips is hidden from models; "
            "data.read(feature) and data.matrix(features) read these clips"
        )

    def test_labels_by_ids(self, store):
        """Ids are opaque; whoever makes anything of them is found out where they are others."""

        def spell(_kept, data, _honest):
            return cheats.sure(np.array([int(i[-4:], 16) % 8 for i in data.clip_ids]))

        check_trainer(cheats.LABELS_BY_IDS, store)  # it finds nothing to read, and stays honest
        assert broken(check_trainer, cheats.cheating(spell), store).startswith(
            "trainer majority predicts differently if the clips have other ids (probabilities"
        )

    def test_normalising_by_the_speaker_s_other_clips(self, store):
        assert broken(check_trainer, cheats.SPEAKER_NORMALISATION, store).startswith(
            "trainer majority predicts a clip differently when it is alone (probabilities differ"
        )
        with pytest.raises(ContractError, match="other ids"):  # and nothing else is forgiven
            check_trainer(replace(cheats.cheating(spell_and_normalise), transductive=True), store)
        check_trainer(replace(cheats.SPEAKER_NORMALISATION, transductive=True), store)

    def test_labels_by_order(self, store):
        def by_order(_kept, data, _honest):
            turned = np.zeros(len(data), np.int64)
            turned[-1] = len(data) > 1
            return cheats.sure(turned)

        assert broken(check_trainer, cheats.cheating(by_order), store).startswith(
            "trainer majority predicts differently in another order (probabilities differ"
        )

    def test_no_seed(self, store):
        random = np.random.default_rng(0)

        def fit(*arguments):
            model = self.GOOD.fit(*arguments)
            return replace(model, frequencies=tuple(random.dirichlet(np.ones(8)).tolist()))

        assert broken(check_trainer, replace(self.GOOD, fit=fit), store).startswith(
            "trainer majority is fitted to more than the training clips and the seed (probab"
        )

    def test_no_parameters(self, store):
        assert broken(check_trainer, self.with_model(parameters=0), store) == (
            "trainer majority has fitted 0 parameters, which is not a number above 0"
        )

    def test_choices_that_are_not_json(self, store):
        text = broken(check_trainer, self.with_model(chosen={"C": np.float32(1)}), store)
        assert text.startswith("trainer majority: what it has chosen is not JSON ({'C': ")

    def test_saving_nothing(self, store):
        assert broken(check_trainer, self.with_model(save=lambda *_: None), store) == (
            "trainer majority saves nothing"
        )

    @pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "model.bin"])
    def test_saving_a_pickle_under_any_name(self, store, name):
        def save(model, folder: Path):
            (folder / name).write_bytes(pickle.dumps({"a": 1}))

        assert broken(check_trainer, self.with_model(save=save), store) == (
            f"trainer majority saves pickles, which run code when loaded: ['{name}']"
        )

    def test_saving_a_pickle_inside_an_archive(self, store):
        def save(model, folder: Path):
            np.savez(folder / "model.npz", a=np.ones(2))
            from zipfile import ZipFile

            with ZipFile(folder / "x.zip", "w") as archive:
                archive.writestr("weights", pickle.dumps([1]))

        assert "saves pickles, which run code when loaded: ['x.zip']" in broken(
            check_trainer, self.with_model(save=save), store
        )

    def test_loading_another_model_than_was_saved(self, store):
        def save(model, folder: Path):
            (folder / "model.json").write_text(json.dumps({"frequencies": [1.0] + [0.0] * 7}))

        assert broken(check_trainer, self.with_model(save=save), store).startswith(
            "trainer majority predicts differently after save and load (probabilities differ"
        )

    def test_too_few_actors_to_check_on(self, make_corpus, tmp_path):
        import serkit

        store = tmp_path / "store"
        serkit.extract(make_corpus(24, seconds=0.1), store=store, features=["raw"], workers=1)
        with pytest.raises(
            UsageError, match="has 3 speakers; a trainer is checked on four or more"
        ):
            check_trainer(self.GOOD, FeatureStore(store))


class TestCheckProtocol:
    GOOD = PROTOCOLS.get("loso")

    def with_split(self, change):
        return replace(self.GOOD, make=lambda clips: change(self.GOOD.make(clips)))

    def test_a_good_one_passes_also_on_other_clips(self):
        check_protocol(self.GOOD)
        check_protocol(self.GOOD, example_clips([31, 32, 33, 34]))

    def test_no_source(self):
        assert broken(check_protocol, replace(self.GOOD, source="")) == (
            "protocol loso does not say who defined it"
        )

    def test_another_name(self):
        assert broken(check_protocol, replace(self.GOOD, name="mine")) == (
            "protocol mine gives a split that is named 'loso'"
        )

    def test_a_leak(self):
        def leak(split):
            first = replace(split.folds[0], validation=split.folds[0].test)
            return replace(split, folds=(first,))

        assert broken(check_protocol, self.with_split(leak)).startswith(
            "protocol loso cannot split the clips it is made for: "
            "fold speaker 1 of loso: clips on both sides: "
        )

    def test_no_folds(self):
        assert broken(check_protocol, self.with_split(lambda s: Split("loso", ()))) == (
            "protocol loso gives no folds"
        )

    def test_chance(self):
        random = np.random.default_rng(0)

        def some(split):
            return replace(split, folds=tuple(random.permutation(np.array(split.folds, object))))

        assert broken(check_protocol, self.with_split(some)) == (
            "protocol loso splits the same clips differently in another order"
        )

    def test_failing_on_few_actors_with_anything_but_a_sentence(self):
        def make(clips):
            if len({clip.speaker for clip in clips}) < 24:
                raise KeyError("actor 4")
            return self.GOOD.make(clips)

        assert broken(check_protocol, replace(self.GOOD, make=make)) == (
            f"protocol loso, with speakers {[str(odd) for odd in range(1, 24, 2)]} alone: "
            "KeyError: 'actor 4'"
        )


class TestCheckCorpus:
    GOOD = CORPORA.get("ravdess")

    def test_a_good_one_passes(self):
        check_corpus(self.GOOD, [PurePosixPath("Actor_01/03-01-05-01-02-01-01.wav")])

    def test_its_metadata_are_checked(self):
        for otherwise, text in (
            ({"title": ""}, "corpus ravdess has no full name"),
            ({"citation": ""}, "corpus ravdess does not say how to cite it"),
            ({"licence": ""}, "corpus ravdess does not say its licence"),
            ({"url": ""}, "corpus ravdess does not give its home page"),
            (
                {"synthetic": True},
                "corpus ravdess must have a marker if it is synthetic, and only then",
            ),
        ):
            assert broken(check_corpus, replace(self.GOOD, **otherwise)) == text

    def test_names_that_it_does_not_read(self):
        assert broken(check_corpus, self.GOOD, [PurePosixPath("Actor_01/x.wav")]).startswith(
            "corpus ravdess does not read its own name Actor_01/x.wav: x.wav is not a RAVDESS name"
        )

    def test_an_emotion_outside_its_labels(self):
        def parse(path):
            return replace(self.GOOD.parse(path), emotion="bored")

        path = PurePosixPath("03-01-05-01-02-01-01.wav")
        corpus = replace(self.GOOD, parse=parse, published=lambda: {})
        assert broken(check_corpus, corpus, [path]) == (
            f"corpus ravdess reads 'bored' from {path}, which is not one of its labels"
        )

    def test_invalid_names_that_are_accepted(self):
        good = self.GOOD.parse(PurePosixPath("03-01-05-01-02-01-01.wav"))

        def parse(path):
            return replace(good, clip_id=path.stem)

        corpus = replace(self.GOOD, parse=parse, published=lambda: {})
        assert broken(check_corpus, corpus) == (
            "corpus ravdess takes rubbish.wav for the clip 'rubbish'"
        )

    def test_rubbish_that_it_stumbles_over(self):
        def parse(path):
            return self.GOOD.parse(PurePosixPath(path.stem.split("-")[6]))

        assert broken(check_corpus, replace(self.GOOD, parse=parse, published=lambda: {})) == (
            "corpus ravdess rejects rubbish.wav with another error than UnparsedNameError: "
            "IndexError: list index out of range"
        )

"""A frozen encoder's layers as a feature: identity, incremental extraction, failures, repair."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import serkit
import storekit
from serkit import FeatureStore
from serkit.audio import read_audio, write_wav
from serkit.encoders import machine
from serkit.errors import NotFoundError, UnknownNameError, UsageError
from serkit.extraction.workers import clips_a_task, sensible_workers
from serkit.extractors import embeddings
from serkit.features import Recipes, stored_name
from serkit.testing import check_extractor
from speechkit import LAYERS, UNITS, make_checkpoint, make_clips

pytestmark = pytest.mark.skipif(not find_spec("transformers"), reason="needs transformers")

NAME = "embeddings-tiny"


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("embeddings")
    make_checkpoint(folder / "tiny")
    make_clips(folder / "corpus", actors=1)
    serkit.extract(
        folder / "corpus", store=folder / "store", features=[f"embeddings:{folder}/tiny"], workers=1
    )
    return folder


@pytest.fixture
def mine(home, tmp_path) -> Path:
    for name in ("tiny", "corpus", "store"):
        shutil.copytree(home / name, tmp_path / name)
    extract(tmp_path, tmp_path / "tiny")  # computes nothing, and says where the checkpoint is now
    return tmp_path


def extract(folder: Path, checkpoint: str | Path):
    return serkit.extract(
        folder / "corpus", store=folder / "store", features=f"embeddings:{checkpoint}", workers=1
    )


def test_it_keeps_the_contract(home):
    check_extractor(embeddings.EXTRACTOR, values={"checkpoint": str(home / "tiny")})


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("mel128", "mel128"),
        ("embeddings:facebook/wav2vec2-base", "embeddings-wav2vec2-base"),
        ("embeddings:./models/my model/", "embeddings-my-model"),
        (r"embeddings:C:\models\tiny", "embeddings-tiny"),
    ],
)
def test_it_is_kept_under_a_name_that_folders_can_have(name, kept):
    assert stored_name(name) == kept


@pytest.mark.parametrize("name", ["embeddings:", "embeddings:../.."])
def test_a_name_that_says_nothing_is_refused(name):
    with pytest.raises(UsageError) as caught:
        stored_name(name)
    assert str(caught.value) == (
        f"{name!r} names no feature; embeddings:NAME or embeddings:FOLDER does"
    )


def test_other_extractors_take_no_argument(home):
    with pytest.raises(UnknownNameError, match=r"^unknown extractor that takes one argument 'me"):
        Recipes().get("mel:128")


class TestValues:
    def test_they_are_the_mean_of_each_hidden_layer_of_the_trimmed_clip(self, home):
        import torch
        from transformers import AutoFeatureExtractor, AutoModel

        from serkit.audio import resample
        from serkit.encoders.waveform import trim

        batch = FeatureStore(home / "store").load(NAME)
        assert batch.X.shape == (8, LAYERS, UNITS)
        assert batch.X.dtype == np.float32
        model = AutoModel.from_pretrained(home / "tiny").eval()
        prepare = AutoFeatureExtractor.from_pretrained(home / "tiny")
        for clip_id, found in list(zip(batch.clips.index, batch.X, strict=True))[:2]:
            samples = read_audio(home / "corpus" / "Actor_01" / f"{clip_id}.wav").samples
            wave = trim(resample(samples, 48_000, 16_000).astype(np.float32) / 32768, 30.0)
            given = prepare(wave, sampling_rate=16_000, return_tensors="pt")
            with torch.no_grad():
                states = model(given["input_values"], output_hidden_states=True).hidden_states
            expected = np.stack([state[0].mean(dim=0).numpy() for state in states])
            np.testing.assert_allclose(found, expected, atol=1e-5)

    def test_they_do_not_depend_on_the_number_of_threads(self, home):
        import torch

        from serkit.dsp.signal import Signal
        from serkit.testing import example_signal

        spec = Recipes().get(f"embeddings:{home / 'tiny'}")
        before, found = torch.get_num_threads(), []
        try:
            for count in (1, 3):
                torch.set_num_threads(count)
                signal = Signal(example_signal(30_000))
                found.append(embeddings.EXTRACTOR.compute(signal, spec.settings).array)
                assert torch.get_num_threads() == count
        finally:
            torch.set_num_threads(before)
        assert np.array_equal(*found)

    def test_the_store_accepts_the_typed_name_too(self, home):
        store = FeatureStore(home / "store")
        typed = store.load(f"embeddings:{home / 'tiny'}")
        assert np.array_equal(typed.X, store.load(NAME).X)


class TestIncremental:
    def test_a_moved_checkpoint_costs_nothing(self, mine):
        (mine / "models").mkdir()
        (mine / "tiny").rename(mine / "models" / "tiny")
        report = extract(mine, mine / "models" / "tiny")
        assert (report.computed, report.reused) == (0, 8)
        # And the store knows where it is now.
        assert FeatureStore(mine / "store").spec(NAME).options["checkpoint"] == str(
            mine / "models" / "tiny"
        )

    def test_replaced_weights_make_values_stale(self, mine):
        old = FeatureStore(mine / "store").load(NAME).X
        shutil.rmtree(mine / "tiny")
        make_checkpoint(mine / "tiny", seed=1)
        status = serkit.why(f"embeddings:{mine / 'tiny'}", store=mine / "store")
        assert status.counts["stale"] == 8
        assert status.reasons[0][1].startswith("weights ")
        assert extract(mine, mine / "tiny").computed == 8
        assert np.abs(FeatureStore(mine / "store").load(NAME).X - old).max() > 1e-3

    def test_why_compares_with_the_store_where_the_checkpoint_is_gone(self, mine):
        shutil.rmtree(mine / "tiny")
        assert (
            serkit.why(f"embeddings:{mine / 'tiny'}", store=mine / "store").counts["current"] == 8
        )

    def test_a_recipe_names_a_checkpoint_too(self, mine):
        (mine / "recipes").mkdir()
        (mine / "recipes" / "whole.toml").write_text(
            f'extractor = "embeddings"\n[parameters]\ncheckpoint = "{mine / "tiny"}"\ntrim_db = 0\n'
        )
        options = {"features": "whole", "definitions": mine / "recipes", "workers": 1}
        serkit.extract(mine / "corpus", store=mine / "store", **options)
        whole = FeatureStore(mine / "store").spec("whole")
        assert whole.parameters["trim_db"] == 0.0
        assert whole.fingerprint != FeatureStore(mine / "store").spec(NAME).fingerprint

    def test_a_recipe_may_pin_the_weights(self, mine):
        (mine / "pinned.toml").write_text(
            f'extractor = "embeddings"\n[parameters]\nweights = "00ff"\n'
            f'checkpoint = "{mine / "tiny"}"\n'
        )
        with pytest.raises(UsageError, match=r"tiny has the weights [0-9a-f]{32}, not 00ff; name"):
            Recipes().get(str(mine / "pinned.toml"))

    def test_a_recipe_without_a_checkpoint_is_refused(self, mine):
        (mine / "none.toml").write_text('extractor = "embeddings"\n[parameters]\ncheckpoint = ""\n')
        with pytest.raises(
            UsageError, match=r"none\.toml: checkpoint = '' names no encoder; a folder, or a n"
        ):
            Recipes().get(str(mine / "none.toml"))


def test_a_clip_that_is_too_short_fails_alone(mine):
    name = "03-01-01-01-01-01-02"
    (mine / "corpus" / "Actor_02").mkdir()
    write_wav(mine / "corpus" / "Actor_02" / f"{name}.wav", np.full(900, 3000, np.int16))
    report = extract(mine, mine / "tiny")
    assert (report.computed, report.reused, len(report.failed)) == (0, 8, 1)
    assert report.failed[0].message == (
        "300 samples at 16,000 Hz remain of the clip, but the encoder needs at least 402"
    )


class TestRepair:
    def damage(self, folder: Path) -> None:
        part = next((folder / "store" / "parts" / NAME).glob("*.h5"))
        storekit.flip(part, part.stat().st_size - 9)

    def test_damaged_values_are_computed_again_from_the_same_checkpoint(self, mine):
        before = storekit.contents(mine / "store")
        self.damage(mine)
        assert sum(serkit.repair(mine / "store", workers=1).recomputed.values()) >= 1
        assert storekit.is_clean(mine / "store")
        assert storekit.contents(mine / "store") == before

    def test_it_is_refused_if_the_weights_were_replaced(self, mine):
        self.damage(mine)
        shutil.rmtree(mine / "tiny")
        make_checkpoint(mine / "tiny", seed=1)
        with pytest.raises(UsageError, match="has the weights"):
            serkit.repair(mine / "store", workers=1)

    def test_and_where_it_is_gone(self, mine):
        self.damage(mine)
        shutil.rmtree(mine / "tiny")
        with pytest.raises(NotFoundError, match=r"^no checkpoint "):
            serkit.repair(mine / "store", workers=1)


class TestCost:
    GIB = 2**30

    def spec(self, home, **options):
        return Recipes().get(f"embeddings:{home / 'tiny'}")

    def test_no_more_workers_than_the_memory_holds_models(self, home, monkeypatch):
        monkeypatch.setattr(embeddings, "count_gpus", lambda: 0)
        monkeypatch.setattr(embeddings, "available_cores", lambda: 16)
        monkeypatch.setattr("serkit.extraction.workers.available_cores", lambda: 16)
        monkeypatch.setattr(embeddings.Checkpoint, "weight_bytes", self.GIB)
        monkeypatch.setattr(embeddings, "_memory_bytes", lambda: 16 * self.GIB)
        assert sensible_workers([self.spec(home)]) == 3  # of about 2.5 GiB, in half of the memory
        assert sensible_workers([self.spec(home)], wanted=9) == 9
        assert clips_a_task([self.spec(home)]) == 5  # four seconds, so that a kill costs no more

    @pytest.mark.parametrize("gpus", [1, 4])
    def test_one_worker_a_gpu(self, home, monkeypatch, gpus):
        monkeypatch.setattr("serkit.extraction.workers.available_cores", lambda: 16)
        monkeypatch.setattr(embeddings, "count_gpus", lambda: gpus)
        assert sensible_workers([self.spec(home)]) == gpus

    def test_one_a_core_for_features_that_do_not_say(self):
        assert sensible_workers([Recipes().get("raw")]) == machine.os.cpu_count() or 1

    def test_the_estimate_counts_layers_and_memory(self, home):
        guess = serkit.estimate(home / "corpus", features=f"embeddings:{home / 'tiny'}", workers=2)
        assert guess.by_feature[NAME]["disk_bytes"] == 8 * LAYERS * UNITS * 4
        assert guess.memory_bytes > 2 * 500 * 2**20

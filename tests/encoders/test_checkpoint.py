"""A checkpoint: found by name or folder, known by its content, refused in clear words."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec

import pytest

from serkit.encoders.checkpoint import Checkpoint, open_checkpoint
from serkit.errors import NotFoundError, UsageError
from speechkit import LAYERS, UNITS, make_checkpoint

pytestmark = pytest.mark.skipif(not find_spec("transformers"), reason="needs transformers")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return make_checkpoint(tmp_path_factory.mktemp("tiny") / "tiny")


@pytest.fixture
def copy(tiny, tmp_path):
    return shutil.copytree(tiny, tmp_path / "copy")


def test_it_is_described_without_a_framework(tiny):
    checkpoint = open_checkpoint(str(tiny))
    assert checkpoint.folder == tiny
    assert (checkpoint.layers, checkpoint.units) == (LAYERS, UNITS)
    assert (checkpoint.sample_rate, checkpoint.normalises, checkpoint.masks) == (
        16_000,
        True,
        False,
    )
    assert checkpoint.fewest_samples == ((1 - 1) * 6 + 8 - 1) * 6 * 8 + (8 - 1) * 8 + 10


def test_the_shortest_signal_gives_one_frame_and_a_shorter_one_fails(tiny):
    import torch

    from serkit.encoders.frozen import load_encoder

    checkpoint = open_checkpoint(str(tiny))
    model = load_encoder(checkpoint, checkpoint.identity, "cpu")
    assert model(torch.zeros(1, checkpoint.fewest_samples)).last_hidden_state.shape[1] == 1
    with pytest.raises(RuntimeError):
        model(torch.zeros(1, checkpoint.fewest_samples - 1))


class TestIdentity:
    def test_a_moved_copy_is_the_same(self, tiny, copy):
        assert open_checkpoint(str(copy)).identity == open_checkpoint(str(tiny)).identity

    def test_notes_about_its_origin_do_not_count(self, tiny, copy):
        rewrite(copy / "config.json", _name_or_path="elsewhere", transformers_version="9.9")
        assert open_checkpoint(str(copy)).identity == open_checkpoint(str(tiny)).identity

    @pytest.mark.parametrize(
        ("file", "change"),
        [
            ("config.json", {"layer_norm_eps": 0.1}),
            ("preprocessor_config.json", {"do_normalize": False}),
        ],
    )
    def test_the_identity_covers_everything_that_affects_values(self, tiny, copy, file, change):
        rewrite(copy / file, **change)
        assert open_checkpoint(str(copy)).identity != open_checkpoint(str(tiny)).identity

    def test_one_byte_of_the_weights_does(self, tiny, copy):
        weights = bytearray((copy / "model.safetensors").read_bytes())
        weights[-1] ^= 1
        (copy / "model.safetensors").write_bytes(weights)
        assert open_checkpoint(str(copy)).identity != open_checkpoint(str(tiny)).identity


class TestWhatCannotBeUsed:
    def test_a_missing_folder(self):
        with pytest.raises(NotFoundError) as caught:
            open_checkpoint("./no/such folder")
        assert str(caught.value) == (
            "no checkpoint './no/such folder'; a folder, or a name such as facebook/wav2vec2-base"
        )

    @pytest.mark.parametrize("file", ["config.json", "preprocessor_config.json"])
    def test_a_folder_without_settings(self, copy, file):
        (copy / file).unlink()
        with pytest.raises(UsageError, match=rf"^the folder {copy} holds no {file}; a folder as s"):
            open_checkpoint(str(copy))

    def test_settings_that_are_not_json(self, copy):
        (copy / "config.json").write_text("{")
        with pytest.raises(UsageError, match=r"config.json cannot be read \(Expecting property"):
            open_checkpoint(str(copy))

    def test_a_folder_without_weights(self, copy):
        (copy / "model.safetensors").unlink()
        with pytest.raises(UsageError, match="cannot be used: it holds no weights; Wav2Vec2, XLS"):
            open_checkpoint(str(copy))

    def test_a_model_that_is_not_a_waveform_encoder(self, copy):
        rewrite(copy / "preprocessor_config.json", feature_extractor_type="WhisperFeatureExtractor")
        with pytest.raises(UsageError, match="cannot be used: it is fed by WhisperFeatureExtracto"):
            open_checkpoint(str(copy))

    def test_a_text_model(self, copy):
        (copy / "config.json").write_text(json.dumps({"hidden_size": 8, "num_hidden_layers": 2}))
        with pytest.raises(UsageError, match=r"its config.json describes no speech encoder"):
            open_checkpoint(str(copy))

    def test_a_name_without_network_and_cache_says_how_to_give_a_folder(self, unreachable):
        with pytest.raises(NotFoundError) as caught:
            open_checkpoint("facebook/wav2vec2-base")
        text = str(caught.value)
        assert text.startswith(
            "the checkpoint facebook/wav2vec2-base is neither a folder nor in the cache, and "
            "the hub cannot be reached ("
        )
        assert text.endswith(
            "with network access, run: hf download facebook/wav2vec2-base --local-dir "
            "wav2vec2-base; then pass that folder instead of facebook/wav2vec2-base"
        )


@pytest.fixture
def unreachable(monkeypatch, tmp_path):
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    def fail(name, **options):
        raise LocalEntryNotFoundError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)


def test_a_cached_name_does_not_contact_the_hub(monkeypatch, tiny):
    import huggingface_hub

    def cached(name, *, local_files_only=False, **options):
        assert local_files_only
        return str(tiny)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", cached)
    assert open_checkpoint("someone/tiny").folder == tiny


def test_weights_without_pickle_go_before_others(copy):
    (copy / "pytorch_model.bin").write_bytes(b"anything")
    assert [path.name for path in Checkpoint(copy).weight_files] == ["model.safetensors"]


def rewrite(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))

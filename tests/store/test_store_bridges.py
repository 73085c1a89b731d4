"""The store as a data set of torch, TensorFlow and Hugging Face, and exported for others."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from importlib import util

import h5py
import numpy as np
import pandas as pd
import pytest

import storekit as kit
from serkit.audio import write_wav
from serkit.errors import (
    ClipTooLongError,
    FeatureError,
    IncompleteFeatureError,
    MissingDependencyError,
    UnknownNameError,
    UsageError,
)
from serkit.extractors import raw as raw_module
from serkit.store import bridges
from serkit.store.export import export
from serkit.store.store import FeatureStore

CLIPS = 6


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bridged")
    corpus = kit.make_clips(folder / "corpus", range(CLIPS))
    # One clip of another rate, so that a column has both numbers and gaps.
    write_wav(next(corpus.rglob(f"{kit.clip_id(0)}.wav")), kit.sound(0, 1600), 16_000)
    ragged = replace(kit.raw(pad_to=0), name="ragged")
    kit.fill(corpus, folder / "store", [*kit.recipes(), ragged])
    return FeatureStore(folder / "store")


def missing(module):
    return pytest.mark.skipif(util.find_spec(module) is None, reason=f"{module} is not installed")


# torch


@missing("torch")
def test_torch_items_are_a_clip_and_its_emotion(store):
    import torch

    data = store.as_torch("mel8", where={"actor": [1, 2, 3]})
    assert isinstance(data, torch.utils.data.Dataset)
    assert len(data) == 3
    whole = store.load("mel8", where={"actor": [1, 2, 3]})
    for position in range(3):
        values, label = data[position]
        assert values.dtype == torch.float32
        np.testing.assert_array_equal(values.numpy(), whole.X[position])
        assert label == whole.y[position]
    with pytest.raises(IndexError):
        data[3]


@missing("torch")
class TestBatchesOfTorch:
    def test_a_batch_is_the_memory_that_was_read_into(self, store):
        from torch.utils.data import default_collate

        samples = store.as_torch("mel8").__getitems__([3, 0, 2])
        values, labels = default_collate(samples)
        assert values.data_ptr() == samples[0][0].data_ptr()
        np.testing.assert_array_equal(values.numpy(), store.load("mel8").X[[3, 0, 2]])
        assert labels.tolist() == [label for _, label in samples]

    @pytest.mark.parametrize("chosen", [[0, 1], [2, 1, 0], [0, 1, 2, 0], [1, 2, 3]])
    def test_other_samples_are_copied_as_by_default(self, store, chosen):
        from torch.utils.data import default_collate

        data = store.as_torch("mel8")
        samples = [*data.__getitems__([3, 0, 2]), *data.__getitems__([1])]
        mixed = [samples[position] for position in chosen]
        values, labels = default_collate(mixed)
        expected = default_collate([tuple(sample) for sample in mixed])
        assert values.equal(expected[0])
        assert labels.equal(expected[1])
        assert values.data_ptr() != samples[0][0].data_ptr()

    def test_a_sample_is_pickled_as_a_plain_tuple(self, store):
        first, _ = store.as_torch("mel8").__getitems__([0, 1])
        values, label = first
        received = pickle.loads(pickle.dumps(first))
        assert type(received) is tuple
        assert received[0].equal(values)
        assert received[1] == label


@missing("torch")
@pytest.mark.parametrize("processes", [0, 2])
def test_torch_loads_in_several_processes(store, processes):
    from torch.utils.data import DataLoader

    data = store.as_torch("mel8")
    context = "forkserver" if processes else None
    loader = DataLoader(data, batch_size=4, num_workers=processes, multiprocessing_context=context)
    batches = list(loader)
    whole = store.load("mel8")
    assert [tuple(values.shape) for values, _ in batches] == [(4, 8, 76), (2, 8, 76)]
    np.testing.assert_array_equal(
        np.concatenate([values.numpy() for values, _ in batches]), whole.X
    )
    np.testing.assert_array_equal(
        np.concatenate([labels.numpy() for _, labels in batches]), whole.y
    )


@missing("torch")
def test_torch_takes_the_options_of_load(store):
    data = store.as_torch("mel8", scale="db", top_db=30.0)
    np.testing.assert_array_equal(
        data[2][0].numpy(), store.load("mel8", scale="db", top_db=30.0).X[2]
    )
    signals = store.as_torch("raw", padded=False)
    assert [len(signals[i][0]) for i in range(CLIPS)] == list(store.load("raw").lengths)
    assert store.as_torch("change_deviation")[0][0].shape == (1,)


@missing("torch")
def test_torch_reads_a_batch_of_a_data_loader_at_once(store, monkeypatch):
    from torch.utils.data import DataLoader

    read = []
    real = FeatureStore.read

    def counted(self, feature, clip_ids, **options):
        read.append(len(clip_ids))
        return real(self, feature, clip_ids, **options)

    monkeypatch.setattr(FeatureStore, "read", counted)
    list(DataLoader(store.as_torch("mel8"), batch_size=4, shuffle=True))
    assert read == [4, 2]


def test_a_sequence_of_clips_is_small_when_it_is_pickled(store):
    """A data loader sends it to its processes."""
    clips = bridges.ClipSequence(store, "raw", store.select("raw"), {})
    values, label = clips[1]
    again = pickle.loads(pickle.dumps(clips))
    assert len(pickle.dumps(clips)) < 2000
    np.testing.assert_array_equal(again[1][0], values)
    assert again[1][1] == label


SHARE = """
import json, sys
from torch.utils.data import DataLoader
from serkit.store.store import FeatureStore

clips = FeatureStore(sys.argv[1]).as_torch("mel8")
sampler = clips.sampler(seed=3)
sampler.set_epoch(1)
loader = DataLoader(clips, batch_size=2, sampler=sampler, num_workers=1)
print(json.dumps([list(sampler), [values.flatten(1).sum(1).tolist() for values, _ in loader]]))
"""


@missing("torch")
def test_torch_shares_clips_out_among_the_processes_of_torchrun(store):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SHARE, str(store.path)],
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(sys.path),
                "RANK": str(rank),
                "WORLD_SIZE": "2",
            },
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    told = [json.loads(process.communicate(timeout=120)[0]) for process in processes]
    shares = [positions for positions, _ in told]
    assert sorted(shares[0] + shares[1]) == list(range(CLIPS))
    sums = store.load("mel8").X.reshape(CLIPS, -1).sum(axis=1)
    for positions, batches in told:
        read = [value for batch in batches for value in batch]
        assert np.allclose(read, sums[positions], rtol=1e-4)


@missing("torch")
def test_torchs_own_distributed_sampler_shares_clips_out(store):
    from torch.utils.data import DataLoader, DistributedSampler

    data = store.as_torch("change_deviation")
    samplers = [DistributedSampler(data, 2, rank, shuffle=True) for rank in range(2)]
    read = [v for s in samplers for v, _ in DataLoader(data, batch_size=None, sampler=s)]
    assert sorted(map(float, read)) == sorted(store.load("change_deviation").X[:, 0].tolist())


# TensorFlow


@missing("tensorflow")
def test_tensorflow_batches(store):
    data = store.as_tf_dataset("mel8", batch_size=4, where={"actor": [1, 2, 3, 4, 5]})
    values, labels = data.element_spec
    assert values.shape.as_list() == [None, 8, 76]
    assert (values.dtype.name, labels.dtype.name) == ("float32", "int64")
    batches = list(data.as_numpy_iterator())
    whole = store.load("mel8", where={"actor": [1, 2, 3, 4, 5]})
    assert [len(labels) for _, labels in batches] == [4, 1]
    np.testing.assert_array_equal(np.concatenate([x for x, _ in batches]), whole.X)
    np.testing.assert_array_equal(np.concatenate([y for _, y in batches]), whole.y)
    assert len(list(data.as_numpy_iterator())) == 2  # an epoch can be repeated


@missing("tensorflow")
def test_tensorflow_takes_the_options_of_batches(store):
    data = store.as_tf_dataset("raw", batch_size=6, shuffle=True, seed=3)
    (expected,) = store.batches("raw", 6, shuffle=True, seed=3)
    ((values, labels),) = data.as_numpy_iterator()
    np.testing.assert_array_equal(values, expected.X)
    np.testing.assert_array_equal(labels, expected.y)


@missing("tensorflow")
def test_tensorflow_with_a_feature_of_no_fixed_length_and_a_table(store):
    data = store.as_tf_dataset("ragged", batch_size=2)
    assert data.element_spec[0].shape.as_list() == [None, None]
    lengths = store.load("ragged").lengths
    for position, (values, _) in enumerate(data.as_numpy_iterator()):
        assert values.shape[1] == max(lengths[2 * position : 2 * position + 2])
    ((values, _),) = store.as_tf_dataset("change_deviation").as_numpy_iterator()
    np.testing.assert_array_equal(values, store.load("change_deviation").X)


@missing("tensorflow")
def test_tensorflow_has_no_lists(store):
    with pytest.raises(UsageError) as error:
        store.as_tf_dataset("raw", padded=False)
    assert str(error.value) == (
        "a tf.data.Dataset holds arrays of one length; omit padded=False, or use batches()"
    )


# Hugging Face


@missing("datasets")
@pytest.mark.parametrize("feature", ["mel8", "raw", "change_deviation"])
def test_hugging_face_rows(store, feature, tmp_path, monkeypatch):
    own_cache(monkeypatch, tmp_path)
    data = store.as_hf_dataset(feature, where={"actor": [1, 2, 3]})
    whole = store.load(feature, where={"actor": [1, 2, 3]})
    assert data["clip_id"][:] == list(whole.clips.index)
    assert data["label"][:] == list(whole.y)
    assert {"actor", "sex", "emotion", "num_frames", "resampled_from"} <= set(data.column_names)
    assert data["actor"][:] == list(whole.clips["actor"])
    assert data["resampled_from"][:] == [16_000, None, None]
    for position in range(3):
        np.testing.assert_array_equal(np.array(data[position][feature]), whole.X[position])


@missing("datasets")
def test_hugging_face_takes_the_options_of_load(store, tmp_path, monkeypatch):
    own_cache(monkeypatch, tmp_path)
    data = store.as_hf_dataset("raw", padded=False)
    for row, values in zip(data, store.load("raw", padded=False).X, strict=True):
        np.testing.assert_array_equal(row["raw"], values)
    decibels = store.as_hf_dataset("mel8", scale="db").with_format("numpy")
    np.testing.assert_array_equal(decibels[0]["mel8"], store.load("mel8", scale="db").X[0])


@missing("datasets")
def test_hugging_face_gets_current_values(tmp_path, monkeypatch):
    """It caches by the arguments: changed samples must be another key."""
    own_cache(monkeypatch, tmp_path / "cache")
    corpus = kit.make_clips(tmp_path / "corpus", range(2))
    kit.fill(corpus, tmp_path / "store", [kit.raw()])
    store = FeatureStore(tmp_path / "store")
    before = store.as_hf_dataset("raw")[0]["raw"]
    kit.add_clip(corpus, 0, seed=99)
    kit.fill(corpus, tmp_path / "store", [kit.raw()])
    assert store.as_hf_dataset("raw")[0]["raw"] != before


def own_cache(monkeypatch, folder):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", folder / "hf")
    datasets.disable_progress_bars()


# Not installed


@pytest.mark.parametrize(
    ("bridge", "package", "extra"),
    [
        ("as_torch", "torch", "torch"),
        ("as_tf_dataset", "tensorflow", "tensorflow"),
        ("as_hf_dataset", "datasets", "datasets"),
    ],
)
def test_a_package_that_is_not_installed(store, monkeypatch, bridge, package, extra):
    monkeypatch.setattr("serkit.extras.installed", lambda name: False)
    with pytest.raises(MissingDependencyError) as error:
        getattr(store, bridge)("raw")
    assert str(error.value) == (
        f"the package {package} is not installed; pip install 'serkit[{extra}]'"
    )
    assert isinstance(error.value, ImportError)


# Exported


def test_parquet_of_a_table_feature_with_pandas(store, tmp_path):
    target = export(store, "change_deviation", "parquet", tmp_path / "a" / "table.parquet")
    frame = pd.read_parquet(target).set_index("clip_id")
    whole = store.load("change_deviation")
    np.testing.assert_array_equal(frame["change_deviation"], whole.X[:, 0])
    assert list(frame.columns) == [*whole.clips.columns, "change_deviation"]
    assert list(frame["emotion"]) == list(whole.clips["emotion"])
    assert frame["resampled_from"].notna().sum() == 1


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("feature", ["mel8", "raw"])
def test_parquet_of_arrays_with_pyarrow(store, tmp_path, feature, padded):
    import pyarrow.parquet as pq

    target = export(store, feature, "parquet", tmp_path / "arrays.parquet", padded=padded)
    table = pq.read_table(target)
    whole = store.load(feature, padded=padded)
    assert table.column("clip_id").to_pylist() == list(whole.clips.index)
    for got, values in zip(table.column(feature).to_pylist(), whole.X, strict=True):
        np.testing.assert_array_equal(np.array(got, values.dtype), values)


@pytest.mark.parametrize("feature", ["mel8", "raw", "ragged", "change_deviation"])
def test_npz_with_numpy_and_hdf5_with_h5py(store, tmp_path, feature):
    whole = store.load(feature)
    with np.load(export(store, feature, "npz", tmp_path / "x.npz")) as file:
        check_arrays({name: file[name] for name in file}, whole)
    with h5py.File(export(store, feature, "hdf5", tmp_path / "x.h5")) as file:
        assert file.attrs["feature"] == feature
        check_arrays(
            {k: v.asstr()[:] if v.dtype.kind in "SO" else v[:] for k, v in file.items()}, whole
        )


def check_arrays(arrays, whole):
    np.testing.assert_array_equal(arrays["X"], whole.X)
    np.testing.assert_array_equal(arrays["y"], whole.y)
    np.testing.assert_array_equal(arrays["length"], whole.lengths)
    assert list(arrays["clip_id"]) == list(whole.clips.index)
    for column in ("actor", "emotion", "sex", "statement", "num_frames"):
        assert list(arrays[column]) == list(whole.clips[column])
    if whole.columns:
        assert list(arrays["columns"]) == list(whole.columns)


@pytest.mark.parametrize("form", ["parquet", "npz", "hdf5"])
@pytest.mark.parametrize("feature", ["raw", "ragged", "change_deviation"])
def test_an_export_works_in_pieces_with_progress(store, tmp_path, monkeypatch, form, feature):
    from serkit.store import export as module

    at_once = export(store, feature, form, tmp_path / "whole")
    monkeypatch.setattr(module, "_ARRAYS_PER_PIECE", 3)
    monkeypatch.setattr(module, "_ROWS_PER_PIECE", 3)
    told = []
    pieces = export(
        store, feature, form, tmp_path / "pieces", progress=lambda *counts: told.append(counts)
    )
    clips = len(store.clips)
    assert told == [*((n, clips) for n in range(0, clips, 3)), (clips, clips)]
    assert loaded(pieces, form, feature) == loaded(at_once, form, feature)


def loaded(path, form, feature):
    if form == "parquet":
        import pyarrow.parquet as pq

        return pq.read_table(path).column(feature).to_pylist()
    if form == "npz":
        with np.load(path) as file:
            return file["X"].tolist()
    with h5py.File(path) as file:
        return file["X"][:].tolist()


def test_a_feature_that_failed_for_every_clip_cannot_be_exported(tmp_path, monkeypatch):
    def refuse(_signal, _parameters):
        raise FeatureError("not this one")

    monkeypatch.setattr(raw_module, "EXTRACTOR", replace(raw_module.EXTRACTOR, compute=refuse))
    corpus = kit.make_clips(tmp_path / "corpus", range(2))
    kit.fill(corpus, tmp_path / "store", [kit.raw()])
    with pytest.raises(IncompleteFeatureError, match=r"^no clip in .* has values of raw; "):
        export(FeatureStore(tmp_path / "store"), "raw", "parquet", tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_a_clip_longer_than_the_recipe_pads_to_is_exported_unpadded_alone(tmp_path):
    corpus = kit.make_clips(tmp_path / "corpus", range(2))
    kit.fill(corpus, tmp_path / "store", [kit.raw(pad_to=100)])  # all are longer
    store = FeatureStore(tmp_path / "store")
    with pytest.raises(ClipTooLongError, match="clips are longer than the 100 samples"):
        export(store, "raw", "npz", tmp_path / "x.npz")
    assert not (tmp_path / "x.npz").exists()
    path = export(store, "raw", "parquet", tmp_path / "x.parquet", padded=False)
    lengths = [len(values) for values in loaded(path, "parquet", "raw")]
    assert lengths == store.load("raw", padded=False).lengths.tolist()


def test_an_export_is_named_after_its_feature(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for form, name in (("parquet", "raw.parquet"), ("npz", "raw.npz"), ("hdf5", "raw.h5")):
        assert export(store, "raw", form).name == name
    assert sorted(p.name for p in tmp_path.iterdir()) == ["raw.h5", "raw.npz", "raw.parquet"]


def test_an_export_that_cannot_be(store, tmp_path):
    with pytest.raises(UnknownNameError) as error:
        export(store, "raw", "csv", tmp_path / "x")
    assert str(error.value) == "unknown format 'csv'; there are: hdf5, npz, parquet"
    with pytest.raises(UnknownNameError, match=r"unknown feature '.+' in the store"):
        export(store, "rav", "npz", tmp_path / "x")
    with pytest.raises(UsageError) as error:
        export(store, "raw", "npz", tmp_path)
    assert str(error.value) == f"{tmp_path} is a folder; name a file"
    assert list(tmp_path.iterdir()) == []

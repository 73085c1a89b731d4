"""What the store gives back: whole, in order, padded in front, filtered, batch by batch."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

import storekit as kit
from serkit.corpora.ravdess import EMOTIONS
from serkit.errors import IncompleteFeatureError, StoreError, UnknownNameError, UsageError
from serkit.extractors import mel as mel_module
from serkit.features import FeatureSpec
from serkit.store.state import read_state
from serkit.store.store import FeatureStore

CLIPS = 12


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return kit.make_clips(tmp_path_factory.mktemp("corpus"), range(CLIPS))


@pytest.fixture(scope="module")
def path(corpus, tmp_path_factory):
    store = tmp_path_factory.mktemp("filled") / "store"
    ragged = replace(kit.raw(pad_to=0), name="ragged")
    frames = replace(kit.mel(pad_to=0), name="frames")
    kit.fill(corpus, store, [*kit.recipes(), ragged, frames])
    return store


@pytest.fixture
def store(path):
    return FeatureStore(path)


def sounds():
    """Return every clip's samples, by clip id, sorted."""
    return dict(sorted((kit.clip_id(n), kit.sound(n)) for n in range(CLIPS)))


# One call


def test_load_gives_arrays_labels_and_clips_in_one_call(store):
    batch = store.load("mel8")
    assert batch.X.shape == (CLIPS, 8, 76)
    assert batch.X.dtype == np.float32
    assert len(batch) == CLIPS
    assert batch.clips.index.name == "clip_id"
    assert list(batch.clips.index) == list(sounds())
    assert batch.y.dtype == np.int64
    assert list(batch.y) == [int(clip_id[6:8]) - 1 for clip_id in sounds()]
    assert [EMOTIONS[i] for i in batch.y] == list(batch.clips["emotion"])
    assert batch.columns == ()
    assert batch.spec == kit.mel()
    assert isinstance(batch.spec, FeatureSpec)


def test_the_clips_have_the_columns_of_the_contract(store, corpus):
    clips = store.load("raw").clips
    assert {
        "corpus",
        "path",
        "sample_rate",
        "channels",
        "num_frames",
        "modality",
        "vocal_channel",
        "emotion",
        "emotion_id",
        "intensity",
        "statement",
        "repetition",
        "actor",
        "speaker",
        "sex",
    } <= set(clips.columns)
    row = clips.loc[kit.clip_id(2)]
    assert (row["actor"], row["sex"], row["emotion"]) == (3, "male", "happy")
    assert (row["sample_rate"], row["channels"]) == (48_000, 1)
    assert row["num_frames"] == len(kit.sound(2))
    assert (corpus / row["path"]).is_file()
    assert pd.isna(row["resampled_from"])


def test_padding_is_in_front(store):
    batch = store.load("raw")
    assert batch.X.dtype == np.int16
    for values, length, samples in zip(batch.X, batch.lengths, sounds().values(), strict=True):
        assert values.shape == (kit.PAD_TO,)
        assert length == len(samples)
        assert not values[:-length].any()
        np.testing.assert_array_equal(values[-length:], samples)


def test_unpadded_clips_have_their_true_length(store):
    batch = store.load("raw", padded=False)
    for values, samples in zip(batch.X, sounds().values(), strict=True):
        np.testing.assert_array_equal(values, samples)
    padded = store.load("mel8").X
    for values, whole in zip(store.load("mel8", padded=False).X, padded, strict=True):
        np.testing.assert_array_equal(values, whole[:, -values.shape[1] :])
        assert values.shape[1] < 76


@pytest.mark.parametrize("feature", ["ragged", "frames"])
def test_a_recipe_that_pads_to_nothing_is_padded_to_the_longest(store, feature):
    few = {"actor": [1, 2, 3]}
    unpadded = store.load(feature, where=few, padded=False).X
    batch = store.load(feature, where=few)
    longest = max(values.shape[-1] for values in unpadded)
    assert batch.X.shape[-1] == longest
    for values, whole in zip(unpadded, batch.X, strict=True):
        lead = longest - values.shape[-1]
        assert not whole[..., :lead].any()
        np.testing.assert_array_equal(whole[..., lead:], values)


def test_a_table_feature_is_a_matrix_with_named_columns(store):
    batch = store.load("change_deviation")
    assert batch.X.shape == (CLIPS, 1)
    assert batch.X.dtype == np.float64
    assert batch.columns == ("change_deviation",)
    assert list(batch.lengths) == [1] * CLIPS
    np.testing.assert_array_equal(store.load("change_deviation", padded=False).X, batch.X)
    samples = np.zeros(kit.PAD_TO)
    clip = sounds()[kit.clip_id(3)]
    samples[-len(clip) :] = clip
    expected = np.diff(samples.reshape(-1, 5).mean(axis=1)).std()
    position = list(sounds()).index(kit.clip_id(3))
    assert batch.X[position, 0] == pytest.approx(expected, rel=1e-12)


def test_loaded_arrays_belong_to_the_caller(store):
    batch = store.load("raw")
    batch.X[:] = 0
    batch.clips["actor"] = 0
    clips = store.clips
    clips["actor"] = 0
    for values in store.load("raw", padded=False).X:
        values[:] = 1
    assert store.load("raw").X.any()
    assert store.clips["actor"].all()


def test_the_store_lists_its_contents(store, path):
    assert store.features == ("raw", "mel8", "change_deviation", "ragged", "frames")
    assert repr(store) == (
        f"FeatureStore({str(path)!r}: 12 clips, raw, mel8, change_deviation, ragged, frames)"
    )
    assert store.spec("mel8") == kit.mel()
    assert store.layout("mel8").item == (8,)
    assert list(store.clips.index) == list(sounds())


def test_the_corpus_digest_depends_on_clips_and_samples_alone(store, corpus, tmp_path):
    other = FeatureStore(filled(kit.make_clips(tmp_path / "a", range(CLIPS)), tmp_path / "s1"))
    assert other.corpus_digest == store.corpus_digest
    kit.add_clip(tmp_path / "a", 0, seed=99)
    kit.fill(tmp_path / "a", tmp_path / "s1")
    assert other.corpus_digest != store.corpus_digest


def filled(corpus, store):
    kit.fill(corpus, store)
    return store


# Decibels


def padded_power(store):
    return store.load("mel8").X


@pytest.mark.parametrize("reference", [1.0, 1e6])
@pytest.mark.parametrize("top_db", [80.0, 20.0, None])
def test_decibels_are_those_of_librosa_on_the_padded_clip(store, reference, top_db):
    librosa = pytest.importorskip("librosa")
    batch = store.load("mel8", scale="db", reference=reference, top_db=top_db)
    for got, power in zip(batch.X, padded_power(store), strict=True):
        expected = librosa.power_to_db(power, ref=reference, top_db=top_db)
        np.testing.assert_allclose(got, expected, atol=1e-4)
        assert got.dtype == np.float32


def test_decibels_unpadded_are_the_live_part(store):
    whole = store.load("mel8", scale="db").X
    for values, padded in zip(store.load("mel8", scale="db", padded=False).X, whole, strict=True):
        np.testing.assert_array_equal(values, padded[:, -values.shape[1] :])


def test_only_powers_can_be_read_in_decibels(store):
    for feature in ("raw", "change_deviation"):
        with pytest.raises(UsageError) as error:
            store.load(feature, scale="db")
        assert str(error.value) == "only power spectrograms can be read with scale='db'"
    with pytest.raises(UsageError) as error:
        store.load("mel8", scale="dB")
    assert str(error.value) == "unknown scale 'dB'; 'power' and 'db' are allowed"


# Which clips


@pytest.mark.parametrize(
    "where",
    [
        {"actor": [1, 2, 3], "sex": "male"},
        "actor <= 3 and sex == 'male'",
        lambda clips: (clips["actor"] <= 3) & (clips["sex"] == "male"),
        lambda clips: [actor in (1, 3) for actor in clips["actor"]],
        {"actor": {1, 3}},
        {"actor": range(1, 4, 2)},
        {"actor": np.array([1, 3])},
    ],
)
def test_clips_are_chosen_by_values_query_or_function(store, where):
    batch = store.load("raw", where=where)
    assert list(batch.clips["actor"]) == [1, 3]
    assert list(batch.clips.index) == store.select("raw", where)
    np.testing.assert_array_equal(batch.X[1][-batch.lengths[1] :], kit.sound(2))


def test_a_choice_of_nothing_is_an_empty_batch(store):
    for feature, shape in (("raw", (0, kit.PAD_TO)), ("mel8", (0, 8, 76)), ("ragged", (0, 0))):
        batch = store.load(feature, where={"actor": 24})
        assert batch.X.shape == shape
        assert len(batch) == len(batch.clips) == len(batch.y) == len(batch.lengths) == 0
    assert store.load("change_deviation", where="actor > 99").X.shape == (0, 1)
    assert store.load("raw", where={"actor": []}, padded=False).X == []
    assert list(store.batches("raw", where={"actor": 24})) == []


def test_an_invalid_selection(store):
    with pytest.raises(UnknownNameError) as error:
        store.load("raw", where={"acter": 1})
    assert str(error.value).startswith("unknown column 'acter': did you mean 'actor'")
    for query in ("actor <", "acter == 1", "actor + 1", "actor = 1", "sex", f"'{kit.clip_id(0)}'"):
        with pytest.raises(UsageError) as error:
            store.load("raw", where=query)
        assert str(error.value).startswith(f"where={query!r} cannot be understood (")
        assert str(error.value).endswith(
            "); a pandas query such as \"emotion == 'angry' and actor < 5\" is"
        )
    for wrong in (lambda c: list(c.index), lambda c: [True], lambda c: None, lambda c: c):
        with pytest.raises(UsageError) as error:
            store.load("raw", where=wrong)
        assert str(error.value) == (
            "the function given as where= returned no mask for 12 clips; one boolean per clip is, "
            "such as clips['actor'] < 5"
        )


def test_a_function_may_modify_its_table(store):
    """It gets a copy: what one selection does to it, no other reading sees."""
    before = store.load("raw")

    def tidied(clips):
        clips["emotion_id"] = 0
        clips.drop(clips.index[:5], inplace=True)
        return [True] * CLIPS

    assert len(store.load("raw", where=tidied)) == CLIPS
    after = store.load("raw")
    np.testing.assert_array_equal(after.y, before.y)
    pd.testing.assert_frame_equal(after.clips, before.clips)
    pd.testing.assert_frame_equal(store.clips, before.clips)


def test_clips_are_chosen_by_a_boolean_series_or_a_generator(store):
    clips = store.clips
    chosen = (clips["actor"] == 3)[::-1]  # matched by clip id, whatever its order
    assert list(store.load("raw", where=chosen).clips["actor"]) == [3]
    assert list(store.load("raw", where={"actor": (n for n in (1, 3))}).clips["actor"]) == [1, 3]
    assert list(store.load("raw", where={"actor": pd.Series([1, 3])}).clips["actor"]) == [1, 3]


def test_a_value_that_looks_like_a_slip_is_refused(store):
    with pytest.raises(UnknownNameError) as error:
        store.load("raw", where={"emotion": ["sad", "Angry"]})
    assert str(error.value).startswith("unknown value of emotion 'Angry': did you mean 'angry'")
    with pytest.raises(UsageError) as error:
        store.load("raw", where={"num_frames": "1600"})
    assert str(error.value).startswith(
        "where={'num_frames': '1600'} is text; num_frames is a number such as "
    )
    assert len(store.load("raw", where={"statement": "Birds sing"})) == 0


def test_a_selection_of_another_kind_is_refused(store):
    with pytest.raises(UsageError) as error:
        store.load("raw", where=["03-01-05-01-01-01-01"])
    assert str(error.value) == (
        "where=['03-01-05-01-01-01-01'] chooses no clips; values by column, a query, a boolean "
        "Series or a function do; read(feature, clip_ids) reads clips by name"
    )
    with pytest.raises(UsageError) as error:
        store.load("raw", where={"actor": [[1]]})
    assert str(error.value) == (
        "where={'actor': [[1]]} cannot be understood; a value or a list of values is allowed"
    )
    with pytest.raises(UsageError) as error:
        store.load(Path("raw"))
    assert str(error.value).endswith("('raw') is not a name; a name such as 'mel128' is allowed")


def test_pandas_is_loaded_only_for_metadata(store):
    """A batch is mostly read for its values; a table of metadata takes longer than they do."""
    batch = store.load("raw", where={"actor": [1, 2]})
    assert "clips" not in vars(batch)
    assert batch.clip_ids == tuple(batch.clips.index)
    assert [row.actor for row in batch.rows] == list(batch.clips["actor"])
    assert batch.clips is batch.clips


def test_metadata_keeps_its_types_whichever_clips_are_read(store):
    whole = store.load("raw").clips
    for where in ({"actor": 1}, {"actor": 24}):
        assert list(store.load("raw", where=where).clips.dtypes) == list(whole.dtypes)


def test_a_mask_may_hold_missing_values(store):
    """A comparison with the rate of clips that were never resampled is unknown, so not true."""
    assert len(store.load("raw", where=lambda clips: clips["resampled_from"] > 0)) == 0


def test_columns_choose_the_metadata(store):
    batch = store.load("raw", columns=["sex", "actor"])
    assert list(batch.clips.columns) == ["sex", "actor"]
    assert batch.clips.index.name == "clip_id"
    assert len(batch.y) == CLIPS
    assert list(store.load("raw", columns=[]).clips.columns) == []
    with pytest.raises(UnknownNameError) as error:
        store.load("raw", columns=["gender"])
    assert str(error.value).startswith("unknown column 'gender'; there are: actor, age, channels, ")


def test_an_unknown_feature(store, path):
    for read in (store.load, store.spec, store.layout, store.select, lambda f: store.read(f, [])):
        with pytest.raises(UnknownNameError) as error:
            read("mel88")
        assert str(error.value) == (
            f"unknown feature 'mel88' in the store {path}: did you mean 'mel8'?; there are: "
            "change_deviation, frames, mel8, ragged, raw; compute it with 'serkit extract SRC "
            "--features mel88'"
        )


# By name


def test_read_keeps_the_requested_order(store):
    ids = [kit.clip_id(n) for n in (5, 1, 9, 1)]
    batch = store.read("raw", ids, padded=False)
    assert list(batch.clips.index) == ids
    for values, number in zip(batch.X, (5, 1, 9, 1), strict=True):
        np.testing.assert_array_equal(values, kit.sound(number))


def test_read_takes_the_options_of_load(store):
    ids = [kit.clip_id(1)]
    options = {"scale": "db", "reference": 10.0, "top_db": None, "columns": ["actor"]}
    got = store.read("mel8", ids, **options)
    position = list(sounds()).index(ids[0])
    np.testing.assert_array_equal(got.X[0], store.load("mel8", **options).X[position])
    assert list(got.clips.columns) == ["actor"]


def test_read_takes_any_iterable_of_ids_but_no_single_name(store):
    ids = [kit.clip_id(n) for n in (2, 1)]
    assert store.read("raw", iter(ids)).clip_ids == tuple(ids)
    with pytest.raises(UsageError) as error:
        store.read("raw", ids[0])
    assert str(error.value) == (f"clip_ids = '{ids[0]}' is one name; a list of clip ids is allowed")


def test_an_option_that_reading_does_not_have(store):
    with pytest.raises(TypeError, match="unexpected keyword argument 'pad'"):
        store.load("raw", pad=False)


def test_read_of_an_unknown_clip(store):
    with pytest.raises(UnknownNameError, match="unknown clip '03-01'"):
        store.read("raw", ["03-01"])


# Batch by batch


@pytest.mark.parametrize("size", [1, 5, 6, 12, 100])
def test_batches_hold_every_clip_once_and_never_more_than_requested(store, size):
    batches = list(store.batches("mel8", size))
    assert all(len(batch) <= size for batch in batches)
    assert all(len(batch) == size for batch in batches[:-1])
    whole = store.load("mel8")
    np.testing.assert_array_equal(np.concatenate([b.X for b in batches]), whole.X)
    np.testing.assert_array_equal(np.concatenate([b.y for b in batches]), whole.y)
    assert [i for b in batches for i in b.clips.index] == list(whole.clips.index)


def test_batches_are_read_lazily(store, monkeypatch):
    from serkit.store import reading as module

    read = []
    real = module.read_values

    def read_values(parts, rows, options):
        read.append(len(rows))
        return real(parts, rows, options)

    monkeypatch.setattr(module, "read_values", read_values)
    batches = store.batches("mel8", 5)
    assert read == []
    next(batches)
    assert read == [5]
    list(batches)
    assert read == [5, 5, 2]


def test_shuffled_batches_depend_on_the_seed_alone(store):
    def order(**options):
        return [i for b in store.batches("raw", 5, **options) for i in b.clips.index]

    plain = order()
    assert order(shuffle=True, seed=1) == order(shuffle=True, seed=1)
    assert order(shuffle=True, seed=1) != order(shuffle=True, seed=2)
    assert sorted(order(shuffle=True, seed=1)) == plain
    assert order(shuffle=True, seed=1) != plain
    for batch in store.batches("raw", 5, shuffle=True, padded=False):
        for clip_id, values in zip(batch.clips.index, batch.X, strict=True):
            np.testing.assert_array_equal(values, sounds()[clip_id])


def test_batches_take_the_options_of_load(store):
    (batch,) = store.batches(
        "mel8", 32, where={"actor": 1}, columns=["sex"], padded=False, scale="db", top_db=10.0
    )
    whole = store.load("mel8", where={"actor": 1}, padded=False, scale="db", top_db=10.0)
    np.testing.assert_array_equal(batch.X[0], whole.X[0])
    assert list(batch.clips.columns) == ["sex"]


@pytest.mark.parametrize("size", [0, -1])
def test_a_batch_of_nothing(store, size):
    with pytest.raises(UsageError) as error:
        next(store.batches("raw", size))
    assert str(error.value) == f"a batch of {size} clips; 1 or more is allowed"


# Not all there


def test_a_feature_that_is_not_current_for_every_clip(corpus, tmp_path):
    grown = tmp_path / "corpus"
    kit.make_clips(grown, range(4))
    kit.fill(grown, tmp_path / "store")
    kit.make_clips(grown, range(4, 6))
    kit.fill(grown, tmp_path / "store", [kit.raw()])
    store = FeatureStore(tmp_path / "store")
    assert len(store.load("raw")) == 6
    for read in (store.load, store.select, lambda f: next(store.batches(f))):
        with pytest.raises(IncompleteFeatureError) as error:
            read("mel8")
        assert str(error.value) == (
            f"mel8 is not current for 2 of 6 clips in {tmp_path / 'store'}; 'serkit store why "
            "mel8' says why, 'serkit extract SRC --features mel8' computes them"
        )
    assert isinstance(error.value, StoreError)
    missing = kit.clip_id(5)
    with pytest.raises(IncompleteFeatureError) as error:
        store.read("mel8", [kit.clip_id(0), missing])
    assert str(error.value) == (
        f"mel8 is not current for clip {missing} in {tmp_path / 'store'}; 'serkit store why mel8' "
        "says why"
    )
    # What is there can be had.
    assert len(store.load("mel8", where={"actor": [1, 2, 3, 4]})) == 4
    assert len(store.read("mel8", [kit.clip_id(0)])) == 1


def test_a_reader_sees_what_was_committed_since_it_was_opened(tmp_path):
    corpus = kit.make_clips(tmp_path / "corpus", range(3))
    kit.fill(corpus, tmp_path / "store", [kit.raw()])
    store = FeatureStore(tmp_path / "store")
    kit.make_clips(corpus, range(3, 5))
    kit.fill(corpus, tmp_path / "store", [kit.raw(), kit.mel()])
    assert store.features == ("raw", "mel8")
    assert len(store.load("mel8")) == 5
    assert len(store.clips) == 5


def test_an_iteration_does_not_mix_up_what_others_see(tmp_path):
    """Batches go on over the clips they began with; the store tells the newest ones."""
    corpus = kit.make_clips(tmp_path / "corpus", range(4))
    kit.fill(corpus, tmp_path / "store", [kit.raw()])
    store = FeatureStore(tmp_path / "store")
    batches = store.batches("raw", 2)
    next(batches)
    kit.add_clip(corpus, 4)
    kit.fill(corpus, tmp_path / "store", [kit.raw()])
    assert len(store.clips) == 5
    assert len(next(batches)) == 2
    assert list(batches) == []
    assert len(store.clips) == 5
    assert len(store.load("raw")) == 5


def test_no_extractor_is_needed_to_read(path, monkeypatch):
    monkeypatch.delattr(mel_module, "EXTRACTOR")
    assert FeatureStore(path).load("mel8").X.shape == (CLIPS, 8, 76)


# Without serkit


def test_array_parts_can_be_read_with_h5py_alone(path, store):
    found = {}
    for part in sorted((path / "parts" / "mel8").glob("*.h5")):
        with h5py.File(part) as file:
            spec = json.loads(file.attrs["spec"])
            assert spec["name"] == "mel8"
            assert spec["parameters"]["n_mels"] == 8
            assert file.attrs["axis"] == "frames"
            assert file.attrs["padded_length"] == 76
            item = tuple(file.attrs["item_shape"])
            for clip_id, offset, length, lead in zip(
                file["clip_id"].asstr()[:],
                file["offset"],
                file["length"],
                file["lead"],
                strict=True,
            ):
                flat = file["values"][offset : offset + length * int(np.prod(item))]
                found[clip_id] = np.pad(flat.reshape(*item, length), ((0, 0), (lead, 0)))
    whole = store.load("mel8")
    assert sorted(found) == list(whole.clips.index)
    np.testing.assert_array_equal(np.stack([found[i] for i in sorted(found)]), whole.X)


def test_table_parts_and_tables_can_be_read_with_pandas_alone(path, store):
    parts = (path / "parts" / "change_deviation").glob("*.parquet")
    frame = pd.concat([pd.read_parquet(part) for part in parts]).set_index("clip_id").sort_index()
    whole = store.load("change_deviation")
    assert list(frame.index) == list(whole.clips.index)
    np.testing.assert_array_equal(frame["change_deviation"], whole.X[:, 0])
    (table,) = read_state(path).manifest.tables["clips"]
    clips = pd.read_parquet(path / table.file).set_index("clip_id").sort_index()
    assert list(clips["actor"]) == list(store.clips["actor"])


def test_padding_costs_no_disk(path):
    """Values lie unpadded, so a part is about as large as its clips."""
    size = sum(part.stat().st_size for part in (path / "parts" / "raw").glob("*"))
    live = sum(samples.nbytes for samples in sounds().values())
    assert live < size < 1.3 * live < CLIPS * kit.PAD_TO * 2

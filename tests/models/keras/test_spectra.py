"""Clips as the nets read them: scaled by the training side, padded no more than needed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import storekit
from netkit import BANDS, clips_of, ids_of, make_store
from serkit.errors import ClipTooLongError, UsageError
from serkit.features import EXTRACTORS, resolve
from serkit.models import TRAINERS
from serkit.models.keras.batches import STEP, assemble, bucket, ordered_batches, random_batches
from serkit.models.keras.scaling import Scaling, fit_scaling
from serkit.models.keras.source import Source
from serkit.models.keras.spectra import Spectra
from serkit.store.store import FeatureStore

SLOW = {"speed": 0.8}


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> FeatureStore:
    return make_store(tmp_path_factory.mktemp("spectra"))


def source(store: FeatureStore, **values: object) -> Source:
    settled = TRAINERS.get("lstm").settle("mel", {"features": "mel8", **values})
    return Source.of(settled, store)


@pytest.fixture
def cropped(store) -> Spectra:
    return Spectra(clips_of(store, 1, 2), source(store))


@pytest.fixture
def front(store) -> Spectra:
    return Spectra(clips_of(store, 1, 2), source(store, padding="front", scale="power"))


@pytest.fixture
def short(store) -> Spectra:
    return Spectra(clips_of(store, 1, 2), source(store, padding="short", scale="power"))


def test_clips_longer_than_the_recipe_pads_to_are_refused_where_they_would_be_cut(store):
    clips = clips_of(store, 1, 2)
    padded = replace(source(store, padding="front", scale="power"), length=2)
    with pytest.raises(ClipTooLongError, match=r"longer than the 2 frames that mel8 pads to"):
        Spectra(clips, padded)
    assert len(Spectra(clips, source(store))) == len(clips)  # true lengths


class TestReading:
    def test_returns_bands_in_the_requested_order(self, store, cropped):
        first, last = cropped.take(np.array([3, 0]))
        ids = ids_of(store, 1, 2)
        stored = store.read("mel8", [ids[3], ids[0]], padded=False, scale="db").X
        np.testing.assert_array_equal(first, stored[0].T)
        np.testing.assert_array_equal(last, stored[1].T)

    def test_keeps_clips_only_while_they_fit(self, store):
        data = clips_of(store, 1)
        kept, streamed = Spectra(data, source(store)), Spectra(data, source(store), cache_bytes=10)
        places = np.arange(len(data))
        for _ in range(2):
            for one, other in zip(kept.take(places), streamed.take(places), strict=True):
                np.testing.assert_array_equal(one, other)
        assert kept.take(places)[0] is kept.take(places)[0]
        assert streamed.take(places)[0] is not streamed.take(places)[0]

    def test_refuses_what_is_no_spectrogram(self, tmp_path):
        storekit.make_clips(tmp_path / "clips", range(2))
        storekit.fill(tmp_path / "clips", tmp_path / "store", [storekit.deviation()])
        with pytest.raises(UsageError, match="features = 'change_deviation' is not a spectrogram"):
            source(FeatureStore(tmp_path / "store"), features="change_deviation")


class TestScaling:
    def test_over_live_frames_gives_each_band_mean_0_and_deviation_1(self, cropped):
        scaling = fit_scaling(cropped, "live")
        frames = np.concatenate([scaling(clip) for clip in cropped.take(np.arange(len(cropped)))])
        np.testing.assert_allclose(frames.mean(axis=0), 0, atol=1e-4)
        np.testing.assert_allclose(frames.std(axis=0), 1, atol=1e-4)

    def test_over_all_frames_counts_the_padding(self, front):
        scaling = fit_scaling(front, "all")
        clips = front.take(np.arange(len(front)))
        whole = assemble(clips, front.source, Scaling.identity(BANDS))["frames"]
        np.testing.assert_allclose(scaling.mean, whole.mean(axis=(0, 1)), rtol=1e-4)
        np.testing.assert_allclose(scaling.deviation, whole.std(axis=(0, 1)), rtol=1e-4)

    def test_none_changes_nothing(self, front):
        clip = front.take(np.arange(1))[0]
        np.testing.assert_array_equal(fit_scaling(front, "none")(clip), clip)

    def test_survives_json(self, cropped):
        scaling = fit_scaling(cropped, "live")
        again = Scaling.from_json(scaling.to_json())
        np.testing.assert_array_equal(scaling.mean, again.mean)
        np.testing.assert_array_equal(scaling.deviation, again.deviation)


class TestBatches:
    def test_in_front_are_padded_with_scaled_silence(self, front):
        scaling = Scaling(np.full(BANDS, 2.0), np.full(BANDS, 4.0))
        clip = scaling(front.take(np.arange(1))[0])
        frames = assemble([clip], front.source, scaling)["frames"][0]
        assert len(frames) == front.source.length
        np.testing.assert_array_equal(frames[-len(clip) :], clip)
        np.testing.assert_array_equal(frames[: -len(clip)], np.float32(-0.5))

    def test_in_front_keep_the_end_of_what_a_slower_tempo_made_too_long(self, front, short):
        clip = np.arange(float(front.source.length + 5))[:, None] * np.ones(BANDS)
        for source in (front.source, short.source):
            frames = assemble([clip], source, Scaling.identity(BANDS))["frames"][0]
            np.testing.assert_array_equal(frames, clip[5:])

    def test_that_are_short_are_padded_in_front_as_far_as_the_longest_needs(self, short):
        scaling = Scaling(np.full(BANDS, 2.0), np.full(BANDS, 4.0))
        clips = [scaling(clip) for clip in short.take(np.arange(4))]
        inputs = assemble(clips, short.source, scaling)
        assert list(inputs) == ["frames"]
        longest = max(map(len, clips))
        assert inputs["frames"].shape[1] == min(bucket(longest), short.source.length)
        for frames, clip in zip(inputs["frames"], clips, strict=True):
            np.testing.assert_array_equal(frames[len(frames) - len(clip) :], clip)
            np.testing.assert_array_equal(frames[: len(frames) - len(clip)], np.float32(-0.5))

    def test_masked_ones_mark_the_padding(self, short):
        masked = replace(short.source, padding="masked")
        clips, scaling = short.take(np.arange(4)), Scaling.identity(BANDS)
        inputs = assemble(clips, masked, scaling)
        plain = assemble(clips, short.source, scaling)
        np.testing.assert_array_equal(inputs["frames"], plain["frames"])
        assert inputs["live"].sum(axis=1).tolist() == [len(clip) for clip in clips]
        assert (np.diff(inputs["live"], axis=1) >= 0).all()  # before the clip, never behind it

    def test_that_are_short_are_never_longer_than_the_recipe_pads(self, short):
        length = short.source.length
        assert length % STEP  # or this would test nothing
        frames = assemble(
            [np.ones((length, BANDS), np.float32)], short.source, Scaling.identity(BANDS)
        )["frames"]
        assert frames.shape[1] == length

    def test_in_true_length_are_no_longer_than_their_longest_clip_needs(self, cropped):
        clips = cropped.take(np.arange(4))
        batch = assemble(clips, cropped.source, Scaling.identity(BANDS))
        assert batch["frames"].shape[1] == bucket(max(map(len, clips)))
        assert batch["live"].sum(axis=1).tolist() == [len(clip) for clip in clips]
        assert not batch["frames"][batch["live"] == 0].any()

    @pytest.mark.parametrize(("length", "padded"), [(1, 32), (32, 32), (33, 64)])
    def test_have_few_lengths(self, length, padded):
        assert bucket(length) == padded

    @pytest.mark.parametrize("padding", ["crop", "short"])
    def test_for_prediction_hold_clips_of_one_bucket(self, store, padding):
        clips = Spectra(clips_of(store, 1, 2), source(store, padding=padding))
        batches = ordered_batches(clips, 3)
        assert sorted(np.concatenate(batches)) == list(range(len(clips)))
        for batch in batches:
            assert len(batch) <= 3
            assert len({bucket(int(n)) for n in clips.lengths[batch]}) == 1

    @pytest.mark.parametrize("padding", ["crop", "front", "short"])
    def test_for_training_hold_every_clip_once_and_others_each_epoch(self, store, padding):
        clips = Spectra(clips_of(store, 1, 2), source(store, padding=padding))
        random = np.random.default_rng(0)
        first, second = (random_batches(clips, 5, random) for _ in range(2))
        again = random_batches(clips, 5, np.random.default_rng(0))
        for epoch in (first, second):
            assert sorted(np.concatenate(epoch)) == list(range(len(clips)))
        assert np.concatenate(first).tolist() != np.concatenate(second).tolist()
        assert np.concatenate(first).tolist() == np.concatenate(again).tolist()

    @pytest.mark.parametrize("padding", ["short", "masked"])
    def test_for_training_do_not_go_by_length_where_padding_is_in_front(self, store, padding):
        clips, fixed = (
            Spectra(clips_of(store, 1, 2), replace(source(store, padding="front"), padding=each))
            for each in (padding, "front")
        )
        assert len(set(clips.lengths)) > 1  # or this would test nothing
        found, wanted = (
            np.concatenate(random_batches(each, 5, np.random.default_rng(0)))
            for each in (clips, fixed)
        )
        assert found.tolist() == wanted.tolist()


def test_the_bands_of_a_mel_feature_have_known_edges(store):
    spectra = Spectra(clips_of(store, 1), source(store))
    assert spectra.edges is not None
    assert spectra.edges.shape == (BANDS + 2,)
    assert (spectra.edges[0], spectra.edges[-1]) == (0.0, pytest.approx(24_000))
    assert (np.diff(spectra.edges) > 0).all()


class TestCopies:
    """Clips in other voices follow all clips as recorded."""

    @pytest.fixture
    def copied(self, tmp_path) -> Spectra:
        store = make_store(tmp_path, actors=2)
        slow = resolve("mel8-slow", EXTRACTORS.get("mel"), storekit.mel().parameters, "", SLOW)
        storekit.fill(tmp_path / "corpus", tmp_path / "store", [slow])
        data = replace(clips_of(store, 1), voices=("slow",))
        return Spectra(data, source(store))

    def test_they_are_more_clips_with_their_clips_labels(self, copied):
        assert len(copied) == 16
        assert copied.labels.tolist() == [*range(8), *range(8)]
        assert (copied.lengths[8:] > copied.lengths[:8]).all()

    def test_they_are_read_in_their_places(self, copied):
        every = copied.take(np.arange(16))
        assert [len(each) for each in every] == copied.lengths.tolist()
        mixed = copied.take(np.array([12, 3, 9, 3]))
        for frames, position in zip(mixed, (12, 3, 9, 3), strict=True):
            assert np.array_equal(frames, every[position])

    def test_epochs_go_over_all_of_them(self, copied):
        batches = random_batches(copied, 5, np.random.default_rng(0))
        assert sorted(np.concatenate(batches).tolist()) == list(range(16))

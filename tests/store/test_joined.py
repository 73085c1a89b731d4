"""Several stores read as one."""

from pathlib import Path

import numpy as np
import pytest

import serkit
from serkit.errors import UnknownNameError, UsageError
from serkit.labels import LabelSet
from serkit.store.joined import JoinedStore, shared_labels
from serkit.store.store import FeatureStore
from serkit.vocabulary import Vocabulary

SHARED = ("angry", "disgust", "fearful", "happy", "neutral", "sad")


@pytest.fixture(scope="module")
def stores(speech_store: Path, german_store: Path) -> tuple[FeatureStore, FeatureStore]:
    return FeatureStore(speech_store), FeatureStore(german_store)


@pytest.fixture(scope="module")
def joined(stores: tuple[FeatureStore, FeatureStore]) -> JoinedStore:
    return JoinedStore(stores, LabelSet(SHARED), Vocabulary())


def test_clips_of_labels_that_are_not_shared_are_left_out_and_counted(joined: JoinedStore) -> None:
    found = {(each.corpus, each.label): each.clips for each in joined.state.left_out}
    assert found == {
        ("synthetic", "calm"): 12,
        ("synthetic", "surprised"): 12,
        ("emodb", "boredom"): 12,
    }
    assert {clip.emotion for clip in joined.state.clips.values()} == set(SHARED)


def test_emotions_are_numbered_anew(joined: JoinedStore) -> None:
    for clip in joined.state.clips.values():
        assert joined.labels[clip.emotion_id] == clip.emotion


def test_speakers_of_two_corpora_are_different_people(joined: JoinedStore) -> None:
    speakers = {clip.speaker for clip in joined.state.clips.values()}
    assert len(speakers) == 12
    assert all(clip.actor is None for clip in joined.state.clips.values())
    assert {"emodb/03", "synthetic/3"} <= speakers


def test_values_come_from_the_stores_in_the_requested_order(
    joined: JoinedStore, stores: tuple[FeatureStore, FeatureStore]
) -> None:
    synthetic, german = (ids[0] for ids in joined.state.members)
    batch = joined.read("functionals", [german, synthetic])
    ours = stores[0].read("functionals", [synthetic.removeprefix("synthetic/")]).X[0]
    theirs = stores[1].read("functionals", [german.removeprefix("emodb/")]).X[0]
    np.testing.assert_array_equal(batch.X, [theirs, ours])
    assert batch.clip_ids == (german, synthetic)


def test_padded_values_of_two_stores_have_one_length(tmp_path: Path, make_corpus) -> None:
    opened = []
    for number, name in enumerate("ab"):
        ids = [f"03-01-05-01-01-01-{actor:02}" for actor in range(2 * number + 1, 2 * number + 3)]
        folder = make_corpus(ids, folder=name, seconds=0.3 + number / 2)
        serkit.extract(folder, store=tmp_path / f"{name}-store", features=["tracks40"], workers=1)
        opened.append(FeatureStore(tmp_path / f"{name}-store"))
    store = JoinedStore(opened, LabelSet(("angry",)), Vocabulary())
    batch = store.read("tracks40", sorted(store.state.clips))
    assert batch.X.shape[-1] == batch.lengths.max() > batch.lengths.min()
    shortest = int(batch.lengths.argmin())
    assert not batch.X[shortest][..., : batch.X.shape[-1] - batch.lengths[shortest]].any()


def test_a_feature_that_one_store_lacks_is_refused(joined: JoinedStore) -> None:
    with pytest.raises(UnknownNameError, match=r"'change_deviation' in .*german-store"):
        joined.select("change_deviation")


def test_recipes_that_differ_are_refused_with_the_difference(tmp_path: Path, make_corpus) -> None:
    opened = []
    for actor, hop in ((1, 480), (2, 960)):
        folder = make_corpus([f"03-01-05-01-01-01-{actor:02}"], folder=f"corpus-{actor}")
        recipe = tmp_path / f"definitions-{actor}" / "own.toml"
        recipe.parent.mkdir()
        recipe.write_text(f'extractor = "mfcc"\n[parameters]\nhop_length = {hop}\n')
        store = tmp_path / f"store-{actor}"
        serkit.extract(folder, store=store, features=["own"], definitions=recipe.parent, workers=1)
        opened.append(FeatureStore(store))
    store = JoinedStore(opened, LabelSet(("angry",)), Vocabulary())
    with pytest.raises(UsageError, match=r"another recipe than in .*hop_length 480 -> 960"):
        store.spec("own")


def test_the_same_clip_in_two_stores_is_refused(speech_store: Path) -> None:
    store = FeatureStore(speech_store)
    twice = JoinedStore([store, store], store.labels, Vocabulary())
    with pytest.raises(UsageError, match="96 clips are in two of the stores"):
        _ = twice.state


def _labels(stores: tuple[FeatureStore, FeatureStore]) -> dict[str, LabelSet]:
    return {store.location: store.labels for store in stores}


def test_stores_that_share_too_few_labels_are_refused_with_the_labels_of_each(
    stores: tuple[FeatureStore, FeatureStore],
) -> None:
    with pytest.raises(UsageError) as refused:
        shared_labels(_labels(stores), Vocabulary(), at_least=7)
    assert "german-store has angry, boredom, disgust" in str(refused.value)
    assert "join labels with --map ONE=OTHER" in str(refused.value)


def test_labels_are_joined_on_request(
    stores: tuple[FeatureStore, FeatureStore],
) -> None:
    labels = shared_labels(_labels(stores), Vocabulary({"calm": "boredom"}))
    assert set(labels) == {*SHARED, "bored"}

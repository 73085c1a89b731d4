"""The summary that a writer keeps in the manifest: it answers as the tables do, or is not there."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

import storekit as kit
from serkit.errors import IncompleteFeatureError, UnknownNameError
from serkit.extraction.repair import repair
from serkit.store.gc import gc
from serkit.store.listing import list_store, status_of
from serkit.store.manifest import read_manifest, write_manifest
from serkit.store.opening import open_writer
from serkit.store.segment import Segment
from serkit.store.state import corpus_digest
from serkit.store.status import feature_status, summarise
from serkit.store.store import FeatureStore
from serkit.store.summary import StoreSummary


class Recipes:
    """Recipes by name; those that are not named are only in the store."""

    def __init__(self, *specs):
        self._specs = {spec.name: spec for spec in specs}

    def get(self, name):
        if name not in self._specs:
            raise UnknownNameError(f"no recipe {name}")
        return self._specs[name]


@pytest.fixture
def corpus(tmp_path):
    return kit.make_clips(tmp_path / "corpus", range(6))


@pytest.fixture
def store(corpus, tmp_path):
    kit.fill(corpus, tmp_path / "store")
    return tmp_path / "store"


def without_summary(store):
    """Make a store as a serkit without summaries writes it."""
    write_manifest(store, replace(read_manifest(store), summary=None))


def refuse_to_decode(monkeypatch):
    """Make every attempt to decode a table fail."""

    def refuse(*arguments, **options):
        raise AssertionError("a table is decoded")

    monkeypatch.setattr(Segment, "group", refuse)


def test_an_extraction_leaves_a_summary_that_says_what_the_tables_say(store):
    assert read_manifest(store).summary == summarise(FeatureStore(store).state)


def test_what_a_later_serkit_counts_besides_is_passed_over(store):
    summary = read_manifest(store).summary
    later = {**summary.to_json(), "seconds": 12.5}
    later["features"] = {n: {**each, "parts": 1} for n, each in later["features"].items()}
    assert StoreSummary.from_json(later) == summary


def test_a_listing_is_the_same_with_and_without_a_summary(store):
    kept = list_store(FeatureStore(store), Recipes())
    assert [(each.current, each.missing) for each in kept.features] == [(6, 0)] * 3
    without_summary(store)
    assert list_store(FeatureStore(store), Recipes()) == kept


def test_listing_a_current_store_decodes_no_table(store, monkeypatch):
    opened = FeatureStore(store)
    refuse_to_decode(monkeypatch)
    assert list_store(opened, Recipes(*kit.recipes())).clips == 6
    assert status_of(opened.state, Recipes(), "raw").counts["current"] == 6
    assert len(opened.corpus_digest) == 64


def test_clips_are_compared_anew_with_a_recipe_that_has_changed(store):
    changed = Recipes(kit.raw(pad_to=2 * kit.PAD_TO))
    (raw,) = (f for f in list_store(FeatureStore(store), changed).features if f.feature == "raw")
    assert (raw.current, raw.stale) == (0, 6)
    assert status_of(FeatureStore(store).state, changed, "raw").counts["stale"] == 6


def test_clips_that_are_behind_are_named_although_they_are_counted(store, corpus):
    kit.add_clip(corpus, 6)
    kit.fill(corpus, store, [kit.raw()])
    mel8 = kit.mel().name
    assert read_manifest(store).summary.features[mel8].counts["missing"] == 1
    status = status_of(FeatureStore(store).state, Recipes(), mel8)
    assert [(clip.clip_id, clip.condition) for clip in status.clips] == [
        (kit.clip_id(6), "missing")
    ]
    with pytest.raises(IncompleteFeatureError, match="not current for 1 of 7 clips"):
        FeatureStore(store).load(mel8)


def test_a_clip_that_failed_is_counted_and_left_out_of_what_is_read(store, corpus):
    broken = kit.add_clip(corpus, 6)
    broken.write_bytes(broken.read_bytes()[:30])
    kit.fill(corpus, store)
    opened = FeatureStore(store)
    listed = list_store(opened, Recipes())
    assert len(opened.load("raw")) == 6
    without_summary(store)
    assert list_store(FeatureStore(store), Recipes()) == listed


def test_a_commit_in_between_has_no_summary(store):
    with open_writer(store) as writer:
        writer.drop_values("raw", [kit.clip_id(0)])
        writer.commit()
        assert read_manifest(store).summary is None
        writer.finish()
    assert read_manifest(store).summary.features["raw"].counts["missing"] == 1


def test_a_store_that_has_its_summary_is_not_committed_to_again(store, corpus):
    before = (store / "manifest.json").read_bytes()
    kit.fill(corpus, store)
    gc(store)
    assert (store / "manifest.json").read_bytes() == before


def test_a_store_of_an_older_serkit_gets_a_summary_when_it_is_extracted_into(store, corpus):
    without_summary(store)
    kit.fill(corpus, store)
    assert read_manifest(store).summary == summarise(FeatureStore(store).state)


def test_repair_counts_again(store):
    first = read_manifest(store).features["raw"].index[0]
    (store / first.file).unlink()
    repair(store, workers=1)
    state = FeatureStore(store).state
    assert state.manifest.summary == summarise(state)
    assert state.manifest.summary.features["raw"].counts["missing"] == 6
    assert feature_status(state, kit.raw()).counts["missing"] == 6


@pytest.mark.parametrize("at_once", [1, 4, 6, 4096])
@pytest.mark.parametrize("sorted_at_once", [1, 4, 4096])
def test_a_corpus_is_identified_by_the_hash_of_one_json_text(
    store, at_once, sorted_at_once, monkeypatch
):
    """Hashed and sorted some clips at a time, stored in runs: the identity must never change."""
    monkeypatch.setattr("serkit.store.identity._AT_ONCE", at_once)
    monkeypatch.setattr("serkit.packed._SORTED_AT_ONCE", sorted_at_once)
    monkeypatch.setattr("serkit.packed._MERGED_AT_ONCE", 2)
    clips = FeatureStore(store).state.clips
    rows = sorted([row.corpus, row.clip_id, row.pcm_sha256] for row in clips.values())
    text = json.dumps(rows, separators=(",", ":"))
    backwards = reversed(clips.values())
    assert corpus_digest(backwards) == hashlib.sha256(text.encode()).hexdigest()
    assert corpus_digest([]) == hashlib.sha256(b"[]").hexdigest()

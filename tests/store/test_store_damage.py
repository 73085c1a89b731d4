"""Every flipped byte and every lost file is found, and repair computes again what was hit."""

from __future__ import annotations

import json
import os
import random
import sys
from contextlib import ExitStack, suppress
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest
from xxhash import xxh3_64_hexdigest

import storekit as kit
from serkit.errors import (
    NotFoundError,
    SerkitError,
    StoreCorruptError,
    StoreError,
    StoreReadError,
)
from serkit.extraction.repair import repair
from serkit.features import ArrayLayout
from serkit.features.spec import canonical_json
from serkit.store import state as state_module
from serkit.store.gc import gc
from serkit.store.manifest import read_manifest
from serkit.store.opening import open_writer
from serkit.store.parts import find_values
from serkit.store.state import read_state
from serkit.store.status import feature_status
from serkit.store.store import FeatureStore
from serkit.store.verify import verify

CLIPS = 12

KINDS = ("raw", "mel8", "change_deviation", "files", "clips", "index")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return kit.make_clips(tmp_path_factory.mktemp("corpus"), range(CLIPS))


@pytest.fixture(scope="module")
def pristine(corpus, tmp_path_factory):
    store = tmp_path_factory.mktemp("pristine") / "store"
    kit.fill(corpus, store)
    return store


@pytest.fixture(scope="module")
def whole(pristine):
    return kit.contents(pristine)


@pytest.fixture
def store(pristine, tmp_path):
    return kit.copy_store(pristine, tmp_path / "store")


def files_of(store, kind):
    """Return the files that hold one kind of thing."""
    state = read_state(store)
    manifest = state.manifest
    if kind in manifest.features:
        return [store / name for name in state.parts(kind)]
    if kind == "index":
        tables = [feature.index for feature in manifest.features.values()]
        return [store / file.file for table in tables for file in table]
    return [store / file.file for file in manifest.tables[kind]]


def places(path, count, seed=0):
    """Return offsets in a file: both ends and some between, the same ones every time."""
    size = path.stat().st_size
    some = random.Random(seed).sample(range(size), min(count, size))
    return [0, size - 1, *some]


def values_range(store, feature, part):
    """Return where a part's values begin and end in its file, and its clips' byte ranges."""
    state = read_state(store)
    layout = state.manifest.features[feature].layout
    assert isinstance(layout, ArrayLayout)
    place = find_values(store / part, layout)
    size = np.dtype(layout.dtype).itemsize
    item = int(np.prod(layout.item, dtype=int)) * size
    start = place.offset
    clips = {
        row.clip_id: (start + row.offset * size, start + row.offset * size + row.length * item)
        for row in state.index[feature].values()
        if row.part == part
    }
    return start, start + place.count * size, clips


# Found


@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_byte_is_found_wherever_it_is(store, kind):
    for path in files_of(store, kind):
        for position in places(path, 6):
            for mask in (0x01, 0x80):
                kit.flip(path, position, mask)
                (damage,) = verify(store).damaged
                assert store / damage.file == path
                kit.flip(path, position, mask)
    assert kit.is_clean(store)


def test_every_file_of_a_store_is_verified(store):
    report = verify(store)
    files = {p for p in store.rglob("*") if p.is_file()}
    apart = {store / n for n in (".gitignore", ".lock", "manifest.json", "manifest.copy.json")}
    assert report.files == len(files - apart)
    assert report.bytes == sum(p.stat().st_size for p in files - apart)
    seen = []
    verify(store, lambda done, total: seen.append((done, total)))
    assert seen == [(n + 1, report.files) for n in range(report.files)]


def test_damage_is_described(store):
    state = read_state(store)
    first, second = list(state.parts("raw"))[:2]
    (mel,) = state.manifest.features["mel8"].index
    (clips_table,), (files_table,) = (state.manifest.tables[name] for name in ("clips", "files"))
    _, end, clips = values_range(store, "raw", first)
    kit.flip(store / first, end - 1)
    (store / second).unlink()
    os.truncate(store / mel.file, 10)
    kit.flip(store / clips_table.file, 50)
    (store / files_table.file).unlink()
    found = {damage.file: damage for damage in verify(store).damaged}
    hit = max(clips, key=lambda clip: clips[clip])
    assert found[first].what == "values of 1 clip changed"
    assert found[first].feature == "raw"
    assert found[first].clip_ids == (hit,)
    assert found[second].what == f"values of {len(found[second].clip_ids)} clips are missing"
    assert found[mel.file].what == f"the index of mel8 changed size ({mel.bytes:,} -> 10 bytes)"
    assert found[clips_table.file].what == "the clips table changed"
    assert found[files_table.file].what == "the files table is missing"
    assert len(found) == 5


# Not damage


@pytest.mark.skipif(sys.platform == "win32", reason="flock")
def test_a_part_that_another_program_has_locked_is_read(store, whole):
    """Parts never change, so they are read without locks, which HDF5 takes by itself."""
    import fcntl

    with ExitStack() as stack:
        for path in (store / "parts").rglob("*.h5"):
            fcntl.flock(stack.enter_context(path.open("rb")), fcntl.LOCK_EX)
        assert kit.contents(store) == whole
        assert kit.is_clean(store)
        assert repair(store, workers=1).recomputed == {}


def test_no_lock_is_taken(store, whole, monkeypatch):
    """A file system without locks refuses them."""
    import h5py

    real, locking = h5py.File, []

    def opened(*args, **options):
        locking.append(options.get("locking"))
        return real(*args, **options)

    monkeypatch.setattr(h5py, "File", opened)
    assert kit.contents(store) == whole
    assert locking
    assert set(locking) == {False}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_the_system_does_not_let_be_read_is_not_called_damaged(
    store, kind, monkeypatch
):
    refused = files_of(store, kind)[0]
    real = Path.open

    def opened(self, *args, **options):
        if self == refused:
            raise PermissionError(13, "Permission denied")
        return real(self, *args, **options)

    monkeypatch.setattr(Path, "open", opened)
    expected = (
        f"cannot read {refused} (Permission denied); the file is there: check its permissions "
        "and the disk, then try again"
    )
    reads = [kit.contents, verify, lambda path: repair(path, workers=1)]
    if kind == "files":  # reading values does not need what extraction remembers of audio files
        reads.remove(kit.contents)
    for read in reads:
        with pytest.raises(StoreReadError) as error:
            read(store)
        assert str(error.value) == expected
        assert isinstance(error.value, OSError)


# Not read as if nothing were


@pytest.mark.parametrize("kind", ["raw", "mel8"])
def test_an_array_part_is_never_read_from_the_wrong_place(store, whole, kind):
    """A flip outside the values is either harmless or an error; the structure has checksums."""
    path = files_of(store, kind)[0]
    start, end, _ = values_range(store, kind, path.relative_to(store).as_posix())
    size = path.stat().st_size
    outside = [*range(start), *range(end, size)]
    errors = []
    for position in random.Random(1).sample(outside, 100):
        kit.flip(path, position)
        try:
            batch = FeatureStore(store).load(kind, padded=False)
            for clip_id, values in zip(batch.clips.index, batch.X, strict=True):
                assert whole[kind][clip_id].endswith(values.tobytes())
        except StoreCorruptError as error:
            errors.append(str(error))
        kit.flip(path, position)
    assert len(errors) > 10
    assert set(errors) == {f"the part {path.name} is damaged; run 'serkit store repair'"}


@pytest.mark.parametrize("kind", ["change_deviation", "files", "clips", "index"])
def test_tables_are_never_read_wrong(store, whole, kind):
    for path in files_of(store, kind)[:2]:
        for position in places(path, 20):
            kit.flip(path, position)
            with suppress(StoreCorruptError):
                assert kit.contents(store) == whole
            kit.flip(path, position)


def test_a_damaged_table_is_an_error_that_says_what_to_do(store):
    ((name, _, _),) = map(astuple, read_state(store).manifest.tables["clips"])
    kit.flip(store / name, 60)
    with pytest.raises(StoreCorruptError) as error:
        FeatureStore(store)
    assert str(error.value) == f"{name} of the store {store} is damaged; run 'serkit store repair'"
    (store / name).unlink()
    with pytest.raises(StoreCorruptError) as error:
        FeatureStore(store)
    assert str(error.value) == f"{name} of the store {store} is missing; run 'serkit store repair'"


@pytest.mark.parametrize("files", [True, False])
def test_tables_that_a_writer_replaces_are_read_anew(store, monkeypatch, files):
    """The manifest read first is the one before the commit, and its tables are gone."""
    current = read_manifest(store)
    gone = replace(current.tables["clips"][0], file="tables/gone.parquet")
    before = replace(current, tables={**current.tables, "clips": (gone,)})
    answers = iter([before])
    monkeypatch.setattr(state_module, "read_manifest", lambda _store: next(answers, current))
    assert sorted(read_state(store, files=files).clips) == sorted(FeatureStore(store).clips.index)


@pytest.mark.parametrize("kind", ["raw", "change_deviation"])
def test_a_lost_part_is_an_error_that_says_what_to_do(store, kind):
    path = files_of(store, kind)[0]
    path.unlink()
    with pytest.raises(StoreCorruptError) as error:
        FeatureStore(store).load(kind)
    assert str(error.value) == f"the part {path.name} is missing; run 'serkit store repair'"


def test_a_part_cut_short_is_an_error(store):
    for kind in ("raw", "mel8", "change_deviation"):
        path = files_of(store, kind)[0]
        data = path.read_bytes()
        for size in (0, 1, 100, len(data) // 2, len(data) - 1):
            path.write_bytes(data[:size])
            with pytest.raises(StoreCorruptError):
                FeatureStore(store).load(kind)
        path.write_bytes(data)


def test_a_part_of_another_feature_in_its_place_is_an_error(store):
    raw, mel = files_of(store, "raw")[0], files_of(store, "mel8")[0]
    raw.write_bytes(mel.read_bytes())
    with pytest.raises(StoreCorruptError, match=r"is damaged; run 'serkit store repair'"):
        FeatureStore(store).load("raw")


def test_an_extraction_refuses_a_damaged_table(store, corpus):
    """It would take what it cannot read for not there."""
    kit.flip(files_of(store, "index")[0], 70)
    before = {p: p.read_bytes() for p in store.rglob("*") if p.is_file()}
    with pytest.raises(StoreCorruptError, match="run 'serkit store repair'"):
        kit.fill(corpus, store)
    assert {p: p.read_bytes() for p in store.rglob("*") if p.is_file()} == before


# Repaired


@pytest.mark.parametrize("kind", ["raw", "mel8"])
def test_repair_computes_exactly_the_clips_that_were_hit(store, whole, kind):
    """Clips are counted by the byte: one flip in one clip is one clip computed."""
    dice = random.Random(2)
    expected = set()
    for path in files_of(store, kind)[:3]:
        _, _, clips = values_range(store, kind, path.relative_to(store).as_posix())
        for clip_id in dice.sample(sorted(clips), 1 + len(clips) // 2):
            first, end = clips[clip_id]
            kit.flip(path, dice.choice([first, end - 1, dice.randrange(first, end)]))
            expected.add(clip_id)
    assert 3 <= len(expected) < CLIPS
    found = {clip for damage in verify(store).damaged for clip in damage.clip_ids}
    assert found == expected
    with kit.counting_calls() as calls:
        report = repair(store, workers=1)
    assert report.recomputed == {kind: len(expected)}
    assert len(calls) == len(expected)
    assert report.failed == ()
    assert report.notes == ()
    assert kit.is_clean(store)
    assert kit.contents(store) == whole


def test_repair_with_a_flip_between_the_values_computes_the_parts_clips(store, whole):
    path = files_of(store, "raw")[0]
    start, _, clips = values_range(store, "raw", path.relative_to(store).as_posix())
    kit.flip(path, start - 1)
    report = repair(store, workers=1)
    assert report.recomputed == {"raw": len(clips)}
    assert kit.is_clean(store)
    assert kit.contents(store) == whole


def test_repair_of_table_features(store, whole):
    """A Parquet file that cannot be read costs its clips; nothing else is computed."""
    path = files_of(store, "change_deviation")[0]
    name = path.relative_to(store).as_posix()
    rows = read_state(store).index["change_deviation"].values()
    count = sum(row.part == name for row in rows)
    kit.flip(path, 8)
    report = repair(store, workers=1)
    assert set(report.recomputed) == {"change_deviation"}
    assert 1 <= report.recomputed["change_deviation"] <= count
    assert kit.is_clean(store)
    assert kit.contents(store) == whole


def test_repair_of_lost_parts(store, whole):
    for kind in ("raw", "change_deviation"):
        files_of(store, kind)[0].unlink()
    report = repair(store, workers=2)
    assert set(report.recomputed) == {"raw", "change_deviation"}
    assert kit.is_clean(store)
    assert kit.contents(store) == whole


def test_repair_of_an_intact_store_does_nothing(store):
    before = {p: p.read_bytes() for p in store.rglob("*") if p.is_file()}
    report = repair(store, workers=1)
    assert (report.damaged, report.recomputed, report.failed, report.notes) == ((), {}, (), ())
    assert {p: p.read_bytes() for p in store.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize("kind", ["files", "clips", "index"])
@pytest.mark.parametrize("how", ["flip", "lose"])
def test_repair_of_tables_and_the_next_extraction(store, corpus, whole, kind, how):
    """What the table spoke of is found again by the next extraction."""
    path = files_of(store, kind)[0]
    if how == "flip":
        kit.flip(path, 33)
    else:
        path.unlink()
    report = repair(store, workers=1)
    (note,) = report.notes
    what = {"index": "the index of raw"}.get(kind, f"the {kind} table")
    how_much = {"flip": "changed", "lose": "is missing"}[how]
    assert note == f"{what} {how_much}; run 'serkit extract SRC' to compute what it spoke of"
    assert kit.is_clean(store)
    with kit.counting_calls() as calls:
        kit.fill(corpus, store)
    assert len(calls) == (CLIPS if kind == "index" else 0)  # the values were never lost
    assert kit.is_clean(store)
    assert kit.contents(store) == whole


def test_repair_after_any_single_flip_leaves_a_clean_store(pristine, corpus, whole, tmp_path):
    """Some bytes of every file, one store each: repair, extract, and all is as it was."""
    for number, kind in enumerate((*KINDS, "manifest.json", "manifest.copy.json")):
        paths = [pristine / kind] if "." in kind else files_of(pristine, kind)
        path = paths[-1].relative_to(pristine)
        for position in places(paths[-1], 2, seed=number):
            store = kit.copy_store(pristine, tmp_path / f"{number}-{position}")
            kit.flip(store / path, position)
            repair(store, workers=1)
            assert kit.is_clean(store), (path, position)
            kit.fill(corpus, store)
            assert kit.contents(store) == whole, (path, position)


# The manifest


def test_every_flip_in_the_manifest_is_an_error(store):
    path = store / "manifest.json"
    for position in places(path, 60):
        kit.flip(path, position)
        with pytest.raises(StoreCorruptError) as error:
            verify(store)
        assert str(error.value) == f"{path} is damaged; run 'serkit store repair'"
        kit.flip(path, position)
    assert kit.is_clean(store)


def test_digits_changed_in_the_manifest_are_an_error(store):
    """A flip that leaves good JSON behind is found by the digest."""
    path = store / "manifest.json"
    data = path.read_bytes()
    for position in [i for i, byte in enumerate(data) if chr(byte).isdigit()][::40]:
        kit.flip(path, position, 0x01)
        with pytest.raises(StoreCorruptError):
            FeatureStore(store)
        kit.flip(path, position, 0x01)


def test_repair_takes_the_manifest_from_its_copy(store, whole):
    kit.flip(store / "manifest.json", 200)
    report = repair(store, workers=1)
    assert report.notes == (f"{store}/manifest.json is damaged; it was restored from its copy",)
    assert report.recomputed == {}
    assert kit.is_clean(store)
    assert kit.contents(store) == whole


def test_a_lost_manifest_is_not_an_empty_store(store, corpus, whole):
    """Extracting into it would throw every value away."""
    (store / "manifest.json").unlink()
    for read in (FeatureStore, verify, gc, lambda path: kit.fill(corpus, path)):
        with pytest.raises(StoreCorruptError) as error:
            read(store)
        assert str(error.value) == f"{store}/manifest.json is missing; run 'serkit store repair'"
    report = repair(store, workers=1)
    assert report.notes == (f"{store}/manifest.json is missing; it was restored from its copy",)
    assert kit.contents(store) == whole
    assert kit.is_clean(store)


def test_a_damaged_or_lost_copy_is_found_and_written_again(store, whole):
    copy = store / "manifest.copy.json"
    kit.flip(copy, 200)
    (damage,) = verify(store).damaged
    assert (damage.file, damage.what) == (copy.name, "the copy of the manifest changed")
    repair(store, workers=1)
    assert kit.is_clean(store)
    copy.unlink()
    (damage,) = verify(store).damaged
    assert (damage.file, damage.what) == (copy.name, "the copy of the manifest is missing")
    repair(store, workers=1)
    assert kit.is_clean(store)
    assert kit.contents(store) == whole


def test_a_store_without_manifest_and_copy_starts_afresh(store, corpus, whole):
    kit.flip(store / "manifest.json", 200)
    kit.flip(store / "manifest.copy.json", 300)
    report = repair(store, workers=1)
    assert report.notes == (
        f"{store}/manifest.json is damaged, its copy too; moved to manifest.json.damaged-1; "
        "run 'serkit extract SRC' again",
    )
    assert FeatureStore(store).features == ()
    kit.fill(corpus, store)
    assert kit.contents(store) == whole
    assert kit.is_clean(store)


def test_a_store_of_a_newer_serkit(store):
    """Not even repair touches it."""
    data = json.loads((store / "manifest.json").read_text())
    del data["digest"]
    data["format"] = 3
    data["digest"] = xxh3_64_hexdigest(canonical_json(data).encode())
    text = json.dumps(data)
    (store / "manifest.json").write_text(text)
    with pytest.raises(StoreError) as error:
        FeatureStore(store)
    assert str(error.value) == (
        f"{store}/manifest.json has format 3, this serkit reads 2 and older; install the "
        "serkit that wrote it, or extract into another --store"
    )
    assert not isinstance(error.value, StoreCorruptError)
    with pytest.raises(StoreError, match="has format 3"):
        repair(store)
    assert (store / "manifest.json").read_text() == text


# Where the audio is gone


@pytest.fixture
def own(tmp_path):
    """A corpus of the test's own, and a store made from it."""
    corpus = kit.make_clips(tmp_path / "own", range(4))
    kit.fill(corpus, tmp_path / "own-store")
    return corpus, tmp_path / "own-store"


def hit(store, feature, number):
    """Flip a byte in one clip's values."""
    row = read_state(store).index[feature][kit.clip_id(number)]
    _, _, clips = values_range(store, feature, row.part)
    kit.flip(store / row.part, clips[kit.clip_id(number)][0])


def test_repair_without_the_audio_lists_what_it_could_not_compute(own):
    corpus, store = own
    hit(store, "raw", 0)
    hit(store, "raw", 1)
    path = next(corpus.rglob(f"{kit.clip_id(0)}.wav"))
    path.unlink()
    report = repair(store, workers=1)
    (failure,) = report.failed
    place = path.relative_to(corpus).as_posix()
    assert (failure.path, failure.clip_id, failure.error) == (
        place,
        kit.clip_id(0),
        "NotFoundError",
    )
    assert failure.message == (
        f"{place} is not in {corpus.resolve()} any more; run 'serkit extract' on its new folder"
    )
    assert report.recomputed == {"raw": 1}
    assert kit.is_clean(store)  # the damaged values are out of it
    assert set(kit.contents(store)["raw"]) == {kit.clip_id(n) for n in (1, 2, 3)}


def test_repair_of_a_clip_whose_samples_have_changed_lists_it(own):
    corpus, store = own
    whole = kit.contents(store)
    hit(store, "raw", 0)
    path = kit.add_clip(corpus, 0, seed=99)
    report = repair(store, workers=1)
    (failure,) = report.failed
    place = path.relative_to(corpus).as_posix()
    assert (failure.path, failure.error) == (place, "StoreCorruptError")
    assert failure.message == (
        f"{place} holds other samples than when it was extracted; run 'serkit extract' again"
    )
    assert report.recomputed == {"raw": 0}
    assert kit.is_clean(store)
    now = kit.contents(store)
    del whole["raw"][kit.clip_id(0)]
    assert now == whole


def test_repair_of_audio_that_cannot_be_read_any_more_lists_it(own):
    corpus, store = own
    hit(store, "raw", 0)
    path = next(corpus.rglob(f"{kit.clip_id(0)}.wav"))
    path.write_bytes(b"")
    report = repair(store, workers=1)
    (failure,) = report.failed
    assert (failure.error, failure.message) == (
        "EmptyAudioError",
        f"{path.name} is an empty file",
    )
    assert kit.is_clean(store)


def test_there_is_nothing_to_repair_where_no_store_is(tmp_path):
    for act in (repair, verify, gc):
        with pytest.raises(NotFoundError) as error:
            act(tmp_path / "none")
        assert isinstance(error.value, SerkitError)
        assert str(error.value).startswith(f"no feature store in {tmp_path / 'none'}; ")
    assert not Path(tmp_path / "none").exists()


@pytest.mark.parametrize("name", ["../victim.txt", "/etc/hostname", "parts/../../victim.txt"])
def test_a_manifest_that_names_a_file_elsewhere_is_damaged(store, name):
    """A store from somebody else must not be able to name what gc then deletes."""
    from serkit.store.manifest import StoredFile

    assert replace(StoredFile("parts/raw/x.h5", 1, ""), bytes=2).bytes == 2
    with pytest.raises(ValueError, match="is not a file of a store"):
        StoredFile(name, 1, "")
    path = store / "manifest.json"
    text = path.read_text()
    first = files_of(store, "clips")[0].relative_to(store).as_posix()
    path.write_text(text.replace(first, name))
    with pytest.raises(StoreCorruptError):
        FeatureStore(store)
    path.write_text(text)


def test_an_index_that_names_a_part_elsewhere_is_damaged(store, tmp_path):
    victim = tmp_path / "victim.txt"
    victim.write_text("mine")
    with open_writer(store) as writer:
        index = writer.state.index["raw"]
        first = next(iter(index))
        index.put([replace(index[first], part="../victim.txt")])
        writer.commit()
    for act in (gc, verify):
        with pytest.raises(StoreCorruptError) as error:
            act(store)
        assert str(error.value) == (
            "the index of raw names ../victim.txt, which is no file of a store; "
            "run 'serkit extract' into another --store"
        )
    assert victim.read_text() == "mine"


def test_a_clip_whose_file_went_bad_is_left_out_and_fails(tmp_path):
    corpus = kit.make_clips(tmp_path / "corpus", range(3))
    kit.fill(corpus, tmp_path / "store", [kit.raw()])
    bad = sorted(corpus.rglob("*.wav"))[1]
    bad.write_bytes(bad.read_bytes()[:200])
    report = kit.fill(corpus, tmp_path / "store", [kit.raw()])
    assert [failure.clip_id for failure in report.failed] == [bad.stem]
    reader = FeatureStore(tmp_path / "store")
    assert bad.stem not in reader.load("raw").clips.index
    status = feature_status(reader.state, kit.raw())
    assert (status.counts["current"], status.counts["failed"]) == (2, 1)

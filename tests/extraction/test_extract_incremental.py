"""An extraction computes what is not there yet, and nothing else."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import soundfile

import storekit as kit
from serkit.audio import write_wav
from serkit.compute.local import LocalEngine
from serkit.corpora import ravdess
from serkit.corpora.synthetic import MARKER
from serkit.errors import ClipTooLongError, CorpusError, FeatureError
from serkit.extraction import extract as extract_module
from serkit.extraction import plan, worker
from serkit.extraction.compare_audio import compare_audio
from serkit.extraction.extract import extract
from serkit.extraction.repair import repair
from serkit.extractors import mel as mel_module
from serkit.ingest.scan import read_channel, scan
from serkit.store.opening import open_writer
from serkit.store.state import read_state
from serkit.store.status import feature_status
from serkit.store.store import FeatureStore
from serkit.store.verify import verify


@pytest.fixture
def corpus(tmp_path):
    return kit.make_clips(tmp_path / "corpus", range(6))


@pytest.fixture
def store(corpus, tmp_path):
    kit.fill(corpus, tmp_path / "store")
    return tmp_path / "store"


@pytest.fixture
def decoded(monkeypatch):
    """Names of the audio files that are decoded, in order."""
    names = []
    real = worker.read_audio

    def read_audio(path, **options):
        names.append(path.name)
        return real(path, **options)

    monkeypatch.setattr(worker, "read_audio", read_audio)
    return names


def status(store, spec):
    return feature_status(read_state(store), spec)


def path_of(corpus, number):
    return next(corpus.rglob(f"{kit.clip_id(number)}.wav"))


def name_of(number):
    return f"{kit.clip_id(number)}.wav"


# Only what is new


def test_the_first_run_computes_and_reports_everything(corpus, tmp_path):
    seen = []
    with kit.counting_calls() as calls:
        report = kit.fill(corpus, tmp_path / "store", progress=lambda *at: seen.append(at))
    assert Counter(calls) == {"raw": 6, "mel": 6, "change-deviation": 6}
    assert (report.clips, report.computed, report.reused) == (6, 6, 0)
    assert report.computed_by_feature == {"raw": 6, "mel8": 6, "change_deviation": 6}
    assert report.failed == report.absent == report.unparsed == report.warnings == ()
    assert report.features == ("raw", "mel8", "change_deviation")
    assert report.store == tmp_path / "store"
    assert report.seconds > 0
    assert seen[-1] == (6, 6)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_the_second_run_neither_decodes_nor_computes_nor_writes(corpus, store, decoded):
    before = {p: p.stat().st_mtime_ns for p in store.rglob("*") if p.is_file()}
    del before[store / ".lock"]
    with kit.counting_calls() as calls:
        report = kit.fill(corpus, store)
    assert (report.clips, report.computed, report.reused) == (6, 0, 6)
    assert report.computed_by_feature == {}
    assert calls == decoded == []
    after = {p: p.stat().st_mtime_ns for p in store.rglob("*") if p.is_file()}
    del after[store / ".lock"]
    assert after == before


def test_new_clips_cost_only_themselves(corpus, store, decoded):
    before = kit.contents(store)
    kit.make_clips(corpus, range(6, 9))
    with kit.counting_calls() as calls:
        report = kit.fill(corpus, store)
    assert Counter(calls) == {"raw": 3, "mel": 3, "change-deviation": 3}
    assert sorted(decoded) == sorted(name_of(n) for n in range(6, 9))
    assert (report.clips, report.computed, report.reused) == (9, 3, 6)
    after = kit.contents(store)
    assert all(after[name].items() >= clips.items() for name, clips in before.items())
    assert all(len(clips) == 9 for clips in after.values())
    assert kit.is_clean(store)


def test_a_changed_recipe_computes_that_feature_only(corpus, store):
    with kit.counting_calls() as calls:
        report = kit.fill(corpus, store, [kit.raw(), kit.mel(n_mels=12), kit.deviation()])
    assert Counter(calls) == {"mel": 6}
    assert report.computed_by_feature == {"mel8": 6}
    assert FeatureStore(store).load("mel8").X.shape[1] == 12
    assert kit.is_clean(store)


def test_back_to_the_old_recipe_computes_again_what_was_replaced(corpus, store):
    before = kit.contents(store)
    kit.fill(corpus, store, [kit.mel(n_mels=12)])
    with kit.counting_calls() as calls:
        kit.fill(corpus, store, [kit.mel()])
    assert len(calls) == 6
    assert kit.contents(store) == before


def test_a_new_feature_computes_itself_only(corpus, store):
    more = replace(kit.mel(n_mels=4), name="mel4")
    with kit.counting_calls() as calls:
        report = kit.fill(corpus, store, [*kit.recipes(), more])
    assert Counter(calls) == {"mel": 6}
    assert report.computed_by_feature == {"mel4": 6}


def test_a_feature_that_was_not_requested_is_kept(corpus, store):
    kit.fill(corpus, store, [kit.raw()])
    assert FeatureStore(store).features == ("raw", "mel8", "change_deviation")


def test_changed_samples_compute_that_clip_only(corpus, store, decoded):
    before = kit.contents(store)
    kit.add_clip(corpus, 2, seed=99)
    with kit.counting_calls() as calls:
        report = kit.fill(corpus, store)
    assert Counter(calls) == {"raw": 1, "mel": 1, "change-deviation": 1}
    assert decoded == [name_of(2)]
    assert (report.computed, report.reused) == (1, 5)
    after = kit.contents(store)
    changed = {
        (name, clip)
        for name, clips in before.items()
        for clip, value in clips.items()
        if after[name][clip] != value
    }
    assert changed == {(name, kit.clip_id(2)) for name in before}
    assert kit.is_clean(store)


def test_a_touched_file_is_looked_at_and_not_computed(corpus, store, decoded):
    os.utime(path_of(corpus, 3), ns=(1, 1))
    with kit.counting_calls() as calls:
        report = kit.fill(corpus, store)
    assert decoded == [name_of(3)]
    assert calls == []
    assert (report.computed, report.reused) == (0, 6)
    decoded.clear()
    kit.fill(corpus, store)
    assert decoded == []  # the new time is remembered


def rewrite_unnoticed(path):
    """Give a file other samples, and its old size and its old time of change."""
    status = path.stat()
    samples, rate = read_wav(path)
    write_wav(path, samples[::-1].copy(), rate)
    assert path.stat().st_size == status.st_size
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def read_wav(path):
    import soundfile

    return soundfile.read(path, dtype="int16")


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no time that programs cannot set")
def test_a_file_rewritten_with_its_old_size_and_time_is_computed_again(corpus, store, decoded):
    rewrite_unnoticed(path_of(corpus, 2))
    report = kit.fill(corpus, store)
    assert decoded == [name_of(2)]
    assert (report.computed, report.reused) == (1, 5)


def test_rehash_reads_every_file_and_computes_what_changed(corpus, store, decoded, monkeypatch):
    """Also where not even the file system says that a file was changed."""
    rewrite_unnoticed(path_of(corpus, 2))
    monkeypatch.setattr(plan, "unchanged_pcm", trusting_sizes_and_times)
    assert kit.fill(corpus, store).computed == 0
    report = kit.fill(corpus, store, rehash=True)
    assert len(decoded) == 6
    assert (report.computed, report.reused) == (1, 5)
    decoded.clear()
    kit.fill(corpus, store)
    assert decoded == []
    np.testing.assert_array_equal(
        FeatureStore(store).read("raw", [kit.clip_id(2)], padded=False).X[0], kit.sound(2)[::-1]
    )


def trusting_sizes_and_times(file, row):
    known = row and (row.size, row.mtime_ns) == (file.size, file.mtime_ns)
    return row.pcm_sha256 if known else None


def test_a_store_of_before_that_knows_no_ctime_is_trusted(corpus, store, decoded):
    with open_writer(store) as writer:
        rows = writer.state.files.values()
        writer.put_files([replace(row, ctime_ns=None) for row in list(rows)])
        writer.commit()
    assert kit.fill(corpus, store).reused == 6
    assert decoded == []


def test_audio_that_is_not_what_was_stored_is_found_whatever_its_times(corpus, store):
    rewrite_unnoticed(path_of(corpus, 2))
    path_of(corpus, 3).write_bytes(b"")
    path_of(corpus, 4).unlink()
    found = compare_audio(scan(corpus), read_state(store), workers=1)
    assert found.clips == 5
    assert found.changed == (kit.clip_id(2),)
    assert [failure.clip_id for failure in found.unreadable] == [kit.clip_id(3)]
    assert found.absent == (kit.clip_id(4),)
    assert not found.same


def test_audio_that_is_what_was_stored(corpus, store):
    found = compare_audio(scan(corpus), read_state(store), workers=1)
    assert (found.clips, found.changed, found.unreadable, found.absent) == (6, (), (), ())
    assert found.same


def test_another_channel_is_other_samples(tmp_path):
    corpus, path = tmp_path / "corpus", tmp_path / "store"
    file = kit.add_clip(corpus, 0)
    left = kit.sound(0)
    right = left[::-1].copy()
    write_wav(file, np.stack([left, right], axis=1))
    specs = (kit.raw(),)
    for channel, samples in ((0, left), (1, right), (0, left), (1, right)):
        found = read_channel(scan(corpus), channel)
        report = extract(found, specs, path, workers=1)
        assert report.computed == 1
        assert np.array_equal(FeatureStore(path).load("raw", padded=False).X[0], samples)
    assert extract(found, specs, path, workers=1).reused == 1
    assert compare_audio(scan(corpus), read_state(path), workers=1).same
    kit.flip(next(path.glob("parts/raw/*.h5")), -1)
    assert repair(path, workers=1).failed == ()
    assert np.array_equal(FeatureStore(path).load("raw", padded=False).X[0], right)


def test_changes_to_samples_are_reported(corpus, store):
    file = next(corpus.rglob("*.wav"))
    soundfile.write(file, 2 * np.sin(np.arange(9_000) / 20), 48_000, subtype="FLOAT")
    (note,) = kit.fill(corpus, store, kit.recipes()).notes
    assert note.clip_id == file.stem
    assert "2 times full scale" in note.text


def test_a_moved_folder_costs_nothing(corpus, store, decoded, tmp_path):
    moved = tmp_path / "elsewhere"
    corpus.rename(moved)
    with kit.counting_calls() as calls:
        report = kit.fill(moved, store)
    assert calls == decoded == []
    assert (report.computed, report.reused, report.absent) == (0, 6, ())
    assert set(FeatureStore(store).clips["root"]) == {str(moved.resolve())}


def test_a_copied_folder_computes_nothing(corpus, store, tmp_path):
    """The copy has other times, so its files are decoded; their samples are the same."""
    shutil.copytree(corpus, tmp_path / "copy", copy_function=shutil.copyfile)
    with kit.counting_calls() as calls:
        report = kit.fill(tmp_path / "copy", store)
    assert calls == []
    assert (report.computed, report.reused) == (0, 6)


def test_files_in_other_places_of_the_folder_compute_nothing(corpus, store):
    for path in list(corpus.rglob("*.wav")):
        path.rename(corpus / path.name)
    with kit.counting_calls() as calls:
        report = kit.fill(corpus, store)
    assert calls == []
    assert report.absent == ()
    assert set(FeatureStore(store).clips["path"]) == {name_of(n) for n in range(6)}


def test_the_same_samples_as_flac_compute_nothing(corpus, store):
    import soundfile

    for path in list(corpus.rglob("*.wav")):
        samples, rate = soundfile.read(path, dtype="int16")
        soundfile.write(path.with_suffix(".flac"), samples, rate, subtype="PCM_16")
        path.unlink()
    with kit.counting_calls() as calls:
        assert kit.fill(corpus, store).reused == 6
    assert calls == []


def test_a_moved_store_is_the_same_store(corpus, store, decoded, tmp_path):
    before = kit.contents(store)
    moved = store.rename(tmp_path / "moved")
    assert kit.fill(corpus, moved).reused == 6
    assert decoded == []
    assert kit.contents(moved) == before


@pytest.mark.parametrize("workers", [2, 3])
def test_the_values_do_not_depend_on_the_workers(corpus, store, tmp_path, workers):
    kit.fill(corpus, tmp_path / "other", workers=workers)
    assert kit.contents(tmp_path / "other") == kit.contents(store)


# Several folders


def test_two_folders_fill_one_store(corpus, store, tmp_path):
    more = kit.make_clips(tmp_path / "more", range(6, 10))
    report = kit.fill(more, store)
    assert (report.clips, report.computed) == (4, 4)
    assert report.absent == tuple(sorted(kit.clip_id(n) for n in range(6)))
    clips = FeatureStore(store).clips
    assert len(clips) == 10
    assert set(clips["root"]) == {str(corpus.resolve()), str(more.resolve())}
    with kit.counting_calls() as calls:
        assert kit.fill(corpus, store).reused == 6
    assert calls == []


def test_prune_takes_out_what_the_folder_does_not_hold(corpus, store):
    for number in (1, 4):
        path_of(corpus, number).unlink()
    report = kit.fill(corpus, store)
    assert report.absent == tuple(sorted(kit.clip_id(n) for n in (1, 4)))
    assert len(FeatureStore(store).clips) == 6
    report = kit.fill(corpus, store, prune=True)
    assert report.absent == tuple(sorted(kit.clip_id(n) for n in (1, 4)))
    left = {kit.clip_id(n) for n in (0, 2, 3, 5)}
    assert set(FeatureStore(store).clips.index) == left
    assert all(set(clips) == left for clips in kit.contents(store).values())
    assert {row.clip_id for row in read_state(store).files.values()} == left
    assert kit.is_clean(store)


def test_prune_forgets_failures_of_files_that_are_gone(corpus, store):
    broken = kit.add_clip(corpus, 7)
    broken.write_bytes(b"")
    assert len(kit.fill(corpus, store).failed) == 1
    broken.unlink()
    kit.fill(corpus, store)
    assert status(store, kit.raw()).counts["failed"] == 1
    kit.fill(corpus, store, prune=True)
    assert status(store, kit.raw()).counts["failed"] == 0


# Why


def test_why_counts_current_missing_stale_and_failed(corpus, store):
    kit.fill(corpus, store, [kit.raw()])
    broken = kit.add_clip(corpus, 6)
    broken.write_bytes(b"")
    kit.add_clip(corpus, 7)
    kit.add_clip(corpus, 0, seed=99)
    kit.fill(corpus, store, [kit.raw()])
    answer = status(store, kit.mel())
    assert answer.feature == "mel8"
    assert answer.counts == {"current": 5, "missing": 1, "stale": 1, "failed": 1}
    assert set(answer.reasons) == {
        ("missing", "not computed yet", 1),
        ("stale", "samples changed", 1),
        ("failed", f"EmptyAudioError: {broken.name} is an empty file", 1),
    }
    assert {(c.clip_id, c.condition) for c in answer.clips} == {
        (kit.clip_id(7), "missing"),
        (kit.clip_id(0), "stale"),
        (broken.relative_to(corpus).as_posix(), "failed"),
    }
    assert status(store, kit.raw()).counts == {"current": 7, "missing": 0, "stale": 0, "failed": 1}


def test_why_of_a_feature_that_was_never_extracted(store):
    never = replace(kit.mel(), name="mel9")
    assert status(store, never).reasons == (("missing", "never extracted", 6),)


def test_why_names_the_parameters_that_changed(store):
    changed = kit.mel(n_mels=16, fmax=8000.0)
    answer = status(store, changed)
    assert answer.counts == {"current": 0, "missing": 0, "stale": 6, "failed": 0}
    assert answer.reasons == (("stale", "fmax 0.0 -> 8000.0, n_mels 8 -> 16", 6),)


def test_why_names_every_reason_of_a_clip(corpus, store):
    kit.add_clip(corpus, 0, seed=99)
    kit.fill(corpus, store, [kit.raw()])
    answer = status(store, kit.mel(n_mels=256))
    assert answer.reasons == (
        ("stale", "n_mels 8 -> 256", 5),
        ("stale", "n_mels 8 -> 256, samples changed", 1),
    )


def test_why_in_the_middle_of_a_change(corpus, store, tmp_path):
    """Half of the clips are of the new recipe: the others say what they were."""
    half = kit.make_clips(tmp_path / "half", range(3))
    kit.fill(half, store, [kit.mel(n_mels=12)])
    answer = status(store, kit.mel(n_mels=12))
    assert answer.counts == {"current": 3, "missing": 0, "stale": 3, "failed": 0}
    assert answer.reasons == (("stale", "n_mels 8 -> 12", 3),)
    kit.fill(half, store, [kit.mel(n_mels=16)])
    answer = status(store, kit.mel(n_mels=16))
    assert answer.reasons == (("stale", "n_mels 8 -> 16", 3),)


def test_a_newer_extractor_makes_its_features_stale(corpus, store, monkeypatch):
    newer = replace(mel_module.EXTRACTOR, version=2)
    monkeypatch.setattr(mel_module, "EXTRACTOR", newer)
    answer = status(store, kit.mel())
    assert answer.reasons == (("stale", "extractor 1 -> 2", 6),)
    with kit.counting_calls() as calls:
        kit.fill(corpus, store)
    assert Counter(calls) == {"mel": 6}
    assert status(store, kit.mel()).counts["current"] == 6


# What fails


def test_a_file_that_cannot_be_read_fails_alone_and_is_tried_again(corpus, store):
    broken = kit.add_clip(corpus, 6)
    whole = broken.read_bytes()
    broken.write_bytes(whole[:1000])
    report = kit.fill(corpus, store)
    (failure,) = report.failed
    assert failure.path == broken.relative_to(corpus).as_posix()
    assert failure.error == "TruncatedAudioError"
    assert failure.message.startswith(f"{broken.name} ends ")
    assert (failure.clip_id, failure.feature) == (kit.clip_id(6), "")
    assert (report.clips, report.computed, report.reused) == (7, 0, 6)
    assert kit.fill(corpus, store).failed == report.failed
    assert read_state(store).manifest.failures == report.failed
    broken.write_bytes(whole)
    report = kit.fill(corpus, store)
    assert (report.failed, report.computed) == ((), 1)
    assert read_state(store).manifest.failures == ()


def test_a_clip_longer_than_a_recipe_pads_to_is_kept_and_not_read_padded(corpus, store):
    write_wav(path_of(corpus, 0), kit.sound(0, 4 * kit.PAD_TO))
    report = kit.fill(corpus, store)
    assert report.failed == ()
    reader = FeatureStore(store)
    whole = reader.load("mel8", padded=False)
    assert len(whole) == 6
    long = whole.clip_ids.index(kit.clip_id(0))
    assert whole.lengths[long] > reader.layout("mel8").length
    with pytest.raises(ClipTooLongError) as refused:
        reader.load("mel8")
    assert str(refused.value) == (
        f"1 of 6 clips are longer than the 76 frames that the recipe pads to ({kit.clip_id(0)} has "
        "301); read them with padded=False (nets: --set padding=crop), or use a recipe with a "
        "larger pad_to"
    )
    fitting = [name for name in whole.clip_ids if name != kit.clip_id(0)]
    assert reader.read("mel8", fitting).X.shape == (5, 8, 76)
    assert not verify(store).damaged


def test_values_of_a_long_clip_are_those_of_a_recipe_that_pads_further(corpus, store, tmp_path):
    write_wav(path_of(corpus, 0), kit.sound(0, 4 * kit.PAD_TO))
    kit.fill(corpus, store)
    further = kit.mel(pad_to=kit.PAD_TO + 400 * 128)
    kit.fill(corpus, tmp_path / "further", [further])
    ours, theirs = (
        FeatureStore(path).read("mel8", [kit.clip_id(0)], padded=False).X[0]
        for path in (store, tmp_path / "further")
    )
    np.testing.assert_array_equal(ours, theirs)


def test_a_failure_is_remembered_while_other_features_are_extracted(corpus, store, monkeypatch):
    """Else loading it would complain about a clip that can never be had."""
    real = mel_module.EXTRACTOR.compute

    def compute(signal, parameters):
        if len(signal.samples) > kit.PAD_TO:
            raise FeatureError("not this one")
        return real(signal, parameters)

    with_mel(monkeypatch, compute)
    write_wav(path_of(corpus, 0), kit.sound(0, kit.PAD_TO + 1))
    longer = [kit.raw(pad_to=0), kit.deviation(pad_to=0)]
    kit.fill(corpus, store, [*longer, kit.mel()])
    assert len(FeatureStore(store).load("mel8")) == 5
    report = kit.fill(corpus, store, longer)
    assert report.failed == ()
    assert len(FeatureStore(store).load("mel8")) == 5
    kit.add_clip(corpus, 0, seed=51)  # short again: what failed before says nothing about it
    kit.fill(corpus, store, longer)
    assert status(store, kit.mel()).counts["failed"] == 0
    report = kit.fill(corpus, store, [kit.mel()])
    assert (report.failed, report.computed) == ((), 1)


def with_mel(monkeypatch, compute):
    monkeypatch.setattr(mel_module, "EXTRACTOR", replace(mel_module.EXTRACTOR, compute=compute))


def test_an_extractor_that_breaks_on_one_clip_fails_alone(corpus, tmp_path, monkeypatch):
    real = mel_module.EXTRACTOR.compute
    victim = len(kit.sound(2))

    def compute(signal, parameters):
        if len(signal.samples) == victim:
            raise ZeroDivisionError("half a band")
        return real(signal, parameters)

    with_mel(monkeypatch, compute)
    report = kit.fill(corpus, tmp_path / "store")
    (failure,) = report.failed
    assert (failure.clip_id, failure.feature, failure.error) == (
        kit.clip_id(2),
        "mel8",
        FeatureError.__name__,
    )
    assert failure.message == "mel8 failed with ZeroDivisionError: half a band"
    assert report.computed_by_feature == {"raw": 6, "mel8": 5, "change_deviation": 6}
    assert report.computed == 6  # of the broken clip, the other features
    monkeypatch.undo()
    report = kit.fill(corpus, tmp_path / "store")
    assert (report.failed, report.computed_by_feature) == ((), {"mel8": 1})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda a: a.astype(np.float64),
            "mel8 cannot be kept: its values are float64, not float32",
        ),
        (
            lambda a: a[:7],
            r"mel8 cannot be kept: its values have shape (7, {t}), not (8, 'frames')",
        ),
        (lambda a: a[:, 1:], "mel8 cannot be kept: it has {lead} + {less} frames, not 76"),
        (lambda a: a * np.float32("nan"), "mel8 cannot be kept: its values are not all finite"),
    ],
)
def test_values_of_the_wrong_kind_are_never_kept(corpus, tmp_path, monkeypatch, spoil, message):
    real = mel_module.EXTRACTOR.compute
    victim = len(kit.sound(2))

    def compute(signal, parameters):
        values = real(signal, parameters)
        if len(signal.samples) != victim:
            return values
        return replace(values, array=spoil(values.array))

    values = real(worker.Signal(kit.sound(2)), kit.mel().settings)
    t = values.array.shape[1]
    with_mel(monkeypatch, compute)
    (failure,) = kit.fill(corpus, tmp_path / "store").failed
    assert failure.message == message.format(t=t, less=t - 1, lead=values.lead)
    assert len(FeatureStore(tmp_path / "store").load("mel8")) == 5


# Several files of one clip


def test_a_clip_that_is_there_twice_counts_once(corpus, tmp_path):
    shutil.copytree(corpus, corpus / "nested" / "corpus")
    report = kit.fill(corpus, tmp_path / "store")
    assert (report.clips, report.computed, report.duplicates) == (6, 6, 6)
    assert report.warnings == ()
    clips = FeatureStore(tmp_path / "store").clips
    assert not clips["path"].str.startswith("nested").any()
    again = kit.fill(corpus, tmp_path / "store")
    assert (again.clips, again.reused, again.duplicates) == (6, 6, 6)


def published_as(monkeypatch, samples):
    """Make clip 0's published samples these."""
    import hashlib

    digest = hashlib.sha256(samples.astype("<i2").tobytes()).hexdigest()
    corpus = replace(ravdess.CORPUS, published=lambda: {kit.clip_id(0): digest})
    monkeypatch.setattr(ravdess, "CORPUS", corpus)


def test_of_two_files_the_published_one_is_taken(corpus, tmp_path, monkeypatch):
    published_as(monkeypatch, kit.sound(50))
    other = kit.add_clip(corpus / "deep" / "er", 0, seed=50)
    report = kit.fill(corpus, tmp_path / "store")
    assert report.failed == ()
    first, second = (p.relative_to(corpus).as_posix() for p in (path_of_first(corpus), other))
    assert report.warnings == (
        f"{first} and {second} hold different samples for one clip; {second} is taken, its "
        "samples are the published ones",
    )
    assert report.altered == ()
    stored = kit.contents(tmp_path / "store")["raw"][kit.clip_id(0)]
    assert stored.endswith(kit.sound(50).tobytes())


def path_of_first(corpus):
    return corpus / "Actor_01" / name_of(0)


def test_of_two_unpublished_files_neither_is_used(corpus, tmp_path):
    """The clip's id is a published one, its samples are not: an error, told with both names."""
    other = kit.add_clip(corpus / "other", 0, seed=50)
    report = kit.fill(corpus, tmp_path / "store")
    first, second = (p.relative_to(corpus).as_posix() for p in (path_of_first(corpus), other))
    (failure,) = report.failed
    assert (failure.error, failure.clip_id) == ("AmbiguousClipError", kit.clip_id(0))
    assert failure.message == (
        f"{first} and {second} hold different samples for one clip, and none of them is the "
        "published one; remove or rename all but one"
    )
    assert (report.clips, report.computed) == (6, 5)
    assert kit.clip_id(0) not in FeatureStore(tmp_path / "store").clips.index
    other.unlink()
    report = kit.fill(corpus, tmp_path / "store")
    assert (report.failed, report.computed, report.reused) == ((), 1, 5)


def test_of_two_files_one_unreadable_the_other_is_taken(corpus, tmp_path):
    kit.add_clip(corpus / "other", 0, seed=50)
    path_of_first(corpus).write_bytes(b"")
    report = kit.fill(corpus, tmp_path / "store")
    assert report.failed == ()
    stored = kit.contents(tmp_path / "store")["raw"][kit.clip_id(0)]
    assert stored.endswith(kit.sound(50).tobytes())


def test_clips_that_are_not_as_published_are_named(corpus, tmp_path, monkeypatch):
    published_as(monkeypatch, kit.sound(50))
    assert kit.fill(corpus, tmp_path / "store").altered == (kit.clip_id(0),)
    assert kit.fill(corpus, tmp_path / "store").altered == (kit.clip_id(0),)
    kit.add_clip(corpus, 0, seed=50)
    assert kit.fill(corpus, tmp_path / "store").altered == ()


# Never mixed


def test_synthetic_and_real_clips_are_never_mixed(corpus, store, tmp_path):
    synthetic = kit.make_clips(tmp_path / "synthetic", range(6, 8))
    (synthetic / MARKER).write_text("{}")
    before = kit.contents(store)
    with pytest.raises(CorpusError) as error:
        kit.fill(synthetic, store)
    assert str(error.value) == (
        f"the store holds ravdess and {synthetic.resolve()} is synthetic; a store holds one "
        "corpus, so that a speaker's name means one person; name another store with --store DIR"
    )
    assert kit.contents(store) == before
    kit.fill(synthetic, tmp_path / "other")
    with pytest.raises(CorpusError, match=r"the store holds synthetic and .* is ravdess"):
        kit.fill(corpus, tmp_path / "other")
    assert set(FeatureStore(tmp_path / "other").clips["corpus"]) == {"synthetic"}


def test_a_folder_without_clips_makes_no_store(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="no corpus in "):
        kit.fill(tmp_path / "empty", tmp_path / "store")
    assert not (tmp_path / "store").exists()


# Memory


def test_a_task_never_holds_more_than_a_parts_clips(monkeypatch, tmp_path):
    """What is at work at once is bounded, however many clips there are."""
    monkeypatch.setattr(extract_module, "CLIPS_PER_PART", 5)
    corpus = kit.make_clips(tmp_path / "corpus", range(60))
    at_work, drawn, done = [], [], []
    real = LocalEngine.run

    def run(self, function, tasks, workers):
        def watched():
            for task in tasks:
                drawn.append(len(task.jobs))
                at_work.append(len(drawn) - len(done))
                yield task

        for result in real(self, function, watched(), workers):
            done.append(result)
            yield result

    monkeypatch.setattr(LocalEngine, "run", run)
    kit.fill(corpus, tmp_path / "store", [kit.raw()], workers=2)
    assert sum(drawn) == 60
    assert max(drawn) == 5
    assert max(at_work) <= 2 * 2 + 2  # tasks are drawn as they are needed, not all at once
    assert all(not hasattr(value, "dtype") for result in done for value in vars(result).values())


def test_a_small_corpus_is_shared_among_the_workers(tmp_path, monkeypatch):
    sizes = []
    real = extract_module.run_task

    def run_task(task):
        sizes.append(len(task.jobs))
        return real(task)

    monkeypatch.setattr(extract_module, "run_task", run_task)
    kit.fill(kit.make_clips(tmp_path / "corpus", range(12)), tmp_path / "store", [kit.raw()])
    assert sum(sizes) == 12
    assert sizes == sorted(sizes, reverse=True)  # smaller ones last, so that all end together
    assert len(sizes) > 2

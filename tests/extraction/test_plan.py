"""Planning an extraction: what has to be decoded, told from what was scanned and is stored."""

from __future__ import annotations

import dataclasses
from pathlib import Path, PurePosixPath

import pytest

from serkit.errors import CorpusError
from serkit.extraction.plan import known_pcm, make_plan, undecided
from serkit.features import EXTRACTORS, resolve
from serkit.ingest.clip_files import AudioFile
from serkit.ingest.corpus import CORPORA
from serkit.ingest.scan import Scan
from serkit.store.manifest import Failure
from serkit.store.state import StoreState
from serkit.store.tables import ClipRow, FileRow, IndexRow

A, B = "03-01-01-01-01-01-01", "03-01-05-02-01-01-02"
RAVDESS = CORPORA.get("ravdess")
MEL = resolve("mel", EXTRACTORS.get("mel"), {"n_mels": 64})
MEL_BEFORE = resolve("mel", EXTRACTORS.get("mel"), {"n_mels": 32})
RAW = resolve("raw", EXTRACTORS.get("raw"), {})


def file(clip=A, path="", size=100, mtime_ns=7):
    name = RAVDESS.parse(PurePosixPath(f"{clip}.wav"))
    return AudioFile(path or f"{clip}.wav", size, mtime_ns, name)


def scanned(*files, published=None, corpus="ravdess"):
    known = dataclasses.replace(CORPORA.get(corpus), published=lambda: published or {})
    return Scan(Path("somewhere"), known, files, {}, ())


class Stored:
    """A store's content, put together by hand."""

    def __init__(self):
        self.state = StoreState()

    def file(self, file, pcm):
        self.state.files[file.path] = FileRow(
            file.path, file.size, file.mtime_ns, file.name.clip_id, pcm
        )
        return self

    def clip(self, clip, pcm, corpus="ravdess"):
        facts = {"clip_id": clip, "pcm_sha256": pcm, "corpus": corpus}
        blank = {field.name: None for field in dataclasses.fields(ClipRow)}
        self.state.clips[clip] = ClipRow(**(blank | facts))
        return self

    def values(self, spec, clip, pcm):
        row = IndexRow(clip, spec.fingerprint, pcm, "part", 0, 1, 0, 0)
        self.state.index.setdefault(spec.name, {})[clip] = row
        return self

    def extracted(self, file, pcm, *specs):
        clip = file.name.clip_id
        self.file(file, pcm).clip(clip, pcm)
        for spec in specs:
            self.values(spec, clip, pcm)
        return self


def plan(scan, stored=None, specs=(MEL,), digests=None):
    return make_plan(scan, stored.state if stored else StoreState(), specs, digests or {})


def decoded_paths(plan):
    return [job.file.path for job in plan.jobs]


def reused_paths(plan):
    return [file.path for file in plan.reused]


class TestOneFileAClip:
    def test_in_an_empty_store_everything_is_decoded(self):
        made = plan(scanned(file(A), file(B)))
        assert decoded_paths(made) == [f"{A}.wav", f"{B}.wav"]
        assert [dict(job.have) for job in made.jobs] == [{}, {}]
        assert (made.reused, made.failures, made.warnings) == ((), (), ())

    def test_current_values_are_reused(self):
        stored = Stored().extracted(file(A), "pcm", MEL)
        made = plan(scanned(file(A)), stored)
        assert made.jobs == ()
        assert made.reused == (file(A),)

    def test_adding_a_clip_costs_one(self):
        stored = Stored().extracted(file(A), "pcm", MEL)
        made = plan(scanned(file(A), file(B)), stored)
        assert decoded_paths(made) == [f"{B}.wav"]
        assert reused_paths(made) == [f"{A}.wav"]

    def test_another_recipe_is_computed_and_the_other_feature_kept(self):
        stored = Stored().extracted(file(A), "pcm", MEL_BEFORE, RAW)
        (job,) = plan(scanned(file(A)), stored, (MEL, RAW)).jobs
        assert job.have == {"raw": "pcm"}

    def test_another_version_of_the_extractor_is_another_recipe(self):
        older = dataclasses.replace(MEL, version=MEL.version + 1)
        stored = Stored().extracted(file(A), "pcm", older)
        (job,) = plan(scanned(file(A)), stored).jobs
        assert job.have == {}

    def test_a_renamed_feature_s_values_are_not_looked_for_under_the_old_name(self):
        stored = Stored().extracted(file(A), "pcm", dataclasses.replace(MEL, name="old"))
        assert len(plan(scanned(file(A)), stored).jobs) == 1

    def test_a_feature_that_is_not_wanted_does_not_matter(self):
        stored = Stored().extracted(file(A), "pcm", MEL_BEFORE, RAW)
        assert plan(scanned(file(A)), stored, (RAW,)).jobs == ()

    @pytest.mark.parametrize("change", [{"size": 101}, {"mtime_ns": 8}])
    def test_a_touched_file_is_decoded_and_its_values_kept_if_the_samples_are_the_same(
        self, change
    ):
        stored = Stored().extracted(file(A), "pcm", MEL)
        (job,) = plan(scanned(file(A, **change)), stored).jobs
        assert job.have == {"mel": "pcm"}

    def test_a_file_at_another_place_is_decoded_once(self):
        stored = Stored().extracted(file(A), "pcm", MEL)
        (job,) = plan(scanned(file(A, path=f"moved/{A}.wav")), stored).jobs
        assert job.have == {"mel": "pcm"}

    def test_values_from_other_samples_are_not_current(self):
        stored = Stored().file(file(A), "new").clip(A, "new").values(MEL, A, "old")
        (job,) = plan(scanned(file(A)), stored).jobs
        assert job.have == {"mel": "old"}

    def test_a_file_that_is_known_but_not_the_clip_s_is_decoded(self):
        stored = Stored().file(file(A), "this").clip(A, "that").values(MEL, A, "this")
        assert len(plan(scanned(file(A)), stored).jobs) == 1

    def test_samples_that_are_not_the_published_ones_are_no_failure(self):
        made = plan(scanned(file(A), published={A: "published"}))
        assert (len(made.jobs), made.failures, made.warnings) == (1, (), ())


OUTER, INNER = file(A, f"Actor_01/{A}.wav"), file(A, f"copy/Actor_01/{A}.wav")


class TestSeveralFilesAClip:
    def test_they_have_to_be_decoded_to_choose(self):
        assert undecided(scanned(OUTER, INNER, file(B)), StoreState()) == [OUTER, INNER]

    def test_but_not_again(self):
        stored = Stored().file(OUTER, "pcm").file(INNER, "pcm")
        assert undecided(scanned(OUTER, INNER), stored.state) == []

    def test_only_the_one_that_is_new(self):
        stored = Stored().file(OUTER, "pcm")
        assert undecided(scanned(OUTER, INNER), stored.state) == [INNER]

    def test_the_same_samples_are_one_clip_from_the_outer_file(self):
        digests = {OUTER.path: "pcm", INNER.path: "pcm"}
        made = plan(scanned(INNER, OUTER), digests=digests)
        assert decoded_paths(made) == [OUTER.path]
        assert (made.failures, made.warnings) == ((), ())

    def test_a_clip_that_is_current_stays_so_when_a_copy_appears(self):
        stored = Stored().extracted(OUTER, "pcm", MEL)
        made = plan(scanned(OUTER, INNER), stored, digests={INNER.path: "pcm"})
        assert (reused_paths(made), made.jobs) == ([OUTER.path], ())

    @pytest.mark.parametrize("published", [OUTER, INNER])
    def test_the_published_samples_are_used_with_a_warning_that_names_both(self, published):
        digests = {f.path: "good" if f is published else "bad" for f in (OUTER, INNER)}
        made = plan(scanned(OUTER, INNER, published={A: "good"}), digests=digests)
        assert decoded_paths(made) == [published.path]
        assert made.warnings == (
            f"{OUTER.path} and {INNER.path} hold different samples for one clip; "
            f"{published.path} is taken, its samples are the published ones",
        )

    @pytest.mark.parametrize(
        ("published", "known"),
        [({}, ""), ({A: "good"}, ", and none of them is the published one")],
    )
    def test_an_ambiguous_clip_fails_without_affecting_others(self, published, known):
        digests = {OUTER.path: "bad", INNER.path: "worse"}
        made = plan(scanned(OUTER, INNER, file(B), published=published), digests=digests)
        assert decoded_paths(made) == [f"{B}.wav"]
        (failure,) = made.failures
        assert (failure.clip_id, failure.error) == (A, "AmbiguousClipError")
        assert failure.message == (
            f"{OUTER.path} and {INNER.path} hold different samples for one clip{known}; "
            "remove or rename all but one"
        )

    def test_of_an_unreadable_and_a_readable_file_the_readable_one_is_taken(self):
        broken = Failure(OUTER.path, "EmptyAudioError", "it is empty", A)
        made = plan(scanned(OUTER, INNER), digests={OUTER.path: broken, INNER.path: "pcm"})
        assert decoded_paths(made) == [INNER.path]
        assert made.failures == ()

    def test_of_unreadable_files_one_is_left_to_the_worker_to_report(self):
        broken = {f.path: Failure(f.path, "EmptyAudioError", "empty", A) for f in (OUTER, INNER)}
        made = plan(scanned(OUTER, INNER), digests=broken)
        assert decoded_paths(made) == [OUTER.path]

    def test_three_files_of_two_kinds_name_one_of_each(self):
        third = file(A, f"third/{A}.wav")
        digests = {OUTER.path: "bad", INNER.path: "good", third.path: "good"}
        made = plan(scanned(OUTER, INNER, third, published={A: "good"}), digests=digests)
        assert decoded_paths(made) == [third.path], "the one least deep in the tree"


class TestKnownPcm:
    def test_samples_of_an_unchanged_file_are_known(self):
        assert known_pcm(file(A), Stored().file(file(A), "pcm").state) == "pcm"

    @pytest.mark.parametrize("change", [{"size": 1}, {"mtime_ns": 1}, {"path": "other.wav"}])
    def test_samples_of_changed_or_other_files_are_not(self, change):
        assert known_pcm(file(A, **change), Stored().file(file(A), "pcm").state) is None


class TestMixing:
    @pytest.mark.parametrize(
        ("stored", "now"),
        [("ravdess", "synthetic"), ("synthetic", "ravdess"), ("other", "ravdess")],
    )
    def test_two_corpora_never_share_a_store(self, stored, now):
        with pytest.raises(CorpusError) as caught:
            plan(scanned(file(B), corpus=now), Stored().clip(A, "pcm", corpus=stored))
        assert str(caught.value) == (
            f"the store holds {stored} and somewhere is {now}; a store holds one corpus, so that "
            "a speaker's name means one person; name another store with --store DIR"
        )


def test_planning_changes_nothing():
    stored = Stored().extracted(file(A), "pcm", MEL)
    before = (dict(stored.state.files), dict(stored.state.clips), dict(stored.state.index))
    plan(scanned(file(A), file(B)), stored)
    assert (stored.state.files, stored.state.clips, stored.state.index) == before

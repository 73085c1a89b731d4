"""Taking workers' results into the store, and committing now and then."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import replace
from itertools import tee
from typing import Any

from serkit.audio import AudioNote
from serkit.clips import SAMPLE_RATE
from serkit.extraction.plan import Plan, file_row
from serkit.extraction.rows import columns_of, values_of
from serkit.extraction.worker import Decoded, TaskResult
from serkit.ingest.clip_files import AudioFile
from serkit.ingest.scan import Scan, shown
from serkit.store.compact import merge_new_parts
from serkit.store.manifest import Failure
from serkit.store.rows import found, passing
from serkit.store.tables import ClipRow
from serkit.store.writer import StoreWriter

_MOST_PENDING = 2048
"""Clips after which a commit is due at the latest. Until then their rows are objects, which take
some 2 KiB for a clip with two features."""


class Recorder:
    """Takes workers' results into the store and commits now and then.

    Args:
        writer: The store.
        scan: The scanned folder.
        plan: The plan.
        wanted: Names of the features.

    Attributes:
        failures: Failures so far.
        computed: Clips for which at least one feature was computed.
        unchanged: Clips that were decoded and found current.
        looked_at: Clips that workers have dealt with.
        by_feature: Clips computed, by feature.
        notes: Unexpected changes to the samples.
    """

    def __init__(
        self, writer: StoreWriter, scan: Scan, plan: Plan, wanted: Collection[str]
    ) -> None:
        self.failures: list[Failure] = list(plan.failures)
        self.computed = 0
        self.unchanged = 0
        self.looked_at = 0
        self.by_feature: dict[str, int] = {}
        self.notes: list[AudioNote] = []
        self._writer = writer
        self._scan = scan
        self._wanted = wanted
        self._changed: set[str] = set()
        self._commit_seconds = 0.0
        self._pending = 0
        self._committed_at = time.monotonic()
        self._writer.set_labels(scan.corpus.labels)
        self._refresh(plan)

    def record(self, result: TaskResult) -> None:
        """Take one worker's result."""
        self.looked_at += result.jobs
        self._pending += len(result.decoded)
        self.failures += result.failures
        self.notes += result.notes
        failed = {failure.clip_id for failure in result.failures}
        ids = [clip.job.file.name.clip_id for clip in result.decoded]
        before = found(self._writer.state.clips, ids)
        for clip_id, clip in zip(ids, result.decoded, strict=True):
            self.computed += clip.computed > 0
            self.unchanged += clip.computed == 0 and clip_id not in failed
            if clip_id in before and before[clip_id].pcm_sha256 != clip.pcm_sha256:
                self._changed.add(clip_id)
        self._writer.put_files(file_row(c.job.file, c.pcm_sha256) for c in result.decoded)
        self._writer.put_clips(_clip_row(self._scan, clip) for clip in result.decoded)
        for feature, (part, rows) in result.parts.items():
            self._writer.put_part(feature, part, rows)
            self.by_feature[feature] = self.by_feature.get(feature, 0) + len(rows)
        self._commit_if_due()

    def merge_parts(self) -> None:
        """Merge small parts that are not committed yet."""
        for feature in sorted(self._wanted):
            merge_new_parts(self._writer, feature)

    def finish(self) -> None:
        """Commit pending results."""
        scanned = self._scan.clips
        kept = [f for f in self._writer.failures if not self._superseded(f, scanned)]
        self._writer.set_failures(kept + self.failures)
        self._writer.commit()

    def _superseded(self, failure: Failure, scanned: Collection[str]) -> bool:
        """Return whether this run has retried an earlier failure."""
        if failure.clip_id not in scanned:
            return False
        tried = not failure.feature or failure.feature in self._wanted
        return tried or failure.clip_id in self._changed

    def _commit_if_due(self) -> None:
        # Often enough that a kill costs seconds, seldom enough that commits cost a few percent.
        now = time.monotonic()
        is_due = now - self._committed_at >= max(1.0, 20 * self._commit_seconds)
        if not is_due and self._pending < _MOST_PENDING:
            return
        self.merge_parts()
        self._writer.commit()
        self._pending = 0
        self._committed_at = time.monotonic()
        self._commit_seconds = self._committed_at - now

    def _refresh(self, plan: Plan) -> None:
        """Update paths and metadata of clips that were already current."""
        files, of_rows = tee(plan.reused)
        rows = passing(self._writer.state.clips, (file.name.clip_id for file in of_rows))
        corpus, moved = self._scan.corpus, []
        where = corpus.name, shown(self._scan.root)
        for file, row in zip(files, rows, strict=True):
            # Compared without _known, which takes five times as long, and most have not changed.
            now = values_of(file.name), file.path, corpus.labels.number(file.name.emotion), *where
            if row and now != (values_of(row), row.path, row.emotion_id, row.corpus, row.root):
                moved.append(replace(row, **_known(self._scan, file)))
        self._writer.put_clips(moved)


def _clip_row(scan: Scan, clip: Decoded) -> ClipRow:
    return ClipRow(
        **_known(scan, clip.job.file),
        sample_rate=SAMPLE_RATE,
        channels=clip.channels,
        num_frames=clip.num_frames,
        resampled_from=clip.resampled_from,
        pcm_sha256=clip.pcm_sha256,
    )


def _known(scan: Scan, file: AudioFile) -> dict[str, Any]:
    """Return all of a clip's row that is known without decoding its file."""
    return {
        **columns_of(file.name),
        "corpus": scan.corpus.name,
        "path": file.path,
        "emotion_id": scan.corpus.labels.number(file.name.emotion),
        "root": shown(scan.root),
    }

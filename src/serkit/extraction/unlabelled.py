"""Features of audio without labels, by the very code that computes them for training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from serkit.audio import AudioNote
from serkit.extraction.extract import extract
from serkit.features import FeatureSpec
from serkit.ingest.scan import read_channel
from serkit.ingest.unlabelled import unlabelled_scan
from serkit.store.manifest import Failure
from serkit.store.store import FeatureStore


def extract_unlabelled(
    files: Mapping[str, Path],
    specs: Sequence[FeatureSpec],
    folder: Path,
    *,
    workers: int | None = 1,
    channel: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[FeatureStore, dict[str, Failure], tuple[AudioNote, ...]]:
    """Fill a new store with the features of files whose emotion is unknown.

    Args:
        files: The files, one or more, by the clip ids that they are to have.
        specs: The features.
        folder: The store's folder; a temporary one.
        workers: Processes; None is one a core. 1 starts none.
        channel: Which channel of each file is read.
        progress: Told files done and files in all.

    Returns:
        The store; by clip id why a file, or a feature of it, failed; and what was done to samples
        that nobody would expect.

    Raises:
        MissingDependencyError: A feature needs a package that is not installed.
        StoreError: The disk is full, or a worker died.
    """
    report = extract(
        read_channel(unlabelled_scan(files), channel),
        specs,
        folder,
        workers=workers,
        progress=progress,
    )
    failures: dict[str, Failure] = {}
    for failure in report.failed:
        failures.setdefault(failure.clip_id, failure)
    return FeatureStore(folder), failures, report.notes

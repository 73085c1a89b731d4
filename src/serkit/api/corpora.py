"""Get a corpus and audit it: ``synth``, ``download``, ``check``."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from serkit.api._settings import PathLike
from serkit.errors import UsageError
from serkit.progress import ProgressCallback
from serkit.settings import resolve

if TYPE_CHECKING:
    from serkit.ingest.audit_report import AuditReport
    from serkit.ingest.download.corpus import DownloadReport
    from serkit.ingest.hub import HubDataset
    from serkit.ingest.metadata import Labelling
    from serkit.synthesis.corpus import SynthReport


def synth(
    dest: PathLike,
    *,
    actors: int = 24,
    seed: int = 0,
    workers: int | None = None,
    progress: ProgressCallback | None = None,
) -> SynthReport:
    """Write a synthetic corpus with the structure of RAVDESS.

    Args:
        dest: The folder: new, empty, or written by ``synth`` before.
        actors: 1 to 24.
        seed: The same seed gives the same files.
        workers: Processes; None uses the setting.
        progress: Called as ``progress(done, total)``, in clips.

    Raises:
        UsageError: The folder holds something else, or a number is out of range.

    Example:
        >>> serkit.synth("data/one", actors=1, workers=1).clips
        60
    """
    from serkit.synthesis.corpus import synthesise

    settings = resolve({"workers": workers})
    return synthesise(
        dest, actors=actors, seed=seed, workers=settings.workers or None, progress=progress
    )


def download(
    corpus: str,
    *,
    dest: PathLike | None = None,
    url: str | None = None,
    progress: ProgressCallback | None = None,
) -> DownloadReport:
    """Download a corpus, check it and unpack it.

    Args:
        corpus: Its name.
        dest: The folder; None is ``data/NAME``.
        url: A mirror's base address.
        progress: Called as ``progress(done, total)``, in bytes.

    Raises:
        UnknownNameError: No such corpus.
        UsageError: The corpus cannot be downloaded.
        DownloadError: The download failed, or the file is not the published one.

    Example:
        >>> serkit.download("synthetic")
        Traceback (most recent call last):
            ...
        serkit.errors.UsageError: synthetic cannot be downloaded; make it with 'serkit synth DEST'
    """
    from serkit.ingest.corpus import CORPORA
    from serkit.ingest.download.corpus import download as fetch

    known = CORPORA.get(corpus)
    if not known.archives:
        raise UsageError(
            f"{known.name} cannot be downloaded",
            hint="make it with 'serkit synth DEST'" if known.synthetic else f"see {known.url}",
        )
    target = Path(dest) if dest is not None else Path("data") / known.name
    reports = [
        fetch(archive, target, base_url=url, progress=progress) for archive in known.archives
    ]
    return reports[-1]


def check(
    source: PathLike | HubDataset,
    *,
    corpus: str | None = None,
    include: Collection[str] = (),
    labelling: Labelling | None = None,
    workers: int | None = None,
    progress: ProgressCallback | None = None,
) -> AuditReport:
    """Audit a corpus: count clips, and list missing, duplicate, unreadable and altered files.

    Args:
        source: The folder.
        corpus: The corpus's name; None recognises it by its file names.
        include: Clips to include that are excluded by default, such as ``"song"``.
        labelling: How to read the labels of your own recordings, a :class:`serkit.Labelling`;
            None reads its ``metadata.csv`` where there is one.
        workers: Processes; None uses the setting.
        progress: Called as ``progress(done, total)``, in files.

    Raises:
        NotFoundError: No such folder.

    Example:
        >>> report = serkit.check("data/speech", workers=1)
        >>> report.clips, report.counts["emotion"]["angry"]
        (96, 12)
    """
    from serkit.ingest.audit import audit

    settings = resolve({"workers": workers})
    return audit(
        source,
        corpus=corpus,
        include=include,
        labelling=labelling,
        workers=settings.workers or None,
        progress=progress,
    )

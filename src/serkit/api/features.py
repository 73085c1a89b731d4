"""Filling a feature store: ``extract``, ``estimate``, ``preview``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from serkit.api._settings import Count, PathLike, settings_of, wanted_specs

if TYPE_CHECKING:
    from serkit.extraction.estimate import Estimate, Preview
    from serkit.extraction.extract import ExtractReport
    from serkit.ingest.metadata import Labelling


def extract(
    source: PathLike,
    *,
    store: PathLike | None = None,
    features: Sequence[str] | str | None = None,
    workers: int | None = None,
    engine: str = "local",
    scheduler: str | None = None,
    corpus: str | None = None,
    include: Collection[str] = (),
    labelling: Labelling | None = None,
    channel: int = 0,
    definitions: PathLike | None = None,
    wait: float | None = None,
    prune: bool = False,
    rehash: bool = False,
    progress: Count | None = None,
    say: Callable[[str], None] | None = None,
) -> ExtractReport:
    """Bring a feature store up to date with a folder of audio.

    Only what is missing or stale is computed. Clips that fail are listed in the report.

    Args:
        source: The folder, searched for WAV and FLAC files.
        store: The store's folder; None is the setting.
        features: Recipes' names (or paths of TOML files); None is the setting.
        workers: Processes; None is the setting.
        engine: Where they run: ``local``, or ``dask`` on a cluster. Its workers need the folder and
            the store under the same path.
        scheduler: Address of a dask scheduler that runs already, such as
            ``tcp://10.0.0.1:8786``; None starts a cluster of processes on this machine.
        corpus: The corpus's name; None tells it from the folder.
        include: Reasons for which clips are otherwise left out, such as ``"song"``.
        labelling: How the labels of a folder of one's own are found: :class:`serkit.Labelling`;
            None reads its ``metadata.csv`` where there is one.
        channel: Which channel of each file is read; files of one are read as they are.
        definitions: Folder of the project's own recipes; None is the setting.
        wait: Seconds to wait for another writer; None is the setting.
        prune: Take clips out of the store that the folder no longer holds.
        rehash: Read every file again, also where its size and times have not changed.
        progress: Called as ``progress(done, total)``, in clips.
        say: Called with each sentence that the user should read at once.

    Raises:
        NotFoundError: No such folder.
        CorpusError: No clips in it, or they do not belong into this store.
        UnknownNameError: No such feature or corpus.
        StoreError: The store is locked, damaged, or the disk is full; what was committed stays.
        EngineError: Workers died or are gone; what was committed stays.

    Example:
        >>> report = serkit.extract("data/speech", features=["functionals"], workers=1)
        >>> report.computed, report.reused
        (0, 96)
    """
    from serkit.compute.engine import open_engine
    from serkit.extraction.extract import extract as run
    from serkit.ingest.scan import read_channel, scan

    settings = settings_of(store, features, workers, definitions, wait)
    workers = settings.workers or None
    found = read_channel(scan(source, corpus=corpus, include=include, labelling=labelling), channel)
    with open_engine(engine, scheduler=scheduler, workers=workers) as opened:
        return run(
            found,
            wanted_specs(settings),
            Path(settings.store),
            workers=workers,
            engine=opened,
            wait=settings.wait,
            prune=prune,
            rehash=rehash,
            progress=progress,
            say=say,
        )


def estimate(
    source: PathLike,
    *,
    features: Sequence[str] | str | None = None,
    workers: int | None = None,
    corpus: str | None = None,
    include: Collection[str] = (),
    labelling: Labelling | None = None,
    definitions: PathLike | None = None,
    progress: Count | None = None,
) -> Estimate:
    """Estimate what :func:`extract` of everything would cost, from the files' headers alone.

    Args:
        source: See :func:`extract`.
        features: See :func:`extract`.
        workers: See :func:`extract`.
        corpus: See :func:`extract`.
        include: See :func:`extract`.
        labelling: See :func:`extract`.
        definitions: See :func:`extract`.
        progress: Called as ``progress(done, total)``, in headers.

    Example:
        >>> cost = serkit.estimate("data/speech", features=["mel128"], workers=1)
        >>> cost.clips, list(cost.by_feature)
        (96, ['mel128'])
    """
    from serkit.extraction.estimate import estimate as run
    from serkit.ingest.scan import scan

    settings = settings_of(None, features, workers, definitions, None)
    return run(
        scan(source, corpus=corpus, include=include, labelling=labelling),
        wanted_specs(settings),
        workers=settings.workers or None,
        progress=progress,
    )


def preview(
    source: PathLike,
    *,
    store: PathLike | None = None,
    features: Sequence[str] | str | None = None,
    workers: int | None = None,
    corpus: str | None = None,
    include: Collection[str] = (),
    labelling: Labelling | None = None,
    channel: int = 0,
    definitions: PathLike | None = None,
    progress: Count | None = None,
) -> Preview:
    """Say what :func:`extract` would do, and write nothing.

    Args:
        source: See :func:`extract`.
        store: See :func:`extract`.
        features: See :func:`extract`.
        workers: See :func:`extract`.
        corpus: See :func:`extract`.
        include: See :func:`extract`.
        labelling: See :func:`extract`.
        channel: See :func:`extract`.
        definitions: See :func:`extract`.
        progress: Called as ``progress(done, total)``, in files; only clips with
            several files are read.

    Example:
        >>> plan = serkit.preview("data/speech", features=["functionals"], workers=1)
        >>> plan.reused, plan.decode
        (96, 0)
    """
    from serkit.extraction.estimate import preview as run
    from serkit.ingest.scan import read_channel, scan

    settings = settings_of(store, features, workers, definitions, None)
    return run(
        read_channel(scan(source, corpus=corpus, include=include, labelling=labelling), channel),
        wanted_specs(settings),
        Path(settings.store),
        workers=settings.workers or None,
        progress=progress,
    )

"""Filling a feature store: ``extract``, ``estimate``, ``preview``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from serkit.api._settings import PathLike, settings_of, wanted_specs
from serkit.progress import ProgressCallback

if TYPE_CHECKING:
    from serkit.extraction.estimate import Estimate, Preview
    from serkit.extraction.extract import ExtractReport
    from serkit.ingest.hub import HubDataset
    from serkit.ingest.metadata import Labelling


def extract(
    source: PathLike | HubDataset,
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
    progress: ProgressCallback | None = None,
    say: Callable[[str], None] | None = None,
) -> ExtractReport:
    """Bring a feature store up to date with a folder of audio.

    Computes only what is missing or stale. The report lists clips that failed.

    Args:
        source: The folder, searched for WAV and FLAC files.
        store: The store's folder, or a URL such as ``s3://bucket/store``; None uses the setting.
        features: Recipes' names (or paths of TOML files); None uses the setting.
        workers: Processes; None uses the setting.
        engine: Where they run: ``local``, or ``dask`` on a cluster. Its workers need the folder and
            the store under the same path.
        scheduler: Address of a dask scheduler that runs already, such as
            ``tcp://10.0.0.1:8786``; None starts a cluster of processes on this machine.
        corpus: The corpus's name; None recognises it by its file names.
        include: Clips to include that are excluded by default, such as ``"song"``.
        labelling: How to read the labels of your own recordings, a :class:`serkit.Labelling`;
            None reads its ``metadata.csv`` where there is one.
        channel: Which channel to read, from 0; mono files are read as they are.
        definitions: Folder with the project's recipes; None uses the setting.
        wait: Seconds to wait for another writer; None uses the setting.
        prune: Remove clips from the store that are no longer in the folder.
        rehash: Read every file again, even if its size and times have not changed.
        progress: Called as ``progress(done, total)``, in clips.
        say: Called with each message that the user should see immediately.

    Raises:
        NotFoundError: No such folder.
        CorpusError: It has no clips, or they belong to another corpus than the store's.
        UnknownNameError: No such feature or corpus.
        StoreError: The store is locked, damaged, or the disk is full; committed data are kept.
        EngineError: Workers died or are gone; committed data are kept.

    Example:
        >>> report = serkit.extract("data/speech", features=["functionals"], workers=1)
        >>> report.computed, report.reused
        (0, 96)
    """
    from serkit.compute.engine import open_engine
    from serkit.extraction.extract import extract as run
    from serkit.ingest.scan import read_channel, scan
    from serkit.store.mirror import store_folder

    settings = settings_of(store, features, workers, definitions, wait)
    workers = settings.workers or None
    found = read_channel(scan(source, corpus=corpus, include=include, labelling=labelling), channel)
    with open_engine(engine, scheduler=scheduler, workers=workers) as opened:
        return run(
            found,
            wanted_specs(settings),
            store_folder(settings.store),
            workers=workers,
            engine=opened,
            wait=settings.wait,
            prune=prune,
            rehash=rehash,
            progress=progress,
            say=say,
        )


def estimate(
    source: PathLike | HubDataset,
    *,
    features: Sequence[str] | str | None = None,
    workers: int | None = None,
    corpus: str | None = None,
    include: Collection[str] = (),
    labelling: Labelling | None = None,
    definitions: PathLike | None = None,
    progress: ProgressCallback | None = None,
) -> Estimate:
    """Estimate the cost of a full :func:`extract` from the files' headers.

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
    source: PathLike | HubDataset,
    *,
    store: PathLike | None = None,
    features: Sequence[str] | str | None = None,
    workers: int | None = None,
    corpus: str | None = None,
    include: Collection[str] = (),
    labelling: Labelling | None = None,
    channel: int = 0,
    definitions: PathLike | None = None,
    progress: ProgressCallback | None = None,
) -> Preview:
    """Report what :func:`extract` would do, without writing anything.

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
    from serkit.store.mirror import store_folder

    settings = settings_of(store, features, workers, definitions, None)
    return run(
        read_channel(scan(source, corpus=corpus, include=include, labelling=labelling), channel),
        wanted_specs(settings),
        store_folder(settings.store),
        workers=settings.workers or None,
        progress=progress,
    )

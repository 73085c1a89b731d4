"""Maintain a feature store: ``ls``, ``why``, ``verify``, ``repair``, ``gc``, ``export``."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from serkit.api._settings import PathLike, recipes
from serkit.progress import ProgressCallback
from serkit.settings import resolve

if TYPE_CHECKING:
    from serkit.extraction.compare_audio import AudioComparison
    from serkit.extraction.repair import RepairReport
    from serkit.store.gc import GcReport
    from serkit.store.listing import StoreListing
    from serkit.store.status import FeatureStatus
    from serkit.store.store import FeatureStore
    from serkit.store.verify import VerifyReport


def store_path(store: PathLike | None = None) -> Path:
    """Return the store's folder, or the folder that mirrors its URL; None uses the setting.

    Example:
        >>> store_path("features/store").name
        'store'
    """
    from serkit.store.mirror import store_folder

    return store_folder(resolve({"store": store}).store)


def ls(store: PathLike | None = None, *, definitions: PathLike | None = None) -> StoreListing:
    """List the features in a store: how many clips are current, and their size.

    Args:
        store: The store's folder; None uses the setting.
        definitions: Folder with the project's recipes; None uses the setting.

    Raises:
        NotFoundError: No such store.
        StoreCorruptError: The store is damaged.

    Example:
        >>> [(each.feature, each.current) for each in serkit.ls().features]
        [('change_deviation', 96), ('functionals', 96)]
    """
    from serkit.store.listing import list_store
    from serkit.store.store import FeatureStore

    settings = resolve({"store": store, "definitions": definitions})
    return list_store(FeatureStore(settings.store), recipes(settings))


def why(
    feature: str, *, store: PathLike | None = None, definitions: PathLike | None = None
) -> FeatureStatus:
    """Report for each clip whether a feature is current, missing, stale or failed, and why.

    Args:
        feature: The feature's name. It is compared with its recipe, if there is one.
        store: The store's folder; None uses the setting.
        definitions: Folder with the project's recipes; None uses the setting.

    Raises:
        NotFoundError: No such store.
        UnknownNameError: Neither a recipe nor the store has this name.

    Example:
        >>> serkit.why("functionals").counts["current"]
        96
    """
    from serkit.store.listing import status_of
    from serkit.store.store import FeatureStore

    settings = resolve({"store": store, "definitions": definitions})
    return status_of(FeatureStore(settings.store).state, recipes(settings), feature)


def compare_audio(
    source: PathLike,
    *,
    store: PathLike | None = None,
    workers: int | None = None,
    corpus: str | None = None,
    include: Collection[str] = (),
    progress: ProgressCallback | None = None,
) -> AudioComparison:
    """Read all audio again and list the clips whose samples differ from those in the store.

    Args:
        source: The folder, searched for WAV and FLAC files.
        store: The store's folder; None uses the setting.
        workers: Processes; None uses the setting.
        corpus: The corpus's name; None recognises it by its file names.
        include: Clips to include that are excluded by default, such as ``"song"``.
        progress: Called as ``progress(done, total)``, in files.

    Raises:
        NotFoundError: No such store or folder.
        StoreCorruptError: The store's tables are damaged.

    Example:
        >>> serkit.compare_audio("data/speech", workers=1).changed
        ()
    """
    from serkit.extraction.compare_audio import compare_audio as run
    from serkit.ingest.scan import scan
    from serkit.store.mirror import store_folder
    from serkit.store.state import read_state

    settings = resolve({"store": store, "workers": workers})
    return run(
        scan(source, corpus=corpus, include=include),
        read_state(store_folder(settings.store)),
        workers=settings.workers or None,
        progress=progress,
    )


def verify(
    store: PathLike | None = None, *, progress: ProgressCallback | None = None
) -> VerifyReport:
    """Read every byte of a store and verify its checksums.

    Args:
        store: The store's folder; None uses the setting.
        progress: Called as ``progress(done, total)``, in files.

    Raises:
        NotFoundError: No such store.
        StoreCorruptError: The manifest itself is damaged.

    Example:
        >>> serkit.verify("features/store").damaged
        ()
    """
    from serkit.store.verify import verify as run

    return run(store_path(store), progress=progress)


def repair(
    store: PathLike | None = None,
    *,
    workers: int | None = None,
    wait: float | None = None,
    progress: ProgressCallback | None = None,
) -> RepairReport:
    """Recompute damaged clips from the original audio.

    Args:
        store: The store's folder; None uses the setting.
        workers: Processes; None uses the setting.
        wait: Seconds to wait for another writer; None uses the setting.
        progress: Called as ``progress(done, total)``, in clips.

    Raises:
        NotFoundError: No such store.
        StoreError: The store is locked or the disk is full.

    Example:
        >>> serkit.repair("features/store").recomputed
        {}
    """
    from serkit.extraction.repair import repair as run
    from serkit.store.mirror import store_folder

    settings = resolve({"store": store, "workers": workers, "wait": wait})
    return run(
        store_folder(settings.store),
        workers=settings.workers or None,
        wait=settings.wait,
        progress=progress,
    )


def gc(
    store: PathLike | None = None,
    *,
    drop: Collection[str] = (),
    wait: float | None = None,
    progress: ProgressCallback | None = None,
) -> GcReport:
    """Free the disk space of stale values, unused parts and files left by killed processes.

    Args:
        store: The store's folder; None uses the setting.
        drop: Features to remove completely.
        wait: Seconds to wait for another writer; None uses the setting.
        progress: Called as ``progress(done, total)``, in clips rewritten.

    Raises:
        NotFoundError: No such store.
        UnknownNameError: A feature to drop is not in the store.
        StoreError: The store is locked, damaged, or the disk is full.

    Example:
        >>> report = serkit.gc("features/store")
        >>> report.bytes_after <= report.bytes_before
        True
    """
    from serkit.store.gc import gc as run
    from serkit.store.mirror import store_folder

    settings = resolve({"store": store, "wait": wait})
    names = (drop,) if isinstance(drop, str) else drop
    return run(store_folder(settings.store), drop=names, wait=settings.wait, progress=progress)


def export(
    feature: str,
    *,
    to: str,
    path: PathLike | None = None,
    padded: bool = True,
    store: FeatureStore | PathLike | None = None,
    progress: ProgressCallback | None = None,
) -> Path:
    """Write a feature of all clips to one file for other programs.

    ``parquet``: one row for each clip: metadata columns, then those of the feature (arrays as
    lists).
    ``npz`` and ``hdf5``: the array ``X``, ``y``, ``clip_id``, ``length``, and each metadata column.

    Args:
        feature: Its name.
        to: ``parquet``, ``npz`` or ``hdf5``.
        path: The file; None is ``FEATURE.parquet`` (and so on) in the current folder.
        padded: Whether arrays are padded in front; ``npz`` and ``hdf5`` always are.
        store: The store or its folder; None uses the setting.
        progress: Called as ``progress(done, total)``, in clips.

    Returns:
        The file.

    Raises:
        NotFoundError: No such store.
        UnknownNameError: No such feature or format.
        IncompleteFeatureError: Some clips have no current values.
        StoreWriteError: It cannot be written; no partial file is left.

    Example:
        >>> serkit.export("functionals", to="parquet", path="functionals.parquet").name
        'functionals.parquet'
    """
    from serkit.store.export import export as run
    from serkit.store.store import FeatureStore

    opened = store if isinstance(store, FeatureStore) else None
    opened = opened or FeatureStore(resolve({"store": store}).store)
    target = None if path is None else Path(path)
    return run(opened, feature, to, target, padded=padded, progress=progress)

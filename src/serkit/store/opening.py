"""Opening a store for writing: the lock, a new store's first files, and a killed writer's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from serkit.errors import NotFoundError, UsageError
from serkit.storage.files import TEMPORARY, write_file
from serkit.storage.lock import DEFAULT_WAIT, writer_lock
from serkit.store.arrow_memory import system_memory
from serkit.store.manifest import (
    COPY,
    NAME,
    PARTS,
    TABLES,
    Manifest,
    begin,
    copy_manifest,
    read_manifest,
)
from serkit.store.mirror import mirror_of
from serkit.store.state import StoreState
from serkit.store.writer import StoreWriter

_IGNORE = "*\n"
"""A store is never committed to version control."""


@contextmanager
def open_writer(
    path: Path,
    *,
    create: bool = True,
    wait: float = DEFAULT_WAIT,
    say: Callable[[str], None] | None = None,
) -> Iterator[StoreWriter]:
    """Lock a store and open it for writing.

    Args:
        path: The store's folder.
        create: Begin an empty store where there is none.
        wait: Seconds to wait for another writer.
        say: Called with the name of the process that holds the lock.

    Raises:
        NotFoundError: No store there, and ``create`` is false.
        UsageError: The path is something else.
        StoreLockedError: Another process is writing.
        StoreWriteError: The folder cannot be written to.
        StoreCorruptError: The store is damaged.
    """
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path} is a file", hint="name a folder with --store DIR")
    if not create:
        read_manifest(path)
    with writer_lock(path, wait=wait, say=say), system_memory():
        _bring_here(path)
        with _letting_go(path):
            yield locked_writer(path)


@contextmanager
def _letting_go(path: Path) -> Iterator[None]:
    """Give back in the end what a mirror holds for its writer, and now what a killed one held."""
    mirror = mirror_of(path)
    if not mirror:
        yield
        return
    mirror.let_go()
    try:
        yield
    finally:
        mirror.let_go()


def _bring_here(path: Path) -> None:
    """Bring the newest commit here where the store is elsewhere."""
    if mirror := mirror_of(path):
        try:
            mirror.refresh(to_write=True)
        except NotFoundError:  # the first commit will make it
            for name in (NAME, COPY):
                (path / name).unlink(missing_ok=True)


def locked_writer(path: Path) -> StoreWriter:
    """Open a locked store for writing and clean up after a killed writer.

    Raises:
        StoreWriteError: The folder cannot be written to.
        StoreCorruptError: The store is damaged.
    """
    try:
        manifest = read_manifest(path)
        copy_manifest(path)
    except NotFoundError:
        _refuse_a_used_folder(path)
        write_file(path / ".gitignore", _IGNORE.encode())
        begin(path)
        manifest = Manifest()
    writer = StoreWriter(path, manifest)
    for file in garbage(path, writer.state):
        file.unlink(missing_ok=True)  # its uncommitted files
    return writer


def _refuse_a_used_folder(path: Path) -> None:
    """Refuse to create a store in a used folder: other files would be treated as garbage.

    Raises:
        UsageError: The folder contains files that do not belong to a store.
    """
    if (path / COPY).exists():
        return  # a store that was begun, and never committed to
    ignore = path / ".gitignore"
    foreign = [entry.name for entry in path.iterdir() if not entry.name.startswith(".")]
    if ignore.exists() and ignore.read_bytes() != _IGNORE.encode():
        foreign.append(ignore.name)
    if foreign:
        raise UsageError(
            f"{path} holds {min(foreign)} and is not a feature store",
            hint="name a new or empty folder with --store DIR",
        )


def garbage(path: Path, state: StoreState) -> list[Path]:
    """Return files in the store's folders that nothing refers to."""
    kept = state.stored_files().keys()
    files = (p for folder in (PARTS, TABLES) for p in (path / folder).rglob("*") if p.is_file())
    found = [p for p in files if p.relative_to(path).as_posix() not in kept]
    return sorted([*found, *(p for p in path.glob(f".*{TEMPORARY}") if p.is_file())])

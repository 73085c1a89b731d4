"""A store under a URL: objects are the truth, and a folder on this machine mirrors them.

The mirror holds the newest manifest and its tables, so that everything but values is read as from
any folder, and the parts that were read most. It can be deleted at any time.

The commit point is an object ``commits/NUMBER.json``, which only one writer can create. Tables and
parts are written before it under names that nobody else uses.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from serkit.errors import NotFoundError, StoreError, StoreLockedError, UsageError
from serkit.settings import resolve
from serkit.storage.files import write_file
from serkit.storage.objects import Objects, is_url, open_objects
from serkit.store.manifest import NAME, Manifest, read_manifest

_ORIGIN = ".origin"
"""File of a mirror that names what it mirrors."""

_HELD = ".writer"
"""Folder of a mirror with the tables that its writer reads; of the writer's alone."""

_COMMITS = "commits"
_KEPT_COMMITS = 3
"""A reader that has listed the commits still finds the one that it chose."""

_FRESH = 1.0
"""Seconds for which a reader trusts that nobody has committed: each look is a request."""

_CACHE_BYTES = 20 * 2**30
"""Parts that one mirror holds; those that were fetched first go first."""


def store_folder(place: str | Path) -> Path:
    """Return the folder in which a store is read: its own, or the mirror of one under a URL.

    Args:
        place: A path or a URL.
    """
    if not is_url(place):
        return Path(place).expanduser()
    url = str(place).rstrip("/")
    if url.startswith(("file://", "local://")):
        return Path(url.partition("://")[2])
    named = re.sub(r"\W+", "-", url.partition("://")[2]).strip("-")[-40:]
    digest = sha256(url.encode()).hexdigest()[:12]
    folder = Path(resolve().cache).expanduser() / "stores" / f"{named}-{digest}"
    if not (folder / _ORIGIN).is_file():
        write_file(folder / _ORIGIN, url.encode())
    return folder


def refuse_mirror(store: Path, what: str) -> None:
    """Refuse to do what needs every part on this machine.

    Raises:
        UsageError: The store lies under a URL.
    """
    if mirror := mirror_of(store):
        raise UsageError(
            f"cannot {what} {mirror.url}: it is no folder of this machine",
            hint="copy the objects into a folder, and name that with --store DIR",
        )


def mirror_of(folder: Path) -> Mirror | None:
    """Return what a folder mirrors; None where it is a store of its own."""
    try:
        return Mirror(folder, (folder / _ORIGIN).read_text())
    except (FileNotFoundError, NotADirectoryError):
        return None


@dataclass
class Mirror:
    """A folder that mirrors the objects under a URL.

    Attributes:
        folder: The folder.
        url: The URL.
    """

    folder: Path
    url: str
    _looked_at: float = field(default=float("-inf"), repr=False)

    @cached_property
    def objects(self) -> Objects:
        """The objects."""
        return open_objects(self.url)

    def refresh(self, *, at_once: bool = True, to_write: bool = False) -> None:
        """Bring the newest commit here.

        Args:
            at_once: Whether to look even if somebody has looked a moment ago.
            to_write: Whether also the table of audio files is wanted, which readers leave out.

        Raises:
            NotFoundError: There is no store.
            StoreReadError: The objects cannot be read.
        """
        now = time.monotonic()
        if not at_once and now - self._looked_at < _FRESH:
            return
        manifest, text = self.newest()
        if text != self._here():
            self._fetch_tables(manifest)
            write_file(self.folder / NAME, text)
        if to_write:
            self.fetch(read_manifest(self.folder).table_files())
        self._looked_at = now

    def newest(self) -> tuple[Manifest, bytes]:
        """Read the newest commit and nothing that it names.

        Returns:
            The manifest and its text.

        Raises:
            NotFoundError: There is no store.
            StoreReadError: The object cannot be read.
            StoreCorruptError: It is damaged.
        """
        name = self._newest()
        text = self._read_commit(name)
        staged = self.folder / f".{name.replace('/', '-')}"
        write_file(staged / NAME, text)
        try:
            return read_manifest(staged), text
        finally:
            (staged / NAME).unlink(missing_ok=True)
            with suppress(OSError):  # another reader's is in it
                staged.rmdir()

    def commit(self, before: Manifest, after: Manifest, text: bytes, unused: Iterable[str]) -> None:
        """Make a manifest count for everybody, or fail.

        Args:
            before: What this writer began with.
            after: What is to be committed; its parts are uploaded already.
            text: Its text.
            unused: Files that are no longer needed then.

        Raises:
            StoreLockedError: Somebody else has committed meanwhile.
            StoreWriteError: The objects cannot be written.
        """
        for file in after.table_files().keys() - before.table_files().keys():
            self.objects.write(file, (self.folder / file).read_bytes())
        name = _commit_name(after.generation)
        # Asked again after an answer that got lost, an object store refuses what it has taken.
        if not self.objects.create(name, text) and self.objects.read(name) != text:
            raise StoreLockedError(
                f"somebody else has committed to {self.url} meanwhile",
                hint="nothing of theirs is lost; run it again, and it computes what is missing",
            )
        gone = sorted(unused)
        if after.generation > _KEPT_COMMITS:
            gone.append(_commit_name(after.generation - _KEPT_COMMITS))
        self.objects.delete(gone)

    def fetch(self, files: Iterable[str]) -> None:
        """Bring files here whole, by their paths inside the store.

        Raises:
            StoreReadError: They cannot be read.
            StoreError: They are not there.
        """
        wanted = [file for file in files if not (self.folder / file).is_file()]
        for file in wanted:
            try:
                write_file(self.folder / file, self.objects.read(file))
            except FileNotFoundError as error:
                raise StoreError(
                    f"{file} of {self.url} is gone: somebody has committed meanwhile",
                    hint="read it again",
                ) from error
        if wanted:
            self._trim(keep={self.folder / file for file in wanted})

    def hold(self, files: Iterable[str]) -> Path:
        """Keep tables for a writer: readers delete those that a later commit has replaced.

        Args:
            files: Their paths inside the store.

        Returns:
            The folder in which they are, by the same paths, until :meth:`let_go`.
        """
        for file in files:
            held = self.folder / _HELD / file
            held.parent.mkdir(parents=True, exist_ok=True)
            held.unlink(missing_ok=True)
            with suppress(FileNotFoundError):  # who opens it says so
                try:
                    os.link(self.folder / file, held)
                except (OSError, NotImplementedError):  # no hard links there
                    shutil.copyfile(self.folder / file, held)
        return self.folder / _HELD

    def let_go(self, files: Iterable[str] | None = None) -> None:
        """Give back what is held for the writer: some tables, or all of them."""
        if files is None:
            shutil.rmtree(self.folder / _HELD, ignore_errors=True)
            return
        for file in files:
            (self.folder / _HELD / file).unlink(missing_ok=True)

    def _newest(self) -> str:
        """Return the name of the newest commit; of a copied folder that is its manifest."""
        commits = self.objects.names(_COMMITS)
        return f"{_COMMITS}/{commits[-1]}" if commits else NAME

    def _read_commit(self, name: str) -> bytes:
        try:
            return self.objects.read(name)
        except FileNotFoundError as error:
            raise NotFoundError(
                f"no feature store in {self.url}",
                hint="fill one with 'serkit extract SRC' or name another with --store",
            ) from error

    def _here(self) -> bytes:
        try:
            return (self.folder / NAME).read_bytes()
        except FileNotFoundError:
            return b""

    def _fetch_tables(self, manifest: Manifest) -> None:
        tables = manifest.table_files().keys()
        seen = {file.file for file in manifest.tables.get("files", ())}
        self.fetch(sorted(tables - seen))
        for path in (self.folder / "tables").glob("*.parquet"):
            if f"tables/{path.name}" not in tables:
                path.unlink(missing_ok=True)

    def _trim(self, keep: set[Path]) -> None:
        """Delete the parts that were fetched first where there are too many."""
        found = [(p.stat(), p) for p in (self.folder / "parts").glob("*/*") if p.is_file()]
        spare = sum(status.st_size for status, _ in found) - _CACHE_BYTES
        for status, path in sorted(found, key=lambda pair: pair[0].st_mtime_ns):
            if spare <= 0:
                return
            if path not in keep:
                path.unlink(missing_ok=True)
                spare -= status.st_size


def _commit_name(generation: int) -> str:
    return f"{_COMMITS}/{generation:012d}.json"


def unique(name: str) -> str:
    """Return a table's name that no other writer uses."""
    return f"{name}-{os.urandom(4).hex()}"

"""Objects by name: the few operations that a store needs from its storage.

Nothing here renames or locks, which object stores cannot do. What makes a commit safe is
:meth:`Objects.create`: of two writers who create the same object one is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from serkit.errors import MissingDependencyError, StoreReadError, StoreWriteError, UsageError
from serkit.storage.files import Buffer, read_file, write_file

Range = tuple[str, int, int]
"""An object's name, the first byte, and the one behind the last."""

_MARK = "://"
_EXTRAS = {"gs": "gcs", "gcs": "gcs"}
"""The extra for a kind of URL, where it is not ``cloud``."""


class Objects(Protocol):
    """Named objects in one place."""

    def read(self, name: str) -> bytes:
        """Return an object whole.

        Raises:
            FileNotFoundError: It is not there.
            StoreReadError: It cannot be read.
        """

    def read_ranges(self, ranges: Sequence[Range]) -> list[bytes]:
        """Return byte ranges of objects; all are requested at once."""

    def write(self, name: str, *pieces: Buffer) -> None:
        """Write an object atomically.

        Raises:
            StoreWriteError: It was not taken.
        """

    def create(self, name: str, data: bytes) -> bool:
        """Write an object that is not there yet; False where somebody else was quicker."""

    def names(self, folder: str) -> list[str]:
        """Return the names of the objects in a folder, sorted, without the folder's name."""

    def delete(self, names: Sequence[str]) -> None:
        """Delete objects; one that is gone already is no error."""


def is_url(place: object) -> bool:
    """Return whether a location is a URL rather than a path.

    Example:
        >>> is_url("s3://bucket/store"), is_url("features/store")
        (True, False)
    """
    return _MARK in str(place)


def open_objects(place: str) -> Objects:
    """Open a folder or a URL.

    Args:
        place: A path, or a URL such as ``s3://bucket/store``, ``gs://...``, ``memory://...`` or
            ``file:///...``.

    Raises:
        MissingDependencyError: The package for this kind of URL is not installed.
        UsageError: No package knows this kind of URL.
    """
    scheme, mark, rest = place.partition(_MARK)
    if not mark:
        return FolderObjects(Path(place))
    if scheme in ("file", "local"):
        return FolderObjects(Path(rest))
    try:
        import fsspec
    except ImportError as error:
        raise _missing(scheme) from error
    try:
        system, root = fsspec.core.url_to_fs(place)
    except ImportError as error:
        raise _missing(scheme) from error
    except ValueError as error:
        raise UsageError(
            f"{place} has an unknown scheme ({scheme}{_MARK})",
            allowed="a folder, s3://, gs://, file:// and anything else that fsspec supports is "
            "allowed",
        ) from error
    return UrlObjects(system, root.rstrip("/"), place)


def _missing(scheme: str) -> MissingDependencyError:
    command = f"pip install 'serkit[{_EXTRAS.get(scheme, 'cloud')}]'"
    return MissingDependencyError(f"nothing that reads {scheme}{_MARK} is installed", hint=command)


@dataclass(frozen=True)
class FolderObjects:
    """Files of a folder.

    Attributes:
        folder: It need not exist before something is written.
    """

    folder: Path

    def read(self, name: str) -> bytes:
        """See :meth:`Objects.read`."""
        return read_file(self.folder / name)

    def read_ranges(self, ranges: Sequence[Range]) -> list[bytes]:
        """See :meth:`Objects.read_ranges`."""
        found = []
        for name, first, end in ranges:
            with (self.folder / name).open("rb") as file:
                file.seek(first)
                found.append(file.read(end - first))
        return found

    def write(self, name: str, *pieces: Buffer) -> None:
        """See :meth:`Objects.write`."""
        write_file(self.folder / name, *pieces)

    def create(self, name: str, data: bytes) -> bool:
        """See :meth:`Objects.create`."""
        path = self.folder / name
        whole = path.with_name(f".{path.name}.new")
        write_file(whole, data)
        try:
            path.hardlink_to(whole)  # unlike a rename it refuses to replace
        except FileExistsError:
            return False
        finally:
            whole.unlink()
        return True

    def names(self, folder: str) -> list[str]:
        """See :meth:`Objects.names`."""
        there = self.folder / folder
        if not there.is_dir():
            return []
        return sorted(path.name for path in there.iterdir() if not path.name.startswith("."))

    def delete(self, names: Sequence[str]) -> None:
        """See :meth:`Objects.delete`."""
        for name in names:
            (self.folder / name).unlink(missing_ok=True)


@dataclass(frozen=True)
class UrlObjects:
    """Objects that fsspec reaches.

    Attributes:
        system: fsspec's file system.
        root: Where the objects are in it.
        url: What the place is called, for messages.
    """

    system: Any
    root: str
    url: str

    def read(self, name: str) -> bytes:
        """See :meth:`Objects.read`."""
        with _read_errors(f"{self.url}/{name}"):
            return bytes(self.system.cat_file(self._at(name)))

    def read_ranges(self, ranges: Sequence[Range]) -> list[bytes]:
        """See :meth:`Objects.read_ranges`."""
        paths = [self._at(name) for name, _, _ in ranges]
        starts = [first for _, first, _ in ranges]
        ends = [end for _, _, end in ranges]
        with _read_errors(self.url):
            return [bytes(data) for data in self.system.cat_ranges(paths, starts, ends)]

    def write(self, name: str, *pieces: Buffer) -> None:
        """See :meth:`Objects.write`."""
        with _write_errors(f"{self.url}/{name}"):
            self.system.pipe_file(self._at(name), b"".join(pieces))

    def create(self, name: str, data: bytes) -> bool:
        """See :meth:`Objects.create`."""
        with _write_errors(f"{self.url}/{name}"):
            try:
                self.system.pipe_file(self._at(name), data, mode="create")
            except FileExistsError:
                return False
            except OSError as error:
                if "PreconditionFailed" in str(error) or "ConditionalRequestConflict" in str(error):
                    return False
                raise
        return True

    def names(self, folder: str) -> list[str]:
        """See :meth:`Objects.names`."""
        with _read_errors(f"{self.url}/{folder}"):
            try:
                found = self.system.ls(self._at(folder), detail=False, refresh=True)
            except FileNotFoundError:
                return []
        return sorted(path.rsplit("/", 1)[-1] for path in found)

    def delete(self, names: Sequence[str]) -> None:
        """See :meth:`Objects.delete`."""
        with _write_errors(self.url):
            for name in names:
                try:
                    self.system.rm_file(self._at(name))
                except FileNotFoundError:
                    continue

    def _at(self, name: str) -> str:
        return f"{self.root}/{name}"


@contextmanager
def _read_errors(place: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except Exception as error:  # each package has errors of its own
        raise StoreReadError(
            f"cannot read {place} ({_said(error)})",
            hint="check the address, the credentials and the network, then try again",
        ) from error


@contextmanager
def _write_errors(place: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # each package has errors of its own
        raise StoreWriteError(
            f"cannot write {place} ({_said(error)})",
            hint="committed data are kept; check address, credentials and network, and run it "
            "again",
        ) from error


def _said(error: Exception) -> str:
    return str(error).strip() or type(error).__name__

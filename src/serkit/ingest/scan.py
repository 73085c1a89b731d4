"""From a folder to the audio files of a corpus in it, by their names alone: nothing is decoded."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from serkit.audio import SUFFIXES
from serkit.clips import ClipName
from serkit.errors import CorpusError, NotFoundError, UsageError, unknown_name
from serkit.ingest.corpus import CORPORA, UNRECOGNISED, Corpus, UnparsedNameError, detect
from serkit.ingest.hub import HubDataset, is_saved, unpack
from serkit.ingest.metadata import Labelling, corpus_of
from serkit.packed import Packed

_DETECT_FROM = 50
"""How many names :func:`serkit.corpora.detect` is shown."""


@dataclass(frozen=True, slots=True)
class AudioFile:
    """One audio file of a corpus.

    Attributes:
        path: Relative to the scanned folder, with forward slashes.
        size: In bytes.
        mtime_ns: Time of the last change, in nanoseconds.
        name: The clip's metadata from its path.
        ctime_ns: Time of the last change according to the file system; unlike ``mtime_ns`` programs
            cannot set it. None if unknown.
        channel: Which of its channels is read.
    """

    path: str
    size: int
    mtime_ns: int
    name: ClipName
    ctime_ns: int | None = None
    channel: int = 0

    @property
    def key(self) -> str:
        """Key of its samples in the store."""
        return file_key(self.path, self.channel)


class ClipFiles(Mapping[str, list[AudioFile]]):
    """Audio files by clip id, in the order of the files.

    Of several files of one clip, the one least deep in the tree comes first.

    Args:
        files: The files.
    """

    def __init__(self, files: Sequence[AudioFile]) -> None:
        self._files = files
        self._first: dict[str, int] = {}
        self._further: dict[str, list[int]] = {}
        for position, file in enumerate(files):
            if self._first.setdefault(file.name.clip_id, position) != position:
                self._further.setdefault(file.name.clip_id, []).append(position)

    def __len__(self) -> int:
        return len(self._first)

    def __iter__(self) -> Iterator[str]:
        return iter(self._first)

    def __contains__(self, clip_id: object) -> bool:
        return clip_id in self._first

    def __getitem__(self, clip_id: str) -> list[AudioFile]:
        group = [self._files[self._first[clip_id]]]
        if clip_id in self._further:
            group += [self._files[position] for position in self._further[clip_id]]
            group.sort(key=lambda file: (file.path.count("/"), file.path))
        return group

    def several(self) -> Iterator[list[AudioFile]]:
        """Yield the files of each clip that has more than one."""
        return map(self.__getitem__, self._further)


@dataclass(frozen=True)
class Scan:
    """The result of scanning a folder.

    Attributes:
        root: The folder, absolute.
        corpus: Which corpus it is.
        files: The audio files, sorted by path; a clip may have several.
        left_out: Number of excluded files, by reason (``"song"``).
        unparsed: Path and reason of each audio file whose name does not match the corpus.
        notes: Problems in the folder's metadata table, one sentence each.
    """

    root: Path
    corpus: Corpus
    files: Sequence[AudioFile]
    left_out: Mapping[str, int]
    unparsed: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()

    @cached_property
    def clips(self) -> ClipFiles:
        """The files by clip id."""
        return ClipFiles(self.files)


def scan(
    root: str | Path | HubDataset,
    *,
    corpus: str | None = None,
    include: Collection[str] = (),
    labelling: Labelling | None = None,
) -> Scan:
    """Find a corpus's audio files below a folder.

    Hidden files and folders (so ``.DS_Store`` and ``._*`` too) are passed over. Links to folders
    are followed, each real folder once.

    Args:
        root: The folder; also one that ``datasets.Dataset.save_to_disk`` wrote, or a data set.
        corpus: The corpus's name; None recognises it by its file names.
        include: Clips to include that are excluded by default, such as ``"song"``.
        labelling: How to read the labels of the user's own recordings; None reads ``metadata.csv``
            if the folder has one and no corpus is named.

    Raises:
        NotFoundError: No such folder or table.
        CorpusError: A folder in it cannot be read, or its table is of no use.
        UnknownNameError: No such corpus, or it leaves out nothing for such a reason.
        UsageError: ``root`` is a file.
    """
    if isinstance(root, HubDataset):
        root = unpack(root)
    if not str(root):
        raise UsageError("the folder's name is empty", hint="give '.' for the current one")
    folder = at_home(Path(root))
    if folder.is_file():
        raise UsageError(f"{root} is a file", hint="give the folder that holds it")
    if not folder.is_dir():
        raise NotFoundError(f"no folder {root}", hint="give the folder that holds the audio files")
    folder = folder.resolve()
    if is_saved(folder):
        folder = unpack(folder)
    entries = sorted(walk_audio(folder), key=lambda found: found.path)
    own = None
    if not corpus:
        relative_paths = [found.path for found in entries]
        own = corpus_of(folder, relative_paths, labelling or Labelling())
    elif labelling not in (None, Labelling()):
        raise UsageError(
            f"both a table or layout and the corpus {corpus} are given",
            hint="leave one of them out",
        )
    if own:
        chosen, notes = own
    else:
        first = [PurePosixPath(found.path) for found in entries[:_DETECT_FROM]]
        chosen = CORPORA.get(corpus) if corpus else detect(folder, first)
        notes = ()
    wanted = _reasons(chosen, include)
    people = chosen.people(folder)
    files = Packed(AudioFile)
    unparsed: list[tuple[str, str]] = []
    left_out: Counter[str] = Counter()
    for found in entries:
        relative = found.path
        if not is_text(relative):
            unparsed.append((shown(Path(relative)), "its path is not UTF-8"))
            continue
        try:
            name = chosen.parse(PurePosixPath(relative))
        except UnparsedNameError as error:
            unparsed.append((relative, str(error)))
            continue
        if person := people.get(name.speaker):
            name = replace(name, sex=person.sex, age=person.age)
        reason = chosen.leave_out(name)
        if reason and reason not in wanted:
            left_out[reason] += 1
        else:
            files.append(AudioFile(relative, found.size, found.mtime_ns, name, found.ctime_ns))
    return Scan(folder, chosen, files, dict(left_out), tuple(unparsed), notes)


def file_key(path: str, channel: int) -> str:
    """Return the key of a file's samples: its path, and the channel unless 0."""
    return f"{path} (channel {channel})" if channel else path


def read_channel(found: Scan, channel: int) -> Scan:
    """Return a scan that reads another channel.

    Args:
        found: The scan.
        channel: The channel, from 0.

    Raises:
        UsageError: There is no such channel in any file.
    """
    if channel < 0:
        raise UsageError(f"channel {channel} does not exist", allowed="0 or more is allowed")
    if all(file.channel == channel for file in found.files):
        return found
    files = (replace(file, channel=channel) for file in found.files)
    return replace(found, files=Packed(AudioFile, files))


def at_home(path: Path) -> Path:
    """Expand a leading ``~``; if there is no such home folder, keep it as a plain name."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def _reasons(corpus: Corpus, include: Collection[str]) -> set[str]:
    """Return the exclusion reasons to ignore; unknown ones are an error."""
    wanted = {include} if isinstance(include, str) else set(include)
    for reason in sorted(wanted - set(corpus.reasons)):
        raise unknown_name(f"reason to leave out clips of {corpus.name}", reason, corpus.reasons)
    return wanted


_LABEL_THEM = (
    "describe the files in a metadata.csv there, or use --layout emotion if folders are named "
    "after emotions"
)


def no_clips(scan: Scan) -> CorpusError:
    """Build the error for a folder without clips; it lists what was found instead."""
    there = [f"{count:,} {reason}" for reason, count in scan.left_out.items()]
    if scan.unparsed:
        there.append(f"{len(scan.unparsed):,} files with other names ({scan.unparsed[0][1]})")
    known = scan.corpus is not UNRECOGNISED
    return CorpusError(
        f"no {scan.corpus.name} clips in {scan.root}" if known else f"no corpus in {scan.root}",
        allowed=f"there are only {' and '.join(there)}" if there else "no WAV or FLAC file at all",
        hint="give the folder that holds the corpus" if known or not scan.unparsed else _LABEL_THEM,
    )


def _scandir(folder: str) -> Any:
    try:
        return os.scandir(folder)
    except OSError as error:
        # Passing over it would lose clips without a word.
        raise CorpusError(
            f"the folder {folder} cannot be read ({error.strerror or error})",
            hint="make it readable, or remove it",
        ) from error


def shown(path: Path) -> str:
    """Write a path so that it can be stored and printed: Linux allows any bytes in one."""
    return str(path).encode(errors="backslashreplace").decode()


def is_text(path: str) -> bool:
    """Return whether a path is valid text: Linux allows any bytes in one."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def changed_at(status: os.stat_result) -> int:
    """Return when a file was last changed, in nanoseconds; after 2262 it counts as of that year.

    File systems hold dates that 64 bits of nanoseconds cannot.
    """
    return max(-(2**63), min(status.st_mtime_ns, 2**63 - 1))


class FoundFile(NamedTuple):
    """An audio file in a folder: its relative path, its size, and when it was last changed."""

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int | None


def walk_audio(root: Path, suffixes: Collection[str] = SUFFIXES) -> Iterator[FoundFile]:
    """Yield every audio file (by its extension) that is not hidden."""
    seen: set[tuple[int, int]] = set()
    pending = [(str(root), "")]
    while pending:
        folder, prefix = pending.pop()
        status = os.stat(folder)  # noqa: PTH116 (a plain string is twice as fast as a Path here)
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        with _scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if _is_folder(entry):
                    pending.append((entry.path, f"{prefix}{entry.name}/"))
                elif os.path.splitext(entry.name)[1].lower() in suffixes:  # noqa: PTH122
                    try:
                        info = entry.stat()
                    except OSError:  # a broken or circular link: reading it reports the error
                        yield FoundFile(f"{prefix}{entry.name}", -1, 0, None)
                        continue
                    path = f"{prefix}{entry.name}"
                    yield FoundFile(path, info.st_size, changed_at(info), info.st_ctime_ns)

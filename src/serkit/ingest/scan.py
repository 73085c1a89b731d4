"""From a folder to the audio files of a corpus in it, by their names alone: nothing is decoded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path, PurePosixPath

from serkit.errors import CorpusError, NotFoundError, UsageError, unknown_name
from serkit.ingest.clip_files import AudioFile, ClipFiles
from serkit.ingest.corpus import CORPORA, UNRECOGNISED, Corpus, UnparsedNameError, detect
from serkit.ingest.hub import HubDataset, is_saved, unpack
from serkit.ingest.metadata import Labelling, corpus_of
from serkit.ingest.walk import walk_audio
from serkit.packed import Packed

_DETECT_FROM = 50
"""How many names :func:`serkit.corpora.detect` is shown."""


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
    if corpus and labelling not in (None, Labelling()):
        raise UsageError(
            f"both a table or layout and the corpus {corpus} are given",
            hint="leave one of them out",
        )
    if corpus:
        return scan_as(CORPORA.get(corpus), folder, include=include)
    paths = (found.path for found in walk_audio(folder))
    if own := corpus_of(folder, paths, labelling or Labelling()):
        return scan_as(own[0], folder, include=include, notes=own[1])
    first = [PurePosixPath(path) for path in islice(paths, _DETECT_FROM)]
    return scan_as(detect(folder, first), folder, include=include)


def scan_as(
    corpus: Corpus, folder: Path, *, include: Collection[str] = (), notes: tuple[str, ...] = ()
) -> Scan:
    """Find the audio files below a folder that are a corpus's, one after the other.

    Args:
        corpus: The corpus.
        folder: The folder, absolute.
        include: As of :func:`scan`.
        notes: Problems that are known already.

    Raises:
        CorpusError: A folder in it cannot be read.
        UnknownNameError: The corpus leaves out nothing for such a reason.
    """
    wanted = _reasons(corpus, include)
    people = corpus.people(folder)
    files = Packed(AudioFile)
    unparsed: list[tuple[str, str]] = []
    left_out: Counter[str] = Counter()
    for found in walk_audio(folder):
        relative = found.path
        if not is_text(relative):
            unparsed.append((shown(Path(relative)), "its path is not UTF-8"))
            continue
        try:
            name = corpus.parse(PurePosixPath(relative))
        except UnparsedNameError as error:
            unparsed.append((relative, str(error)))
            continue
        if person := people.get(name.speaker):
            name = replace(name, sex=person.sex, age=person.age)
        reason = corpus.leave_out(name)
        if reason and reason not in wanted:
            left_out[reason] += 1
        else:
            files.append(AudioFile(relative, found.size, found.mtime_ns, name, found.ctime_ns))
    return Scan(folder, corpus, files, dict(left_out), tuple(unparsed), notes)


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

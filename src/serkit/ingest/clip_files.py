"""A corpus's audio files, and which of them hold which clip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np

from serkit.clips import ClipName
from serkit.keys import KeyIndex, digest_of, digests_of


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


_AGAIN, _ONLY, _FIRST = range(3)
"""Whether a file is a further one of its clip, its only one, or the first of several."""


class ClipFiles(Mapping[str, list[AudioFile]]):
    """Audio files by clip id, in the order of the files.

    Of several files of one clip, the one least deep in the tree comes first. Of each id only its
    hash is kept.

    Args:
        files: The files.
    """

    def __init__(self, files: Sequence[AudioFile]) -> None:
        self._files = files
        self._index = KeyIndex.of(digests_of(file.name.clip_id for file in files))
        self._kinds = np.full(len(files), _ONLY, np.uint8)
        is_equal = self._index.digests[1:] == self._index.digests[:-1]
        self._kinds[self._index.positions[:-1][is_equal]] = _FIRST
        self._kinds[self._index.positions[1:][is_equal]] = _AGAIN
        self._length = len(files) - int(np.count_nonzero(is_equal))

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[str]:
        return (group[0].name.clip_id for group in self.groups())

    def __contains__(self, clip_id: object) -> bool:
        return self._index.find(digest_of(str(clip_id))) is not None

    def __getitem__(self, clip_id: str) -> list[AudioFile]:
        group = [self._files[position] for position in self._index.all_of(digest_of(clip_id))]
        if not group:
            raise KeyError(clip_id)
        return sorted(group, key=lambda file: (file.path.count("/"), file.path))

    def missing(self, clip_ids: Sequence[str]) -> list[str]:
        """Return those of many clips that have no file; faster than asking for each."""
        is_missing = self._index.find_all(digests_of(clip_ids)) < 0
        return list(compress(clip_ids, is_missing.data))

    def groups(self) -> Iterator[list[AudioFile]]:
        """Yield the files of each clip, in the order of their first ones, and keep none."""
        for file, kind in zip(self._files, self._kinds.data, strict=True):
            if kind != _AGAIN:
                yield [file] if kind == _ONLY else self[file.name.clip_id]

    def several(self) -> Iterator[list[AudioFile]]:
        """Yield the files of each clip that has more than one."""
        for position in np.flatnonzero(self._kinds == _FIRST).tolist():
            yield self[self._files[position].name.clip_id]


def file_key(path: str, channel: int) -> str:
    """Return the key of a file's samples: its path, and the channel unless 0."""
    return f"{path} (channel {channel})" if channel else path

"""Compare the sample length in a file's header with the file.

libsndfile silently shortens truncated files and ignores data beyond the header's size. So every
container's sizes are compared with the file's, in both directions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from serkit.errors import TruncatedAudioError, UnfinishedAudioError

_SLOP = 1024
"""Maximum bytes after the samples that are treated as a tag."""

_NEAR = 1 << 16
"""How near to 2**31 or 2**32 a size is that a program wrote as it could not know any."""


@dataclass(frozen=True, slots=True)
class _Form:
    """A container made of chunks.

    Attributes:
        magic: Its first bytes.
        first: Where the first chunk begins.
        name: Bytes of a chunk's name.
        size: Bytes of a chunk's size.
        order: Their order.
        data: Name of the chunk that holds the samples.
        lead: Bytes of that chunk before the first sample.
        inclusive: Whether a chunk's size counts its own head.
        align: Alignment of chunks in bytes.
    """

    magic: bytes
    first: int
    name: int
    size: int
    order: str
    data: bytes
    lead: int = 0
    inclusive: bool = False
    align: int = 2

    @property
    def head(self) -> int:
        """Bytes before a chunk's content."""
        return self.name + self.size

    def number(self, data: bytes) -> int:
        """Read a size."""
        return int.from_bytes(data, "big" if self.order == "big" else "little")


_FORMS = (
    _Form(b"RIFF", 12, 4, 4, "little", b"data"),
    _Form(b"RIFX", 12, 4, 4, "big", b"data"),
    _Form(b"RF64", 12, 4, 4, "little", b"data"),
    _Form(b"BW64", 12, 4, 4, "little", b"data"),
    _Form(b"FORM", 12, 4, 4, "big", b"SSND", lead=8),
    _Form(b"caff", 8, 4, 8, "big", b"data", lead=4, align=1),
    _Form(
        b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00",
        *(40, 16, 8, "little"),
        b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a",
        inclusive=True,
        align=8,
    ),
)
"""WAV, its kin, AIFF, Core Audio and Wave64: what libsndfile reads of files made of chunks."""


@dataclass(frozen=True, slots=True)
class Unsized:
    """A file whose header omits the sample length.

    Attributes:
        patches: Corrections to its header, by position.
    """

    patches: dict[int, bytes]


def check_size(raw: BinaryIO, size: int, name: str) -> Unsized | None:
    """Compare a header's sizes with the file's.

    Args:
        raw: The file, at its beginning.
        size: Its size in bytes.
        name: Its name in messages.

    Returns:
        Corrections for sizes that the writer left open; None if not needed or if the decoder
        handles it.

    Raises:
        TruncatedAudioError: It is shorter than its header states.
        UnfinishedAudioError: It is longer than its header states.
    """
    magic = raw.read(16)
    if magic[:4] == b"fLaC":
        _check_flac(raw, size, name)
        return None
    form = next((each for each in _FORMS if magic.startswith(each.magic)), None)
    if form is None or (magic[:4] in (b"RIFF", b"RIFX", b"RF64") and magic[8:12] != b"WAVE"):
        return None
    return _Chunks(raw, size, form, name).check()


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A chunk.

    Attributes:
        name: What it is.
        start: Where its content begins.
        length: Bytes of its content, as its head says.
        field: Where that stands, and in how many bytes.
    """

    name: bytes
    start: int
    length: int
    field: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Chunks:
    """A file made of chunks."""

    raw: BinaryIO
    size: int
    form: _Form
    name: str

    def check(self) -> Unsized | None:
        """See :func:`check_size`."""
        data = self._data()
        if data is None:
            return None
        if data.start > self.size:
            raise TruncatedAudioError(f"{self.name} ends before its first sample")
        there = self.size - data.start
        behind = self._behind(data) if data.length <= there else 0
        if self._is_open(data, there, behind):
            return self._mended(data, there)
        if data.length > there:
            raise TruncatedAudioError(
                f"{self.name} ends {data.length - there:,} bytes before its header says"
            )
        if behind > _SLOP and not self._silent(self.size - behind):
            raise UnfinishedAudioError(
                f"{self.name} holds {behind:,} bytes more than its header says",
                hint="its recorder did not finish: open it in an audio editor and save it again",
            )
        return None

    def _is_open(self, data: _Chunk, there: int, behind: int) -> bool:
        """Return whether the writer left the size open."""
        if not data.length:
            return behind > 0
        _, width = data.field
        near = any(abs(data.length - 2**bits) <= _NEAR for bits in (31, 32))
        return data.length > there and (near if width == 4 else data.length >= 2**62)

    def _mended(self, data: _Chunk, there: int) -> Unsized:
        """Return the sizes that the file should have named; libsndfile mends all but zeros."""
        if data.length:
            return Unsized({})
        position, width = data.field
        length = there + self.form.lead + (self.form.head if self.form.inclusive else 0)
        order = "big" if self.form.order == "big" else "little"
        return Unsized({position: length.to_bytes(width, order)})  # type: ignore[arg-type]

    def _data(self) -> _Chunk | None:
        """Return the chunk of samples; None where it cannot be found."""
        long: _Chunk | None = None
        for chunk in self._walk(self.form.first):
            if chunk.name == b"ds64":  # sizes in 64 bits: the whole, the samples, ...
                self.raw.seek(chunk.start + 8)
                length = self.form.number(self.raw.read(8))
                long = _Chunk(chunk.name, 0, length, (chunk.start + 8, 8))
            if chunk.name == self.form.data:
                lead = self.form.lead
                length, field = chunk.length, chunk.field
                if long and length == 0xFFFFFFFF:
                    length, field = long.length, long.field
                return _Chunk(chunk.name, chunk.start + lead, max(0, length - lead), field)
        return None

    def _walk(self, position: int) -> Iterator[_Chunk]:
        """Yield chunks from a position on; the last may lack its end, or some of its head."""
        form = self.form
        while True:
            self.raw.seek(position)
            head = self.raw.read(form.head)
            if not head and position >= self.size:
                raise TruncatedAudioError(f"{self.name} ends before its first sample")
            if len(head) < form.head:
                return
            length = form.number(head[form.name :]) - (form.head if form.inclusive else 0)
            start = position + form.head
            yield _Chunk(head[: form.name], start, max(length, 0), (start - form.size, form.size))
            position = start + max(length, 0)
            position += -position % form.align

    def _behind(self, data: _Chunk) -> int:
        """Return how many bytes behind the samples are no chunks."""
        position = data.start + data.length
        while position < self.size:
            # Not every writer aligns a chunk that comes after an odd number of bytes.
            at = (position + -position % self.form.align, position)
            ends = (end for start in at if (end := self._end(start)))
            if not (end := next(ends, 0)):
                return self.size - position
            position = end
        return 0

    def _end(self, position: int) -> int:
        """Return where a chunk ends; 0 where none begins there."""
        form = self.form
        self.raw.seek(position)
        head = self.raw.read(form.head)
        if len(head) < form.head:
            return position if position == self.size else 0
        length = form.number(head[form.name :]) - (form.head if form.inclusive else 0)
        end = position + form.head + length
        is_name = all(32 <= byte < 127 for byte in head[:4])
        return end if is_name and length >= 0 and end <= self.size + 1 else 0

    def _silent(self, position: int) -> bool:
        """Return whether everything from a position on is zero."""
        self.raw.seek(position)
        while block := self.raw.read(1 << 20):
            if any(block):
                return False
        return True


def _check_flac(raw: BinaryIO, size: int, name: str) -> None:
    """Refuse a FLAC file that is longer than its frames can possibly be."""
    position = 4
    frames = depth = channels = 0
    while True:
        raw.seek(position)
        head = raw.read(4)
        if len(head) < 4:
            return
        if not head[0] & 0x7F:
            facts = int.from_bytes(raw.read(18)[10:18], "big")
            frames, channels = facts & (2**36 - 1), (facts >> 41 & 7) + 1
            depth = (facts >> 36 & 31) + 1
        position += 4 + int.from_bytes(head[1:], "big")
        if head[0] & 0x80:  # the last before the samples
            break
    most = frames * channels * -(-depth // 8)
    behind = size - position - most
    if frames and behind > most // 8 + (1 << 14):  # frame headers, and a tag
        raise UnfinishedAudioError(
            f"{name} holds {behind:,} bytes more than its header says",
            hint="its recorder did not finish: open it in an audio editor and save it again",
        )

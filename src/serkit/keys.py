"""Where keys are in a long sequence, such as a table, by their hashes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise, starmap
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt
from xxhash import xxh3_64_intdigest, xxh3_128_digest

if TYPE_CHECKING:
    import pyarrow as pa

Digests = npt.NDArray[np.uint64]


def digest_of(key: str) -> int:
    """Return the hash of a key: XXH3, 64 bit."""
    return xxh3_64_intdigest(key.encode())


def digests_of(keys: Iterable[str]) -> Digests:
    """Return the hashes of keys, shape ``(n,)``, in their order."""
    return np.fromiter(map(xxh3_64_intdigest, map(str.encode, keys)), np.uint64)


def digests_in(keys: pa.Array) -> Digests:
    """Return the hashes of keys in an Arrow column, shape ``(n,)``, without making strings.

    Example:
        >>> import pyarrow as pa
        >>> bool((digests_in(pa.array(["a.wav", "b"])) == digests_of(["a.wav", "b"])).all())
        True
    """
    _, ends, text = keys.buffers()
    if text is None:  # not one character
        return digests_of([""] * len(keys))
    places = np.frombuffer(ends, np.int32, len(keys) + 1, 4 * keys.offset).tolist()
    pieces = map(memoryview(text).__getitem__, starmap(slice, pairwise(places)))
    return np.fromiter(map(xxh3_64_intdigest, pieces), np.uint64, len(keys))


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class KeyIndex:
    """The positions of keys, found by hash: 12 bytes per key, where a dictionary takes 200.

    Keys themselves are not kept. Of a million keys two have the same hash with a probability of
    3e-8.

    Attributes:
        digests: The keys' hashes in ascending order, shape ``(n,)``.
        positions: The position of each of them, shape ``(n,)``.

    Example:
        >>> index = KeyIndex.of(digests_of(["b.wav", "a.wav"]))
        >>> index.find(digest_of("a.wav")), index.find(digest_of("c.wav"))
        (1, None)
    """

    digests: Digests
    positions: npt.NDArray[np.uint32]

    @classmethod
    def of(cls, digests: Digests) -> KeyIndex:
        """Index keys by their hashes, given in the order of the keys.

        The indexes of a store's features name the clips as its table of clips does: the same keys
        in the same order share one index.
        """
        mark = xxh3_128_digest(np.ascontiguousarray(digests).data)
        known = _KNOWN.get(mark)
        if known is None:
            order = np.argsort(digests, kind="stable")  # of equal keys the first is found
            known = _KNOWN[mark] = cls(digests[order], order.astype(np.uint32))
        return known

    def __len__(self) -> int:
        return len(self.digests)

    def find(self, digest: int) -> int | None:
        """Return the position of the key with this hash; None where there is none."""
        at = bisect_left(self.digests.data, digest)
        if at == len(self.digests) or self.digests.data[at] != digest:
            return None
        return int(self.positions[at])

    def all_of(self, digest: int) -> list[int]:
        """Return the positions of all keys with this hash, ascending."""
        first, end = (side(self.digests.data, digest) for side in (bisect_left, bisect_right))
        found: list[int] = self.positions[first:end].tolist()
        return found

    def find_all(self, digests: Digests) -> npt.NDArray[np.int64]:
        """Return the positions of keys with these hashes, -1 where there is none."""
        if not len(self):
            return np.full(len(digests), -1)
        at = np.minimum(np.searchsorted(self.digests, digests), len(self) - 1)
        return np.where(self.digests[at] == digests, self.positions[at].astype(np.int64), -1)

    def in_order(self) -> Digests:
        """Return the hashes in the order of the keys, shape ``(n,)``."""
        digests = np.empty_like(self.digests)
        digests[self.positions] = self.digests
        return digests


_KNOWN: WeakValueDictionary[bytes, KeyIndex] = WeakValueDictionary()
"""Indexes that are in use, by a hash of what they are made of."""

"""The torch data set, in a separate module because its base class needs torch."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any, Protocol

import torch
from torch.utils.data import Dataset, Sampler

from serkit.store.order import PARTS_AT_ONCE, order_by_parts, share


class Clips(Protocol):
    """Clips by position: values and emotion number."""

    def __len__(self) -> int: ...

    def __getitem__(self, position: int) -> tuple[Any, int]: ...

    def take(self, positions: Sequence[int]) -> list[tuple[Any, int]]:
        """Read several clips at once."""

    def parts(self) -> list[str]:
        """Return the part that holds each clip."""


class TorchClips(Dataset[Any]):  # type: ignore[misc]
    """Clips as ``(tensor, emotion_id)``.

    Args:
        clips: Where they are read from.
    """

    def __init__(self, clips: Clips) -> None:
        self.clips = clips

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, position: int) -> tuple[torch.Tensor, int]:
        values, label = self.clips[position]
        return torch.as_tensor(values), label

    def __getitems__(self, positions: list[int]) -> list[tuple[torch.Tensor, int]]:
        """Return several clips; data loaders call this for a batch."""
        return [(torch.as_tensor(values), label) for values, label in self.clips.take(positions)]

    def sampler(
        self,
        seed: int = 0,
        *,
        parts_at_once: int = PARTS_AT_ONCE,
        rank: int | None = None,
        processes: int | None = None,
    ) -> PartSampler:
        """Return a sampler that shuffles and yet reads few parts at a time.

        Args:
            seed: Of the order.
            parts_at_once: How many parts are mixed with each other.
            rank: This process's number among those that train together; None is torchrun's.
            processes: How many there are; None is torchrun's, and 1 without it.
        """
        return PartSampler(self.clips.parts(), seed, parts_at_once, rank, processes)


class PartSampler(Sampler[int]):  # type: ignore[misc]
    """Positions in random order, part by part; each of several processes gets a share.

    Call :meth:`set_epoch` before each epoch, as with torch's ``DistributedSampler``.

    Args:
        parts: The part that each clip lies in.
        seed: Of the order.
        parts_at_once: How many parts are mixed with each other.
        rank: This process's number; None is torchrun's.
        processes: How many there are; None is torchrun's.
    """

    def __init__(
        self,
        parts: Sequence[str],
        seed: int = 0,
        parts_at_once: int = PARTS_AT_ONCE,
        rank: int | None = None,
        processes: int | None = None,
    ) -> None:
        self._parts = parts
        self._seed = seed
        self._at_once = parts_at_once
        self._rank = int(os.environ.get("RANK", "0")) if rank is None else rank
        count = int(os.environ.get("WORLD_SIZE", "1")) if processes is None else processes
        self._processes = count
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Take another order from now on."""
        self._epoch = epoch

    def __len__(self) -> int:
        return ceil(len(self._parts) / self._processes)

    def __iter__(self) -> Iterator[int]:
        order = order_by_parts(self._parts, self._seed + self._epoch, at_once=self._at_once)
        yield from share(order, self._rank, self._processes).tolist()

"""The torch data set, in a separate module because its base class needs torch."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Dataset, Sampler, default_collate
from torch.utils.data._utils.collate import default_collate_fn_map

from serkit.store.order import PARTS_AT_ONCE, order_by_parts, share


class Clips(Protocol):
    """Clips by position: values and emotion number."""

    def __len__(self) -> int: ...

    def __getitem__(self, position: int) -> tuple[Any, int]: ...

    def read(self, positions: Sequence[int]) -> tuple[Any, npt.NDArray[np.int64]]:
        """Read several clips as one array (unpadded: a list of arrays), with their labels."""

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
        values, labels = self.clips.read(positions)
        if isinstance(values, list):
            return [(torch.as_tensor(x), y) for x, y in zip(values, labels.tolist(), strict=True)]
        batch = (torch.from_numpy(values), torch.from_numpy(labels))
        samples: list[tuple[torch.Tensor, int]] = []
        for position, sample in enumerate(zip(batch[0].unbind(), labels.tolist(), strict=True)):
            samples.append(Sample(sample, batch, position))
        return samples

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


class Sample(tuple[Any, ...]):
    """A clip as ``(tensor, emotion_id)`` that knows the batch which it was read with.

    Data loaders copy a batch's samples into one tensor, which takes as long as reading them. These
    samples are rows of such a tensor already.

    Args:
        values: The tensor and the emotion's number.
        batch: All samples' tensors in one, and all their numbers.
        position: Which sample of the batch it is.
    """

    def __new__(
        cls, values: tuple[Any, ...], _batch: tuple[torch.Tensor, torch.Tensor], _position: int
    ) -> Self:
        """Make the tuple."""
        return super().__new__(cls, values)

    def __init__(
        self, _values: tuple[Any, ...], batch: tuple[torch.Tensor, torch.Tensor], position: int
    ) -> None:
        self.batch = batch
        self.position = position

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (tuple(self),)


def _collated(samples: Sequence[Sample], **_how: Any) -> list[torch.Tensor]:
    """Return what :func:`torch.utils.data.default_collate` would, without a copy if possible."""
    batch = samples[0].batch
    whole = len(samples) == len(batch[1]) and all(
        sample.batch is batch and sample.position == position
        for position, sample in enumerate(samples)
    )
    if whole:
        return list(batch)
    plain: list[torch.Tensor] = default_collate([tuple(sample) for sample in samples])
    return plain


default_collate_fn_map[Sample] = _collated  # torch's way of adding a type


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

"""The torch data set, in a separate module because its base class needs torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch.utils.data import Dataset


class Clips(Protocol):
    """Clips by position: values and emotion number."""

    def __len__(self) -> int: ...

    def __getitem__(self, position: int) -> tuple[Any, int]: ...

    def take(self, positions: Sequence[int]) -> list[tuple[Any, int]]:
        """Read several clips at once."""


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

"""The torch data set; a module of its own because its base class needs torch."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch.utils.data import Dataset


class Clips(Protocol):
    """Clips by position: values and emotion number."""

    def __len__(self) -> int: ...

    def __getitem__(self, position: int) -> tuple[Any, int]: ...


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

"""Batches of training clips for a speech encoder, each made of parts that need no padding.

Imports torch, so it is imported inside functions only.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.utils.data

from serkit.encoders.waveform import Wave
from serkit.models.speech.augment import WaveAugmentation
from serkit.models.speech.waves import Waves, by_length, by_rank, stack

Part = dict[str, torch.Tensor]
"""Clips that go through the encoder at once: ``input_values``, ``labels``, perhaps a mask."""


@dataclass
class WaveBatches(torch.utils.data.Dataset[dict[str, Any]]):  # type: ignore[misc]
    """Training clips in batches, in a new order each epoch.

    A batch's content depends only on seed, epoch and number, so a resumed training sees the same
    batches.

    Attributes:
        waves: The clips.
        labels: Their emotion numbers, shape ``(n,)``.
        size: Clips of a batch.
        most: Most clips of a part.
        cut: Clips are cut to a multiple of this many samples, at a random position.
        augmentation: How clips are changed.
        seed: Of order, cuts and changes.
        epoch: Counted from 0.
    """

    waves: Waves
    labels: npt.NDArray[np.int64]
    size: int
    most: int
    cut: int
    augmentation: WaveAugmentation
    seed: int
    epoch: int = 0

    def __len__(self) -> int:
        return math.ceil(len(self.waves) / self.size)

    def set_epoch(self, epoch: int) -> None:
        """Bring the clips into another order; accelerate calls this."""
        self.epoch = epoch

    def __getitem__(self, number: int) -> dict[str, Any]:
        if not 0 <= number < len(self):
            raise IndexError(number)
        random = np.random.default_rng([self.seed, self.epoch])
        order = random.permutation(len(self.waves))
        positions = order[number * self.size : (number + 1) * self.size].tolist()
        heard = [
            self._changed(wave, position)
            for wave, position in zip(self.waves.take(positions), positions, strict=True)
        ]
        group: Callable[..., list[list[int]]] = by_rank if self.waves.hearing.masks else by_length
        groups = group([len(wave) for wave in heard], self.most)
        return {
            "parts": [self._part(heard, positions, each) for each in groups],
            "count": len(positions),
        }

    def _changed(self, wave: Wave, position: int) -> Wave:
        random = np.random.default_rng([self.seed, self.epoch, position])
        wave = self.augmentation(wave, int(random.integers(2**31)))
        spare = len(wave) % self.cut if self.cut else 0
        if spare > 0 and len(wave) - spare >= self.waves.hearing.fewest_samples:
            first = int(random.integers(spare + 1))
            wave = wave[first : first + len(wave) - spare]
        return self.waves.hearing.finish(wave)

    def _part(self, heard: list[Wave], positions: list[int], group: list[int]) -> Part:
        given, mask = stack([heard[each] for each in group])
        labels = self.labels[[positions[each] for each in group]]
        part = {"input_values": torch.from_numpy(given), "labels": torch.from_numpy(labels)}
        return part if mask is None else part | {"attention_mask": torch.from_numpy(mask)}


def only(items: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the one batch that a data loader has drawn."""
    return items[0]

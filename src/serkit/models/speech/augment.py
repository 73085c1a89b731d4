"""Augmentation of waveforms by the optional package audiomentations, training clips only."""

from __future__ import annotations

import random
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from serkit.encoders.waveform import Wave
from serkit.errors import MissingDependencyError
from serkit.models.speech.parameters import WaveAugmentationParameters

_OLDEST = (0, 40)


@dataclass(frozen=True)
class WaveAugmentation:
    """Changes training clips on the fly; the same seed changes them in the same way.

    Attributes:
        chain: The composed transforms; None changes nothing.
        sample_rate: Of the clips.
    """

    chain: Any
    sample_rate: int

    @classmethod
    def of(cls, much: WaveAugmentationParameters, sample_rate: int) -> WaveAugmentation:
        """Compose augmentations with their probabilities.

        Raises:
            MissingDependencyError: Augmentation is requested and the package is missing.
        """
        if not much.changes_waves:
            return cls(None, sample_rate)
        require_augmentation(much)
        import audiomentations as change

        return cls(
            change.Compose(
                [
                    change.TimeStretch(0.9, 1.1, leave_length_unchanged=False, p=much.tempo),
                    change.PitchShift(-2, 2, p=much.pitch),
                    change.AddGaussianSNR(10.0, 40.0, p=much.noise),
                    change.Gain(-6.0, 6.0, p=much.gain),
                ]
            ),
            sample_rate,
        )

    def __call__(self, wave: Wave, seed: int) -> Wave:
        """Return a changed copy; its length may change, too."""
        if self.chain is None:
            return wave
        # The package draws from the global generators; they are left as they were.
        states = random.getstate(), np.random.get_state()
        random.seed(seed)
        np.random.seed(seed % 2**32)
        try:
            return np.asarray(self.chain(wave, self.sample_rate), np.float32)
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])


def require_augmentation(much: WaveAugmentationParameters) -> None:
    """Raise an error if augmentation is requested and the package is missing or too old.

    Raises:
        MissingDependencyError: The hint names the extra that brings it.
    """
    if not much.changes_waves:
        return
    try:
        found = version("audiomentations")
    except PackageNotFoundError:
        found = ""
    if not found or tuple(map(int, found.split(".")[:2])) < _OLDEST:
        raise MissingDependencyError(
            "augmenting waveforms needs audiomentations 0.40 or later, "
            f"but {f'{found} is' if found else 'it is not'} installed",
            hint="pip install 'serkit[augment]', or leave noise, gain, pitch and tempo at 0",
        )

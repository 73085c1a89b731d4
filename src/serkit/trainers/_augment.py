"""Augmentation of scaled spectrograms, on training clips only, on the fly, seeded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serkit.parameters import Parameter, Parameters, integer, number
from serkit.trainers._spectra import Frames, Inputs

Targets = npt.NDArray[np.float32]
"""Probabilities that are trained towards, shape ``(clips, 8)``."""


@dataclass(frozen=True)
class Augmentation:
    """How much each training clip is changed.

    Attributes:
        gain: Standard deviation of a change of level, in the scaled values' unit.
        tempo: Greatest change of length, as a share of it.
        shift: Most bands that a clip is moved up or down.
        time_masks: Stretches of frames that are blanked (SpecAugment).
        time_width: Widest of them, as a share of the clip.
        band_masks: Ranges of bands that are blanked.
        band_width: Widest of them, in bands.
        mixup: Parameter of the Beta distribution that clips are mixed by; 0 does not mix.
    """

    gain: float
    tempo: float
    shift: int
    time_masks: int
    time_width: float
    band_masks: int
    band_width: int
    mixup: float

    @classmethod
    def of(cls, parameters: Parameters) -> Augmentation:
        """Read the parameters of :data:`AUGMENTATION`."""
        return cls(
            number(parameters, "gain"),
            number(parameters, "tempo"),
            integer(parameters, "shift"),
            integer(parameters, "time_masks"),
            number(parameters, "time_width"),
            integer(parameters, "band_masks"),
            integer(parameters, "band_width"),
            number(parameters, "mixup"),
        )

    def clips(self, clips: Sequence[Frames], random: np.random.Generator) -> list[Frames]:
        """Return changed copies; a length may change, too."""
        return [self._clip(clip, random) for clip in clips]

    def mix(
        self, inputs: Inputs, targets: Targets, random: np.random.Generator
    ) -> tuple[Inputs, Targets]:
        """Mix each clip of a batch with another (Zhang et al. 2018, ICLR, "mixup")."""
        if not self.mixup or len(targets) < 2:
            return inputs, targets
        share = np.float32(random.beta(self.mixup, self.mixup))
        share = max(share, np.float32(1) - share)  # the clip itself stays the main one
        other = random.permutation(len(targets))
        mixed = {"frames": share * inputs["frames"] + (1 - share) * inputs["frames"][other]}
        if "live" in inputs:
            mixed["live"] = np.maximum(inputs["live"], inputs["live"][other])
        return mixed, share * targets + (1 - share) * targets[other]

    def _clip(self, clip: Frames, random: np.random.Generator) -> Frames:
        if self.tempo:
            clip = _stretched(clip, 1 + self.tempo * random.uniform(-1, 1))
        out = clip.copy()
        if self.shift:
            out = _moved(out, int(random.integers(-self.shift, self.shift + 1)))
        if self.gain:
            out += np.float32(self.gain * random.standard_normal())
        for _ in range(self.time_masks):
            width = int(random.integers(0, int(self.time_width * len(out)) + 1))
            first = int(random.integers(0, len(out) - width + 1))
            out[first : first + width] = 0
        for _ in range(self.band_masks):
            width = int(random.integers(0, min(self.band_width, out.shape[1]) + 1))
            first = int(random.integers(0, out.shape[1] - width + 1))
            out[:, first : first + width] = 0
        return out


def _stretched(clip: Frames, factor: float) -> Frames:
    """Return a clip at another tempo, frames interpolated; its pitch stays."""
    length = max(1, round(len(clip) * factor))
    places = np.linspace(0, len(clip) - 1, length)
    below = places.astype(np.intp)
    above = np.minimum(below + 1, len(clip) - 1)
    share = (places - below).astype(np.float32)[:, None]
    return np.asarray(clip[below] * (1 - share) + clip[above] * share, np.float32)


def _moved(clip: Frames, bands: int) -> Frames:
    """Return a clip moved up by some bands, its edge repeated: pitch and formants higher."""
    places = np.clip(np.arange(clip.shape[1]) - bands, 0, clip.shape[1] - 1)
    return np.asarray(clip[:, places])


AUGMENTATION = {
    "gain": Parameter(0.0, "standard deviation of a random level, in scaled units", minimum=0),
    "tempo": Parameter(0.0, "greatest change of tempo, as a share", minimum=0, maximum=0.5),
    "shift": Parameter(0, "most bands that clips are moved up or down", minimum=0),
    "time_masks": Parameter(0, "stretches of frames that are blanked", minimum=0),
    "time_width": Parameter(0.1, "widest of them, as a share of the clip", minimum=0, maximum=1),
    "band_masks": Parameter(0, "ranges of bands that are blanked", minimum=0),
    "band_width": Parameter(16, "widest of them, in bands", minimum=0),
    "mixup": Parameter(0.0, "how much clips are mixed (Beta's parameter); 0 does not", minimum=0),
}
"""What :class:`Augmentation` reads. All are off where a preset is silent."""

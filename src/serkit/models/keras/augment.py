"""Augmentation of scaled spectrograms, on training clips only, on the fly, seeded.

Disabled augmentations draw no random numbers, so they do not affect the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serkit.errors import UsageError
from serkit.models.keras.batches import Inputs
from serkit.models.keras.parameters import AugmentationParameters
from serkit.models.keras.source import Frames

Targets = npt.NDArray[np.float32]
"""Probabilities that are trained towards, shape ``(clips, classes)``."""

Edges = npt.NDArray[np.float64]
"""Frequencies in Hz where mel bands begin, peak and end, shape ``(bands + 2,)``."""

_VTLP_KNEE = 4800.0
"""Hz: the relevant formants are below this (Jaitly and Hinton)."""


@dataclass(frozen=True)
class Augmentation:
    """Changes training clips.

    Attributes:
        amounts: How much. What a time shift moves out at one end comes in at the other, so the
            silence around the speech is divided otherwise; each clip draws its own level of noise;
            masks are those of SpecAugment.
        edges: Edges and peaks of the bands in Hz, shape ``(bands + 2,)``; None if unknown. Only
            ``vtlp`` needs them.

    Raises:
        UsageError: ``vtlp`` is on and the bands' frequencies are unknown.
    """

    amounts: AugmentationParameters
    edges: Edges | None = None

    def __post_init__(self) -> None:
        if self.amounts.vtlp and self.edges is None:
            raise UsageError(
                f"vtlp = {self.amounts.vtlp:g} needs mel bands of known frequency",
                allowed="a feature of the extractor mel, such as 'mel128', has them",
            )

    @property
    def changes_clips(self) -> bool:
        """Whether a clip's frames are changed at random; mixing clips does not count."""
        much = self.amounts
        masks = (much.time_masks, much.band_masks)
        return any(
            (much.tempo, much.time_shift, much.shift, much.vtlp, much.gain, much.noise, *masks)
        )

    def clips(self, clips: Sequence[Frames], random: np.random.Generator) -> list[Frames]:
        """Return changed copies; a length may change, too."""
        return [self._clip(clip, random) for clip in clips]

    def mix(
        self, inputs: Inputs, targets: Targets, random: np.random.Generator
    ) -> tuple[Inputs, Targets]:
        """Mix each clip of a batch with another (Zhang et al. 2018, ICLR, "mixup")."""
        strength = self.amounts.mixup
        if not strength or len(targets) < 2:
            return inputs, targets
        share = np.float32(random.beta(strength, strength))
        share = max(share, np.float32(1) - share)  # the clip itself stays the main one
        other = random.permutation(len(targets))
        mixed = {
            name: np.maximum(each, each[other])
            if name == "live"
            else share * each + (1 - share) * each[other]
            for name, each in inputs.items()
        }
        return mixed, share * targets + (1 - share) * targets[other]

    def _clip(self, clip: Frames, random: np.random.Generator) -> Frames:
        much = self.amounts
        if much.tempo:
            clip = _stretched(clip, 1 + much.tempo * random.uniform(-1, 1))
        out = clip.copy()
        if much.time_shift:
            most = int(much.time_shift * len(out))
            out = np.roll(out, int(random.integers(-most, most + 1)), axis=0)
        if much.shift:
            out = _moved(out, int(random.integers(-much.shift, much.shift + 1)))
        if much.vtlp and self.edges is not None:
            out = _warped(out, self.edges, 1 + much.vtlp * random.uniform(-1, 1))
        if much.gain:
            out += np.float32(much.gain * random.standard_normal())
        if much.noise:
            level = np.float32(much.noise * random.uniform())
            out += level * random.standard_normal(out.shape, dtype=np.float32)
        for _ in range(much.time_masks):
            width = int(random.integers(0, int(much.time_width * len(out)) + 1))
            first = int(random.integers(0, len(out) - width + 1))
            out[first : first + width] = 0
        for _ in range(much.band_masks):
            width = int(random.integers(0, min(much.band_width, out.shape[1]) + 1))
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


def _warped(clip: Frames, edges: Edges, factor: float) -> Frames:
    """Return a clip as if the vocal tract were shorter (factor above 1) or longer by a factor.

    Frequencies are multiplied by the factor up to a knee, and from there on in a straight line to
    the upper end, which stays: Jaitly and Hinton (2013), "Vocal tract length perturbation (VTLP)
    improves speech recognition", ICML workshop. Bands between two of the clip's are interpolated.

    Args:
        clip: Shape ``(frames, bands)``.
        edges: Shape ``(bands + 2,)``, in Hz.
        factor: Above 0; 1 changes nothing.
    """
    centres, top = edges[1:-1], edges[-1]
    highest = min(_VTLP_KNEE, 0.6 * top)
    knee = highest * min(factor, 1.0)
    # frequency f moves to warp(f); each output band looks up its source
    sources = np.interp(centres, [0.0, knee, top], [0.0, knee / factor, top])
    # Rounded, so that the factor 1 is the identity to the last bit.
    places = np.interp(sources, centres, np.arange(len(centres))).round(9)
    below = places.astype(np.intp)
    above = np.minimum(below + 1, len(centres) - 1)
    share = (places - below).astype(np.float32)
    out: Frames = clip.take(below, axis=1)
    out *= 1 - share
    out += clip.take(above, axis=1) * share
    return out

"""Augmentation of scaled spectrograms, on training clips only, on the fly, seeded.

What is switched off draws no random number: switching another one on changes nothing of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serkit.errors import UsageError
from serkit.models.keras.spectra import Frames, Inputs
from serkit.parameters import Parameter, Parameters, integer, number

Targets = npt.NDArray[np.float32]
"""Probabilities that are trained towards, shape ``(clips, classes)``."""

Edges = npt.NDArray[np.float64]
"""Frequencies in Hz where mel bands begin, peak and end, shape ``(bands + 2,)``."""

_VTLP_KNEE = 4800.0
"""Hz: below it lie the formants that matter, as Jaitly and Hinton have it."""


@dataclass(frozen=True)
class Augmentation:
    """How much each training clip is changed.

    Attributes:
        gain: Standard deviation of a change of level, in the scaled values' unit.
        tempo: Greatest change of length, as a share of it.
        time_shift: Most frames that a clip is moved by, as a share of its length; what leaves at
            one end comes in at the other, so the silence around the speech is divided otherwise.
        shift: Most bands that a clip is moved up or down.
        vtlp: Greatest change of the vocal tract's length, as a share of it (VTLP).
        noise: Greatest standard deviation of white noise on the values, in their unit; each clip
            draws its own.
        time_masks: Stretches of frames that are blanked (SpecAugment).
        time_width: Widest of them, as a share of the clip.
        band_masks: Ranges of bands that are blanked.
        band_width: Widest of them, in bands.
        mixup: Parameter of the Beta distribution that clips are mixed by; 0 does not mix.
        edges: Where the bands begin, peak and end, in Hz, shape ``(bands + 2,)``; only ``vtlp``
            needs it.
    """

    gain: float
    tempo: float
    time_shift: float
    shift: int
    vtlp: float
    noise: float
    time_masks: int
    time_width: float
    band_masks: int
    band_width: int
    mixup: float
    edges: Edges | None = None

    @classmethod
    def of(cls, parameters: Parameters, edges: Edges | None = None) -> Augmentation:
        """Read the parameters of :data:`AUGMENTATION`.

        Args:
            parameters: A trainer's.
            edges: Where the bands begin, peak and end, in Hz; None where nobody knows.

        Raises:
            UsageError: ``vtlp`` is on and nobody knows the bands' frequencies.
        """
        made = cls(
            gain=number(parameters, "gain"),
            tempo=number(parameters, "tempo"),
            time_shift=number(parameters, "time_shift"),
            shift=integer(parameters, "shift"),
            vtlp=number(parameters, "vtlp"),
            noise=number(parameters, "noise"),
            time_masks=integer(parameters, "time_masks"),
            time_width=number(parameters, "time_width"),
            band_masks=integer(parameters, "band_masks"),
            band_width=integer(parameters, "band_width"),
            mixup=number(parameters, "mixup"),
            edges=edges,
        )
        if made.vtlp and edges is None:
            raise UsageError(
                f"vtlp = {made.vtlp:g} needs mel bands of known frequency",
                allowed="a feature of the extractor mel, such as 'mel128', has them",
            )
        return made

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
        if self.time_shift:
            most = int(self.time_shift * len(out))
            out = np.roll(out, int(random.integers(-most, most + 1)), axis=0)
        if self.shift:
            out = _moved(out, int(random.integers(-self.shift, self.shift + 1)))
        if self.vtlp and self.edges is not None:
            out = _warped(out, self.edges, 1 + self.vtlp * random.uniform(-1, 1))
        if self.gain:
            out += np.float32(self.gain * random.standard_normal())
        if self.noise:
            level = np.float32(self.noise * random.uniform())
            out += level * random.standard_normal(out.shape, dtype=np.float32)
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
    # The clip's frequency f is moved to warp(f); a band of the result asks where it comes from.
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


AUGMENTATION = {
    "gain": Parameter(0.0, "standard deviation of a random level, in scaled units", minimum=0),
    "tempo": Parameter(0.0, "greatest change of tempo, as a share", minimum=0, maximum=0.5),
    "time_shift": Parameter(
        0.0, "most that clips are moved in time, around their ends, as a share", 0, maximum=0.5
    ),
    "shift": Parameter(0, "most bands that clips are moved up or down", minimum=0),
    "vtlp": Parameter(
        0.0,
        "greatest change of the vocal tract's length, as a share; frequencies are warped",
        minimum=0,
        maximum=0.5,
    ),
    "noise": Parameter(0.0, "greatest deviation of added noise, in scaled units", minimum=0),
    "time_masks": Parameter(0, "stretches of frames that are blanked", minimum=0),
    "time_width": Parameter(0.1, "widest of them, as a share of the clip", minimum=0, maximum=1),
    "band_masks": Parameter(0, "ranges of bands that are blanked", minimum=0),
    "band_width": Parameter(16, "widest of them, in bands", minimum=0),
    "mixup": Parameter(0.0, "how much clips are mixed (Beta's parameter); 0 does not", minimum=0),
}
"""What :class:`Augmentation` reads. All are off where a preset is silent."""

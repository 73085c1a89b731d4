"""Scenes: a clip as if it had been recorded elsewhere, by other means, at another tempo.

A model that trains on one noise at one level learns that noise. A scene draws tempo, room, noise,
level, band and coding for each clip anew. Pink noise, people's babble and codecs are never drawn:
stress tests need conditions that no copy held.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from serkit.dsp import channel, disguise, rooms
from serkit.dsp.murmur import add_murmur
from serkit.dsp.noise import Samples, add_coloured_noise

_SPEED = (0.88, 1.14)

_ROOM_SHARE, _ROOM_SECONDS, _ROOM_RATIO = 0.3, (0.1, 0.6), (0.0, 12.0)
"""Share of the scenes in a room, its reverberation time, and direct over echo in dB."""

_NOISES = {"white": 0.0, "red": 2.0}
"""Powers of the frequency by which coloured noises fall: 0 and 6 dB per octave."""

_NOISE_SHARE, _SNR = 0.6, (5.0, 30.0)
_GAIN_SHARE, _GAIN = 0.5, (-15.0, 12.0)

_BAND_SHARE, _LOW_CUT, _HIGH_CUT = 0.4, (50.0, 350.0), (3_000.0, 10_000.0)
"""Every other one of the scenes with a limited band lacks what is low, too."""

_CODING_SHARE, _CODING = 0.25, (25.0, 50.0)
"""How far below a frame's loudest band the bands lie that are dropped, in dB."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What happens to a clip; the defaults leave it as it is.

    Attributes:
        speed: Tempo, pitch and formants times this.
        room: Reverberation time in seconds; 0 is none.
        room_ratio: Direct over reverberant energy in dB.
        noise: ``white``, ``red``, ``murmur``, or nothing.
        snr: How far the noise lies below the clip, in dB.
        gain: Change of level in dB.
        low_cut: Lower edge of the band in Hz; 0 keeps all that is low.
        high_cut: Upper edge in Hz; 0 keeps all that is high.
        coding: Weak bands are dropped from this far below the loudest, in dB; 0 drops none.
    """

    speed: float = 1.0
    room: float = 0.0
    room_ratio: float = 0.0
    noise: str = ""
    snr: float = 0.0
    gain: float = 0.0
    low_cut: float = 0.0
    high_cut: float = 0.0
    coding: float = 0.0


def draw_scene(random: np.random.Generator) -> Scene:
    """Draw a scene."""

    def between(limits: tuple[float, float]) -> float:
        return float(random.uniform(*limits))

    def on_log_scale(limits: tuple[float, float]) -> float:
        return float(np.exp(random.uniform(*np.log(limits))))

    def happens(share: float) -> bool:
        return bool(random.random() < share)

    room, noise, gain = happens(_ROOM_SHARE), happens(_NOISE_SHARE), happens(_GAIN_SHARE)
    band, coding = happens(_BAND_SHARE), happens(_CODING_SHARE)
    return Scene(
        speed=on_log_scale(_SPEED),
        room=between(_ROOM_SECONDS) if room else 0.0,
        room_ratio=between(_ROOM_RATIO) if room else 0.0,
        noise=str(random.choice((*_NOISES, "murmur"))) if noise else "",
        snr=between(_SNR) if noise else 0.0,
        gain=between(_GAIN) if gain else 0.0,
        low_cut=on_log_scale(_LOW_CUT) if band and happens(0.5) else 0.0,
        high_cut=on_log_scale(_HIGH_CUT) if band else 0.0,
        coding=between(_CODING) if coding else 0.0,
    )


def scene_of(samples: Samples, number: int) -> Scene:
    """Return a clip's scene: always the same for the same samples and number."""
    digest = hashlib.sha256(samples.tobytes()).digest()[:8]
    return draw_scene(np.random.default_rng([number, *digest]))


def set_scene(samples: Samples, scene: Scene, sample_rate: int) -> Samples:
    """Put a clip into a scene, in the order in which sound meets it.

    Args:
        samples: Shape ``(samples,)``.
        scene: The scene.
        sample_rate: In Hz.

    Returns:
        About ``len(samples) / scene.speed`` samples.

    Example:
        >>> set_scene(np.array([100, -100], np.int16), Scene(gain=20.0), 48_000).tolist()
        [1000, -1000]
    """
    made = disguise.change_speed(samples, scene.speed) if scene.speed != 1.0 else samples
    if scene.room:
        made = rooms.reverberate(made, scene.room, scene.room_ratio, sample_rate)
    if scene.noise == "murmur":
        made = add_murmur(made, scene.snr, sample_rate)
    elif scene.noise:
        made = add_coloured_noise(made, scene.snr, sample_rate, _NOISES[scene.noise])
    if scene.gain:
        made = disguise.change_gain(made, scene.gain)
    if scene.low_cut or scene.high_cut:
        made = channel.limit_band(made, scene.low_cut, scene.high_cut, sample_rate)
    return channel.drop_weak_bands(made, scene.coding) if scene.coding else made

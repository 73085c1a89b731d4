"""Example signals and clips for checking plug-ins."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from itertools import product

import numpy as np
import numpy.typing as npt

from serkit.evaluation.splits import SplitClip


def example_signal(frames: int, seed: int = 0) -> npt.NDArray[np.int16]:
    """Return a speech-like signal: a buzz that swells, pauses and breaks off, in noise.

    Args:
        frames: Number of samples at 48 kHz.
        seed: The same seed gives the same samples.

    Example:
        >>> example_signal(48_000).dtype
        dtype('int16')
    """
    noise = np.random.default_rng([seed, frames])
    time = np.arange(frames) / 48_000
    buzz = sum(np.sin(2 * np.pi * 140 * k * time) / k for k in range(1, 12))
    swell = np.clip(np.sin(2 * np.pi * 3 * time), 0, None)
    samples = 4_000 * buzz * swell + noise.normal(0, 20, frames)
    return np.clip(samples, -32_768, 32_767).astype(np.int16)


def example_clips(actors: Iterable[int] = range(1, 25)) -> tuple[SplitClip, ...]:
    """Return clips like RAVDESS's, 60 per actor, for splitting; each has unique samples.

    Example:
        >>> len(example_clips([1, 2]))
        120
    """
    clips = []
    keys = product(sorted(actors), range(1, 9), (1, 2), (1, 2), (1, 2))
    for actor, emotion, intensity, statement, take in keys:
        if (emotion, intensity) == (1, 2):  # neutral has no strong intensity
            continue
        name = f"03-01-{emotion:02}-{intensity:02}-{statement:02}-{take:02}-{actor:02}"
        sex = "male" if actor % 2 else "female"
        samples = sha256(name.encode()).hexdigest()
        clips.append(SplitClip(name, str(actor), sex, emotion - 1, samples, "ravdess"))
    return tuple(clips)

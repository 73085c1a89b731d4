"""Reverberation by synthetic rooms: exponentially decaying noise behind the direct sound.

Source: Polack's model of late reverberation (J.-D. Polack 1988, "La transmission de l'energie
sonore dans les salles"). Early reflections are not modelled.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from serkit.dsp.noise import Samples, seeded, to_int16

_FIRST_REFLECTION = 0.003
"""Seconds between the direct sound and the first of its echoes: a metre further."""


def impulse_response(
    seconds: float, ratio: float, sample_rate: int, random: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return a room's impulse response.

    Args:
        seconds: Reverberation time: after it the echo has fallen by 60 dB.
        ratio: Direct to reverberant energy in dB.
        sample_rate: In Hz.
        random: Draws the echo.

    Returns:
        The direct sound, which is 1, and the echo behind it.
    """
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    echo = random.standard_normal(len(time)) * 10.0 ** (-3.0 * time / seconds)
    echo[time < _FIRST_REFLECTION] = 0.0
    energy = np.sum(echo**2)
    if energy:
        echo *= 10.0 ** (-ratio / 20.0) / np.sqrt(energy)
    if len(echo):
        echo[0] = 1.0
    return echo


def reverberate(samples: Samples, seconds: float, ratio: float, sample_rate: int) -> Samples:
    """Put a clip into a room, another one for each clip; the mean power stays.

    Args:
        samples: Shape ``(samples,)``.
        seconds: The room's reverberation time.
        ratio: Direct to reverberant energy in dB.
        sample_rate: In Hz.

    Returns:
        As many samples as there were: the echo behind the end is cut off.
    """
    from scipy.signal import fftconvolve

    signal = samples.astype(np.float64)
    response = impulse_response(seconds, ratio, sample_rate, seeded(samples))
    wet = fftconvolve(signal, response)[: len(signal)]
    power = np.mean(wet**2)
    return to_int16(wet * np.sqrt(np.mean(signal**2) / power)) if power else samples

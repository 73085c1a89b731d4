"""The original and the inverted clip side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from serkit.dsp.mel import power_to_db
from serkit.dsp.stft import StftSettings, power_spectrogram
from serkit.reports.figures.canvas import canvas, heading, panels
from serkit.reports.figures.style import INK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_N_FFT, _HOP = 1_024, 256

_HIGHEST = 8_000


def inversion_figure(
    title: str,
    about: str,
    original: npt.NDArray[np.int16],
    inverted: npt.NDArray[np.int16],
    sample_rate: int,
) -> Figure:
    """Draw both spectrograms to 8 kHz on one scale of decibels.

    Args:
        title: What is shown.
        about: A second, quieter line.
        original: int16 amplitudes, shape (samples,).
        inverted: The same length of samples.
        sample_rate: In Hz.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    scale = Normalize(-80, 0)
    made = canvas(title, about, 3.1)
    axes = panels(made, 2, 2, left=0.75, right=0.95, gap=(0.2, 0.4))
    powers = [_power(samples) for samples in (original, inverted)]
    reference = max(float(powers[0].max(initial=0.0)), 1e-10)
    shown = 1 + _HIGHEST * _N_FFT // sample_rate
    seconds = len(original) / sample_rate
    for panel, power, name in zip(axes, powers, ("original", "inverted"), strict=True):
        heading(panel, name)
        panel.imshow(
            power_to_db(power[:shown], reference=reference, top_db=None),
            norm=scale,
            cmap="magma",
            origin="lower",
            aspect="auto",
            interpolation="nearest",
            extent=(0, seconds, 0, _HIGHEST / 1000),
        )
        panel.grid(visible=False)
        panel.set_xlabel("s", fontsize=9, color=INK)
    axes[0].set_ylabel("kHz", fontsize=9, color=INK)
    box = axes[1].get_position()
    bar = made.add_axes((box.x1 + 0.02, box.y0, 0.02, box.height))
    made.colorbar(ScalarMappable(scale, "magma"), cax=bar)
    bar.set_ylabel("dB below the original's maximum", fontsize=9, color=INK)
    bar.tick_params(labelsize=8, colors=INK)
    return made


def _power(samples: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
    settings = StftSettings(_N_FFT, _HOP, pad_to=0)
    return power_spectrogram(samples.astype(np.float32), settings)[0]

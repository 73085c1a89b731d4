"""Figures of one clip: its waveform and its mel spectrogram."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from serkit.clips import SAMPLE_RATE
from serkit.reports.exploration.example import HIGHEST, HOP_LENGTH, Example
from serkit.reports.figures.canvas import canvas, panels
from serkit.reports.figures.style import INK, TRAIN

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STEPS = 1_600
"""Points of a drawn waveform: about as many as a figure is wide in pixels."""

_TICKS = (0, 500, 1_000, 2_000, 4_000, 8_000)


def waveform(clip: Example) -> Figure:
    """Draw a clip's amplitudes over time."""
    made = canvas(f"Waveform of {clip.clip_id}", clip.about, 2.2)
    (axes,) = panels(made, 1, 1, left=0.8)
    size = max(1, -(-len(clip.samples) // _STEPS))
    whole = clip.samples[: len(clip.samples) // size * size].reshape(-1, size)
    at = (np.arange(len(whole)) + 0.5) * size / SAMPLE_RATE
    # The envelope of each step: what a line through every sample would cover.
    axes.fill_between(
        at, whole.min(axis=1), whole.max(axis=1), color=TRAIN, linewidth=0.4, edgecolor=TRAIN
    )
    axes.set_xlim(0, clip.seconds)
    axes.set_xlabel("s", fontsize=9, color=INK)
    axes.set_ylabel("amplitude (16 bit)", fontsize=9, color=INK)
    return made


def mel_spectrogram(clip: Example) -> Figure:
    """Draw a clip's mel spectrogram in dB below its maximum, to 8 kHz."""
    made = canvas(f"Mel spectrogram of {clip.clip_id}", clip.about, 3.0)
    (axes,) = panels(made, 1, 1, left=0.8, right=1.0)
    shown = int(np.searchsorted(clip.frequencies, HIGHEST)) + 1
    frames = clip.decibels.shape[1]
    image = axes.imshow(
        clip.decibels[:shown],
        origin="lower",
        aspect="auto",
        cmap="magma",
        vmin=-80,
        vmax=0,
        interpolation="nearest",
        extent=(0, frames * HOP_LENGTH / SAMPLE_RATE, -0.5, shown - 0.5),
    )
    places = np.interp(_TICKS, clip.frequencies[:shown], np.arange(shown))
    axes.set_yticks(places, [f"{hz:,}" for hz in _TICKS])
    axes.grid(visible=False)
    axes.set_xlabel("s", fontsize=9, color=INK)
    axes.set_ylabel("Hz (mel scale)", fontsize=9, color=INK)
    box = axes.get_position()
    bar = made.add_axes((box.x1 + 0.02, box.y0, 0.02, box.height))
    made.colorbar(image, cax=bar)
    bar.set_ylabel("dB below the maximum", fontsize=9, color=INK)
    bar.tick_params(labelsize=8, colors=INK)
    return made

"""Loss by number of bands and hop: the log-spectral distance over a sample of clips."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serkit.clips import SAMPLE_RATE
from serkit.compute.local import run_all
from serkit.dsp.inversion import MelSettings, invert_mel, log_spectral_distance, mel_power
from serkit.dsp.stft import StftSettings
from serkit.progress import ProgressCallback

if TYPE_CHECKING:
    from rich.table import Table

BANDS = (32, 64, 128, 256)

HOPS = (128, 256, 512, 1_024, 2_048)

USUAL = MelSettings(SAMPLE_RATE, StftSettings(2_048, 512, pad_to=0), 128)
"""Common settings: frames of 2,048 samples at 48 kHz, no padding."""


@dataclass(frozen=True, slots=True)
class Loss:
    """The loss of one pair of bands and hop.

    Attributes:
        n_mels: Bands.
        hop_length: Samples from one frame to the next.
        numbers_a_second: Size of the spectrogram.
        distance: Mean log-spectral distance in dB.
        spread: Standard deviation over the clips; NaN for one clip.
    """

    n_mels: int
    hop_length: int
    numbers_a_second: float
    distance: float
    spread: float


@dataclass(frozen=True)
class Losses:
    """The loss for every pair of bands and hop.

    Attributes:
        rows: One row per pair.
        clips: Ids of the clips.

    Example:
        >>> row = Loss(128, 512, numbers_a_second=12_000.0, distance=8.0, spread=0.5)
        >>> Losses((row,), ("03-01-01-01-01-01-01",)).to_json()["rows"][0]["distance"]
        8.0
    """

    rows: tuple[Loss, ...]
    clips: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the rows as plain objects."""
        keys = Loss.__dataclass_fields__
        rows = [{key: getattr(row, key) for key in keys} for row in self.rows]
        return {"clips": list(self.clips), "rows": rows}

    def __rich__(self) -> Table:
        """Return the table that ``rich.print(losses)`` shows: bands down, hops across."""
        from serkit.tables import table

        hops = sorted({row.hop_length for row in self.rows})
        made = table(
            f"log-spectral distance in dB over {len(self.clips)} clips, ± one standard deviation",
            {"bands": "right", **{f"hop {hop:,}": "right" for hop in hops}},
        )
        by_pair = {(row.n_mels, row.hop_length): row for row in self.rows}
        for bands in sorted({row.n_mels for row in self.rows}):
            made.add_row(str(bands), *(_cell(by_pair[bands, hop]) for hop in hops))
        return made

    def _repr_html_(self) -> str:
        from serkit.reports.html import Column, table

        columns = ("bands", "hop", "numbers a second", "distance (dB)", "± dB")
        rows = (
            (
                row.n_mels,
                row.hop_length,
                f"{row.numbers_a_second:,.0f}",
                f"{row.distance:.2f}",
                f"{row.spread:.2f}",
            )
            for row in self.rows
        )
        return str(table("What mel spectrograms lose", [Column(c) for c in columns], rows))


def losses(
    clips: Mapping[str, npt.NDArray[np.int16]],
    usual: MelSettings,
    *,
    bands: Sequence[int] = BANDS,
    hops: Sequence[int] = HOPS,
    iterations: int,
    seed: int,
    workers: int,
    progress: ProgressCallback | None = None,
) -> Losses:
    """Turn clips into spectrograms of every pair of bands and hop and back.

    Args:
        clips: int16 amplitudes at the settings' rate, by clip id.
        usual: Everything but the bands and the hop.
        bands: Numbers of bands.
        hops: Hops in samples.
        iterations: Griffin-Lim steps.
        seed: Seed of the first phases.
        workers: Processes.
        progress: Called as ``progress(done, total)`` in clips times pairs.
    """
    pairs = list(product(bands, hops))

    def tasks() -> Iterator[_Task]:
        for n_mels, hop in pairs:
            stft = replace(usual.stft, hop_length=hop)
            settings = replace(usual, n_mels=n_mels, stft=stft)
            for samples in clips.values():
                yield samples, settings, iterations, seed

    found: dict[tuple[int, int], list[float]] = {pair: [] for pair in pairs}
    total = len(pairs) * len(clips)
    answers = run_all(_distance, tasks(), workers)
    for done, (n_mels, hop, distance) in enumerate(answers, start=1):
        found[n_mels, hop].append(distance)
        if progress:
            progress(done, total)
    rows = (
        Loss(
            n_mels,
            hop,
            n_mels * usual.sample_rate / hop,
            float(np.mean(own)),
            float(np.std(own, ddof=1)) if len(own) > 1 else float("nan"),
        )
        for (n_mels, hop), own in found.items()
    )
    return Losses(tuple(rows), tuple(clips))


_Task = tuple[npt.NDArray[np.int16], MelSettings, int, int]


def _distance(task: _Task) -> tuple[int, int, float]:
    samples, settings, iterations, seed = task
    mel = mel_power(samples, settings)
    found = invert_mel(mel, len(samples), settings, iterations=iterations, seed=seed)
    return settings.n_mels, settings.stft.hop_length, log_spectral_distance(samples, found)


def _cell(row: Loss) -> str:
    spread = "" if np.isnan(row.spread) else f" ± {row.spread:.2f}"
    return f"{row.distance:.2f}{spread}"

"""Duration and sample-rate profile of the training audio, and differences of other audio."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from serkit.clips import SAMPLE_RATE
from serkit.store.tables import ClipRow


def audio_of(clips: Iterable[ClipRow]) -> dict[str, Any]:
    """Describe recordings: ``shortest`` and ``longest`` in seconds, ``sample_rates`` in Hz."""
    rows = list(clips)
    seconds = [row.num_frames / SAMPLE_RATE for row in rows]
    return {
        "shortest": min(seconds),
        "longest": max(seconds),
        "sample_rates": sorted({_rate(row) for row in rows}),
    }


def differences(known: Mapping[str, Any] | None, clips: Sequence[ClipRow]) -> list[str]:
    """Describe how clips differ from a model's training clips, one sentence per kind.

    Args:
        known: The profile from :func:`audio_of`; None for older runs without one.
        clips: The clips.
    """
    if not known or not clips:
        return []
    rates, shortest, longest = known["sample_rates"], known["shortest"], known["longest"]
    listed = " and ".join(f"{rate:,}" for rate in rates)
    return [
        sentence.format(_count(clips, differs))
        for sentence, differs in (
            (
                f"{{}} not recorded at {listed} Hz as the training clips were; resampled",
                lambda row: _rate(row) not in rates,
            ),
            (
                f"{{}} shorter than every training clip ({shortest:.1f} s)",
                lambda row: row.num_frames / SAMPLE_RATE < shortest,
            ),
            (
                f"{{}} longer than every training clip ({longest:.1f} s)",
                lambda row: row.num_frames / SAMPLE_RATE > longest,
            ),
        )
        if any(map(differs, clips))
    ]


def _rate(row: ClipRow) -> int:
    return row.resampled_from or row.sample_rate


def _count(clips: Sequence[ClipRow], differs: Callable[[ClipRow], bool]) -> str:
    count = sum(map(differs, clips))
    return f"{count:,} of {len(clips):,} files {'is' if count == 1 else 'are'}"

"""Measure how well copies of a take are found, and that other takes are not.

    python benchmarks/near_duplicates.py ../shared/ravdess

Clips are changed as people change them (gain, ends, rate, noise), and looked for among all clips.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt

from serkit.audio import read_audio, resample
from serkit.corpora.ravdess import CORPUS
from serkit.dsp.alike import differing_bits, same_takes
from serkit.dsp.soundprint import Words, soundprint
from serkit.ingest.scan import scan

Samples = npt.NDArray[np.int16]
RANDOM = np.random.default_rng(0)
COPIED, PAIRED = 200, 600


def _rounded(samples: npt.NDArray[np.floating]) -> Samples:
    return np.clip(np.round(samples), -32768, 32767).astype(np.int16)


def _gain(decibels: float) -> Callable[[Samples], Samples]:
    return lambda samples: _rounded(samples * 10 ** (decibels / 20))


def _by(rate: int) -> Callable[[Samples], Samples]:
    return lambda samples: resample(resample(samples, 48_000, rate), rate, 48_000)


def _trimmed(samples: Samples) -> Samples:
    start, stop = RANDOM.integers(1, 24_000, 2)
    return samples[start:-stop]


def _noisy(decibels: float) -> Callable[[Samples], Samples]:
    def change(samples: Samples) -> Samples:
        level = np.sqrt(np.mean(samples.astype(np.float64) ** 2)) * 10 ** (-decibels / 20)
        return _rounded(samples + RANDOM.normal(0, level, len(samples)))

    return change


CHANGES: dict[str, Callable[[Samples], Samples]] = {
    "12 dB quieter": _gain(-12),
    "6 dB quieter": _gain(-6),
    "6 dB louder": _gain(6),
    "12 dB louder (the loudest clips overdriven)": _gain(12),
    "0 to 0.5 s cut off at either end": _trimmed,
    "16 kHz and back": _by(16_000),
    "44.1 kHz and back": _by(44_100),
    "noise 20 dB below": _noisy(20),
    "noise 10 dB below": _noisy(10),
    "trimmed, 16 kHz, 9 dB quieter": lambda s: _gain(-9)(_by(16_000)(_trimmed(s))),
}


def main() -> None:
    """Print two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="folder of RAVDESS clips")
    found = scan(parser.parse_args().source, corpus=CORPUS.name)
    clips = {file.name.clip_id: read_audio(found.root / file.path).samples for file in found.files}
    start = time.process_time()
    prints = [soundprint(samples) for samples in clips.values()]
    printed = time.process_time() - start
    start = time.process_time()
    alike = same_takes(prints)
    matched = time.process_time() - start
    ids = list(clips)
    print(f"{len(ids):,} clips: {1e3 * printed / len(ids):.1f} ms a clip for the fingerprint, ")
    print(f"{matched:.2f} s for all {len(ids) * (len(ids) - 1) // 2:,} pairs")
    for pair in alike:
        print(f"found: {ids[pair.first]} and {ids[pair.second]}, {pair.differing:.1%} differ")
    _copies(list(clips.values()), prints)
    _takes(ids, prints)


def _copies(clips: list[Samples], prints: list[Words]) -> None:
    chosen = RANDOM.choice(len(clips), min(COPIED, len(clips)), replace=False).tolist()
    same = {(pair.first, pair.second) for pair in same_takes(prints)}
    print("| change | found | wrongly found | bits that differ, mean | most |")
    print("| --- | --- | --- | --- | --- |")
    for name, change in CHANGES.items():
        copies = [soundprint(change(clips[number])) for number in chosen]
        pairs = [p for p in same_takes([*prints, *copies]) if p.second >= len(clips) > p.first]
        origin = [(pair, chosen[pair.second - len(clips)]) for pair in pairs]
        right = [pair.differing for pair, number in origin if pair.first == number]
        wrong = [p for p, n in origin if p.first != n and tuple(sorted((p.first, n))) not in same]
        print(
            f"| {name} | {len(right)} of {len(chosen)} | {len(wrong)} | "
            f"{np.mean(right):.1%} | {np.max(right):.1%} |"
        )


def _takes(ids: list[str], prints: list[Words]) -> None:
    """Say how near takes of one sentence by one actor come, at whatever shift."""
    groups: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for place, clip_id in enumerate(ids):
        parts = clip_id.split("-")
        groups[parts[4], parts[6]].append(place)
    pairs = [pair for members in groups.values() for pair in combinations(members, 2)]
    drawn = RANDOM.choice(len(pairs), min(PAIRED, len(pairs)), replace=False).tolist()
    nearest = []
    for one, other in (pairs[number] for number in drawn):
        first, second = prints[one], prints[other]
        shifts = range(-len(second) // 2, len(first) // 2)
        nearest.append(min(differing_bits(first, second, shift) for shift in shifts))
    low, middle = np.min(nearest), np.median(nearest)
    print(f"{len(nearest)} pairs of takes of one sentence by one actor, each at its best shift:")
    print(f"{middle:.1%} of the bits differ at the median, {low:.1%} at least")


if __name__ == "__main__":
    main()

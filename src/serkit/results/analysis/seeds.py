"""How much of a run is luck: agreement between runs that differ in their seed alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from serkit.results.run import Run

_SAME = (
    *("model", "preset", "protocol", "values", "folds"),
    *("corpus_digest", "split_digest", "feature_fingerprints"),
)


@dataclass(frozen=True, slots=True)
class SeedAgreement:
    """Agreement between predictions of several seeds.

    Attributes:
        seeds: The seeds.
        uar_mean: Mean UAR.
        uar_std: Standard deviation of the UAR over seeds.
        agreement: Share of clips on which two seeds agree, mean over pairs.
        always_right: Share of clips that every seed gets right.
        always_wrong: Share of clips that no seed gets right.
    """

    seeds: tuple[int, ...]
    uar_mean: float
    uar_std: float
    agreement: float
    always_right: float
    always_wrong: float


def same_but_seed(run: Run, runs: Iterable[Run]) -> tuple[Run, ...]:
    """Return the runs of the same recipe on the same split, one a seed, this one included."""
    by_seed = {
        int(other.record["seed"]): other
        for other in runs
        if all(other.record[key] == run.record[key] for key in _SAME)
    }
    by_seed[int(run.record["seed"])] = run
    return tuple(by_seed[seed] for seed in sorted(by_seed))


def seed_agreement(runs: Sequence[Run]) -> SeedAgreement | None:
    """Compare predictions of runs that differ only in the seed; None for a single run.

    Raises:
        RunError: A run's predictions are damaged.
    """
    if len(runs) < 2:
        return None
    frames = [run.predictions.sort_index() for run in runs]
    if any(not frame.index.equals(frames[0].index) for frame in frames):
        return None
    answers = np.stack([frame["predicted_id"].to_numpy(np.int64) for frame in frames])
    right = answers == frames[0]["true_id"].to_numpy(np.int64)
    uars = [run.uar for run in runs]
    return SeedAgreement(
        seeds=tuple(int(run.record["seed"]) for run in runs),
        uar_mean=float(np.mean(uars)),
        uar_std=float(np.std(uars, ddof=1)),
        agreement=float(np.mean([(a == b).mean() for a, b in combinations(answers, 2)])),
        always_right=float(right.all(axis=0).mean()),
        always_wrong=float((~right).all(axis=0).mean()),
    )

"""Do serkit's intervals and verdicts keep what they promise? Simulated, and written to the docs.

    python benchmarks/verdicts.py            # some 20 minutes on one core; writes the figures
    python benchmarks/verdicts.py --quick    # a few seconds; prints them, writes nothing

Models label the clips of a corpus in the shape of RAVDESS (8 emotions, 60 clips a speaker). A clip
is labelled right if a sum of normal variables is above a threshold: how hard the speaker is, the
speaker's emotion, the clip (all the same for every model), what the model makes of the speaker
and of the speaker's emotions, and noise. The thresholds make the models exactly as good as they
are meant to be. The spreads are those of the runs in docs/record/runs: a speaker's UAR spreads by
0.12, and the difference of two models by 0.04 to 0.17 from speaker to speaker.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import stdtr
from scipy.stats import norm

from serkit.evaluation.metrics import compare_with_best, speaker_interval, uar_shares

Floats = npt.NDArray[np.float64]
Rows = list[dict[str, object]]

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "docs" / "record" / "verdicts.json"

CLIPS = np.array([4, 8, 8, 8, 8, 8, 8, 8])
"""A RAVDESS speaker's clips by emotion."""

SPEAKER, SPEAKER_EMOTION, CLIP, NOISE = 0.45, 0.5, 1.4, 0.8
"""Standard deviations of what all models share, and of what is random."""

FAILURE_RATE = 0.15
"""On how large a share of the speakers a failing model fails."""


@dataclass(frozen=True)
class Errors:
    """How the models' errors differ.

    Attributes:
        name: In the tables.
        interaction: Spread of what a model makes of a speaker, for M models.
        failure: How far every second model's sums drop for some speakers, which skews differences.
    """

    name: str
    interaction: Callable[[int], Floats]
    failure: float = 0.0


ALIKE = Errors("alike, as seeds and presets are", lambda models: np.full(models, 0.1))
MIXED = Errors("of different kinds", lambda models: np.linspace(0.1, 0.7, models))
WEAK = Errors("half lose 25 points on 15 % of speakers", lambda m: np.full(m, 0.2), failure=1.2)
BROKEN = Errors("half lose 45 points on 15 % of speakers", lambda m: np.full(m, 0.2), failure=2.5)


def simulate(
    draw: np.random.Generator, uars: Sequence[float], speakers: int, errors: Errors
) -> Floats:
    """Return (M, A, 8) hits of models with these true UARs."""
    models = len(uars)
    own = errors.interaction(models)
    drops = np.where(np.arange(models) % 2 == 1, errors.failure, 0.0)
    shared = SPEAKER * draw.standard_normal((speakers, 1))
    shared = shared + SPEAKER_EMOTION * draw.standard_normal((speakers, len(CLIPS)))
    by_speaker = draw.standard_normal((models, speakers, 1))
    by_emotion = 2 * draw.standard_normal((models, speakers, len(CLIPS)))
    sums = shared + own[:, None, None] * (by_speaker + by_emotion)
    sums += _thresholds(uars, own, drops)[:, None, None]
    sums -= (drops[:, None] * (draw.random((models, speakers)) < FAILURE_RATE))[..., None]
    each = np.repeat(sums, CLIPS, axis=-1)
    each = (
        each
        + CLIP * draw.standard_normal(each.shape[1:])
        + NOISE * draw.standard_normal(each.shape)
    )
    starts = np.concatenate([[0], np.cumsum(CLIPS)[:-1]])
    return np.add.reduceat((each > 0).astype(np.float64), starts, axis=-1)


def _thresholds(uars: Sequence[float], own: Floats, drops: Floats) -> Floats:
    """Return what makes each model as good as it is meant to be."""
    spread = np.sqrt(SPEAKER**2 + SPEAKER_EMOTION**2 + 5 * own**2 + CLIP**2 + NOISE**2)

    def miss(threshold: float, uar: float, width: float, drop: float) -> float:
        usual, failed = norm.cdf([threshold / width, (threshold - drop) / width])
        return float((1 - FAILURE_RATE) * usual + FAILURE_RATE * failed - uar)

    found = [brentq(miss, -20, 20, args=case) for case in zip(uars, spread, drops, strict=True)]
    return np.array(found)


def shares_of(hits: Floats) -> Floats:
    """Split each model's UAR by speaker."""
    return uar_shares(hits, np.tile(CLIPS, (hits.shape[1], 1)))


def familywise(
    repeats: int, models: Sequence[int], speakers: Sequence[int], kinds: Sequence[Errors]
) -> Rows:
    """How often is some model that is as good as the best called worse?"""
    rows: Rows = []
    for errors in kinds:
        for count in models:
            row: dict[str, object] = {"errors": errors.name, "models": count}
            for number in speakers:
                found = _false_verdicts([0.55] * count, number, errors, repeats)
                row[f"{number} speakers"] = found.max_t
                row[f"{number} speakers, Holm"] = found.holm
            rows.append(row)
    return rows


def some_worse(repeats: int, speakers: Sequence[int]) -> Rows:
    """The same of 5 equal models where 5 others are truly worse, by 15 points."""
    rows: Rows = []
    for errors in (ALIKE, MIXED):
        row: dict[str, object] = {"errors": errors.name}
        for number in speakers:
            found = _false_verdicts([0.55] * 5 + [0.40] * 5, number, errors, repeats, among=5)
            row[f"{number} speakers"] = found.max_t
        rows.append(row)
    return rows


@dataclass(frozen=True)
class _Rates:
    max_t: float
    holm: float


def _false_verdicts(
    uars: Sequence[float], speakers: int, errors: Errors, repeats: int, among: int | None = None
) -> _Rates:
    draw = np.random.default_rng([len(uars), speakers])
    ours = naive = 0
    for _ in range(repeats):
        shares = shares_of(simulate(draw, uars, speakers, errors))
        found = compare_with_best(shares)
        ours += any(standing.worse for standing in found.standings[:among])
        naive += _holm_finds_one(shares, found.best)
    return _Rates(round(ours / repeats, 4), round(naive / repeats, 4))


def _holm_finds_one(shares: Floats, best: int) -> bool:
    """Say whether paired t-tests against the best find one at 5 %, Holm-corrected."""
    differences = np.delete(shares[best] - shares, best, axis=0)
    speakers = shares.shape[1]
    errors = np.std(differences, axis=1, ddof=1) / np.sqrt(speakers)
    t = differences.mean(axis=1) / np.maximum(errors, 1e-12)
    p = 2 * stdtr(speakers - 1, -np.abs(t))
    return bool(p.min() * len(p) < 0.05)  # Holm's first step


def coverage(repeats: int, speakers: Sequence[int]) -> Rows:
    """How often does a 95 % interval hold the truth?"""
    rows: Rows = []
    for name, thin in (
        ("every speaker has every emotion", _whole),
        ("a third of the emotions missing, speaker by speaker", _third_missing),
        ("speakers of very different size", _sizes),
    ):
        row: dict[str, object] = {"corpus": name}
        for number in speakers:
            draw = np.random.default_rng(number)
            held = [_holds(draw, number, thin) for _ in range(repeats)]
            t, bootstrap = np.mean(held, axis=0).tolist()
            row[f"{number} speakers"] = round(t, 4)
            row[f"{number} speakers, bootstrap"] = round(bootstrap, 4)
        rows.append(row)
    return rows


Thin = Callable[[np.random.Generator, int], npt.NDArray[np.int64]]


def _whole(_draw: np.random.Generator, speakers: int) -> npt.NDArray[np.int64]:
    return np.tile(CLIPS, (speakers, 1))


def _third_missing(draw: np.random.Generator, speakers: int) -> npt.NDArray[np.int64]:
    return np.tile(CLIPS, (speakers, 1)) * (draw.random((speakers, len(CLIPS))) >= 1 / 3)


def _sizes(draw: np.random.Generator, speakers: int) -> npt.NDArray[np.int64]:
    size = np.exp(draw.normal(1.5, 0.8, (speakers, 1)))
    return draw.poisson(np.tile(size, (1, len(CLIPS))))


def _holds(draw: np.random.Generator, speakers: int, thin: Thin) -> tuple[bool, bool]:
    """Say whether the t interval and a bootstrap over speakers hold a model's true UAR."""
    levels = norm.ppf(np.linspace(0.40, 0.70, len(CLIPS)))  # true recalls differ by emotion
    spread = np.sqrt(SPEAKER**2 + SPEAKER_EMOTION**2 + 1)
    latent = levels * spread + SPEAKER * draw.standard_normal((speakers, 1))
    latent = latent + SPEAKER_EMOTION * draw.standard_normal((speakers, len(CLIPS)))
    clips = thin(draw, speakers)
    hits = draw.binomial(clips, norm.cdf(latent))
    truth = norm.cdf(levels)[clips.sum(axis=0) > 0].mean()
    interval = speaker_interval(hits, clips)
    drawn = draw.multinomial(speakers, np.full(speakers, 1 / speakers), size=400)
    low, high = np.quantile(_pooled(drawn @ hits, drawn @ clips), [0.025, 0.975])
    return interval.low <= truth <= interval.high, bool(low <= truth <= high)


def _pooled(hits: npt.NDArray[np.int64], clips: npt.NDArray[np.int64]) -> Floats:
    present = clips > 0
    recalls = np.divide(hits, clips, out=np.zeros(clips.shape), where=present)
    return np.asarray(recalls.sum(axis=-1) / np.maximum(present.sum(axis=-1), 1))


def simultaneous(repeats: int, models: Sequence[int], speakers: Sequence[int]) -> Rows:
    """How often do all intervals of the differences to the best hold the truth at once?"""
    rows: Rows = []
    for count in models:
        uars = np.linspace(0.60, 0.45, count)
        row: dict[str, object] = {"models": count}
        for number in speakers:
            draw = np.random.default_rng([count, number])
            held = 0
            for _ in range(repeats):
                found = compare_with_best(shares_of(simulate(draw, uars.tolist(), number, MIXED)))
                truths = uars - uars[found.best]
                held += all(
                    s.interval.low - 1e-9 <= truth <= s.interval.high + 1e-9
                    for s, truth in zip(found.standings, truths, strict=True)
                )
            row[f"{number} speakers"] = round(held / repeats, 4)
        rows.append(row)
    return rows


def detectable(repeats: int, models: Sequence[int], speakers: Sequence[int]) -> Rows:
    """Which difference to the best is shown, and how often is one of that size found?"""
    rows: Rows = []
    for count in models:
        for number in speakers:
            draw = np.random.default_rng([count, number])
            equal = [
                compare_with_best(shares_of(simulate(draw, [0.55] * count, number, ALIKE)))
                for _ in range(max(20, repeats // 10))
            ]
            size = float(np.median([found.detectable for found in equal]))
            uars = [0.55 + size / 2] + [0.55 - size / 2] * (count - 1)
            found = [
                compare_with_best(shares_of(simulate(draw, uars, number, ALIKE)))
                for _ in range(repeats)
            ]
            hits = np.mean([f.best == 0 and f.standings[-1].worse for f in found])
            rows.append(
                {
                    "models": count,
                    "speakers": number,
                    "points": round(100 * size, 1),
                    "found": round(float(hits), 3),
                }
            )
    return rows


def measure(quick: bool) -> dict[str, object]:
    """Return every table, by its name."""
    if quick:
        return {
            "repeats": 30,
            "coverage": coverage(60, (12, 4)),
            "familywise": familywise(30, (2, 5), (8, 12), [ALIKE]),
            "skewed": familywise(30, (2,), (8,), [WEAK]),
            "some_worse": some_worse(30, (12,)),
            "simultaneous": simultaneous(30, (5,), (12,)),
            "detectable": detectable(30, (2,), (12,)),
        }
    return {
        "repeats": 2000,
        "coverage": coverage(10_000, (24, 12, 8, 4)),
        "familywise": familywise(2000, (2, 5, 10, 20), (24, 12, 8), [ALIKE, MIXED]),
        "skewed": familywise(2000, (2, 5), (24, 12, 8), [WEAK, BROKEN]),
        "some_worse": some_worse(2000, (24, 12, 8)),
        "simultaneous": simultaneous(2000, (2, 5, 10), (24, 12, 8)),
        "detectable": detectable(500, (2, 5, 10, 17), (24, 12, 8)),
    }


def main() -> None:
    """Measure, print, and write the record and the page made from it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few repeats; write nothing")
    quick = parser.parse_args().quick
    text = json.dumps(measure(quick), indent=1)
    print(text)
    if not quick:
        RECORD.write_text(text + "\n", encoding="utf-8")
        subprocess.run([sys.executable, str(ROOT / "docs" / "generate.py")], check=True)


if __name__ == "__main__":
    main()

"""Where two runs differ: clip by clip, by speaker, by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serkit.errors import UsageError
from serkit.evaluation.metrics import (
    PairedDifference,
    actor_confusions,
    holm,
    paired_difference,
    sign_flip_p_value,
    uar_shares,
)
from serkit.evaluation.metrics.speakers import hits_and_clips
from serkit.evaluation.metrics.versus_best import LEAST_SPEAKERS
from serkit.plainjson import plain
from serkit.results.analysis.evidence import Evidence, evidence
from serkit.results.recount import recount
from serkit.results.run import Run
from serkit.results.wording import percent, stamps
from serkit.shown import Shown

if TYPE_CHECKING:
    from rich.console import RenderableType

_ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class McNemar:
    """Are clips that only one run gets right equally often the one's and the other's?

    Attributes:
        both: Clips that both get right.
        only_a: Clips that only run A gets right.
        only_b: Clips that only run B gets right.
        neither: Clips that neither gets right.
        p_value: P-value of the exact two-sided test (McNemar 1947, binomial). It assumes
            independent clips, which those of one speaker are not; the paired bootstrap over
            speakers is stricter.
    """

    both: int
    only_a: int
    only_b: int
    neither: int
    p_value: float


@dataclass(frozen=True, slots=True)
class ClassDifference:
    """How two runs differ on one class.

    Attributes:
        label: The class.
        clips: Its clips.
        recall_a: Recall of run A.
        recall_b: Recall of run B.
        low: Lower end of the 95 % interval of A less B, by speaker; NaN with one speaker.
        high: Upper end.
        p_value: Of no difference, by a sign-flip test over speakers, Holm-corrected for the number
            of classes; NaN with fewer than 8 speakers.
    """

    label: str
    clips: int
    recall_a: float
    recall_b: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class RunComparison(Shown):
    """A comparison of two runs.

    Attributes:
        run_a: Name of run A.
        run_b: Name of run B.
        clips: Test clips they share.
        speakers: Their speakers.
        uar_a: UAR of run A on them.
        uar_b: UAR of run B on them.
        p_value: Of no difference in UAR, by a sign-flip test over speakers, whose level is exact;
            NaN with fewer than 8 speakers. It decides the verdict.
        uar: Difference A minus B, from a paired bootstrap over speakers. Its interval is too narrow
            where speakers are few: see :mod:`serkit.evaluation.metrics.compare`.
        mcnemar: McNemar's test, clip by clip.
        classes: Differences by class.
        only_a: Ids of clips that only run A predicts correctly.
        only_b: Ids of clips that only run B predicts correctly.
        stamps_a: Stamps that qualify run A, such as ``transductive``; empty for none.
        stamps_b: Those of run B.

    Example:
        >>> difference = serkit.compare_pair("logreg-luna5", "majority-luna5")
        >>> difference.clips, difference.uar_a > difference.uar_b
        (96, True)
    """

    run_a: str
    run_b: str
    clips: int
    speakers: int
    uar_a: float
    uar_b: float
    p_value: float
    uar: PairedDifference
    mcnemar: McNemar
    classes: tuple[ClassDifference, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    stamps_a: str = ""
    stamps_b: str = ""

    def __repr__(self) -> str:
        return f"RunComparison({self.run_a!r} {self.uar_a:.3f}, {self.run_b!r} {self.uar_b:.3f})"

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain objects."""
        return {name: plain(getattr(self, name)) for name in self.__dataclass_fields__}

    def __rich__(self) -> RenderableType:
        """Return the tables that ``rich.print(comparison)`` shows."""
        from rich.console import Group
        from rich.text import Text

        from serkit.tables import table

        head = Text.assemble(
            ("A ", "bold"),
            f"{self.run_a}: UAR {percent(self.uar_a)} %{_stamped(self.stamps_a)}\n",
            ("B ", "bold"),
            f"{self.run_b}: UAR {percent(self.uar_b)} %{_stamped(self.stamps_b)}\n",
            f"{self.clips:,} clips of {self.speakers} speakers that both tested\n",
            self._verdict(),
            *self._caution(),
        )
        made = table(
            "recall by class",
            {
                **{"": "left", "clips": "right", "A %": "right", "B %": "right"},
                **{"A - B": "right", "95 % CI": "right", "p": "right"},
            },
        )
        for each in self.classes:
            made.add_row(
                each.label,
                f"{each.clips:,}",
                percent(each.recall_a),
                percent(each.recall_b),
                f"{100 * (each.recall_a - each.recall_b):+.1f}",
                "" if each.low != each.low else f"{100 * each.low:+.1f} to {100 * each.high:+.1f}",
                "" if each.p_value != each.p_value else _p(each.p_value).lstrip("p="),
                style="bold" if each.p_value < _ALPHA else "",
            )
        legend = Text(
            "p and verdict: sign-flip test over speakers, p Holm-corrected over the classes. CI: "
            "paired bootstrap over speakers; simulated, it leaves out the truth in 7 % of pairs "
            "with 24 speakers, 9 % with 12 and 11 % with 8, not in 5 %. McNemar takes clips for "
            "independent.",
            style="dim",
        )
        return Group(head, made, legend)

    def _caution(self) -> list[tuple[str, str]]:
        """Warn where one run is qualified in another way than the other."""
        if self.stamps_a == self.stamps_b:
            return []
        text = "\nnote: the stamps differ: the difference is not one of the models alone"
        return [(text, "yellow")]

    def _verdict(self) -> str:
        m, u = self.mcnemar, self.uar
        by_clip = (
            f"only A right on {m.only_a:,} clips, only B on {m.only_b:,} (McNemar {_p(m.p_value)})"
        )
        if self.speakers < 2:
            return by_clip
        by_speaker = (
            f"A - B: {100 * u.difference:+.1f} points of UAR, 95 % CI "
            f"{100 * u.interval.low:+.1f} to {100 * u.interval.high:+.1f}"
        )
        if self.p_value != self.p_value:
            conclusion = f"no verdict, which needs {LEAST_SPEAKERS} speakers or more"
        else:
            verdict = "they differ" if self.p_value < _ALPHA else "too close to call"
            conclusion = f"{_p(self.p_value)}: {verdict}"
        return f"{by_speaker}, {conclusion}\n{by_clip}"


def compare_pair(run_a: Run, run_b: Run, *, seed: int = 0) -> RunComparison:
    """Compare two runs on the test clips they share.

    Args:
        run_a: Run A.
        run_b: Run B.
        seed: Seed of the bootstrap.

    Raises:
        UsageError: They share no clips or do not have the same classes.
        RunError: A run's predictions are damaged, or its record contradicts them.
    """
    for run in (run_a, run_b):
        recount(run)
    a, b = evidence(run_a), evidence(run_b)
    if a.labels != b.labels:
        raise UsageError(
            f"{run_a.name} tells {len(a.labels)} classes apart and {run_b.name} {len(b.labels)} "
            "others",
            allowed="runs of the same classes can be compared",
        )
    shared = a.frame.index.intersection(b.frame.index).sort_values()
    if shared.empty or _corpora_differ(run_a, run_b):
        raise UsageError(
            f"{run_a.name} and {run_b.name} tested no clip in common",
            allowed="runs on the same corpus can be compared",
        )
    one, two = (Evidence(each.frame.loc[shared], each.labels) for each in (a, b))
    speakers = one.frame["speaker"].to_numpy(str)
    answers = [each.frame["predicted_id"].to_numpy(np.int64) for each in (one, two)]
    classes = len(one.labels)
    whole = paired_difference(
        one.true, answers[0], answers[1], speakers, n_classes=classes, seed=seed
    )
    ids = np.asarray(shared, object)
    hits, clips = _hits(one.true, answers, speakers, classes)
    return RunComparison(
        run_a.name,
        run_b.name,
        len(shared),
        len(np.unique(speakers)),
        _uar(one),
        _uar(two),
        _sign_flip(hits, clips),
        whole,
        _mcnemar(one.right, two.right),
        _by_class(one, two, speakers, (hits, clips), seed),
        tuple(map(str, ids[one.right & ~two.right])),
        tuple(map(str, ids[~one.right & two.right])),
        stamps(run_a.record),
        stamps(run_b.record),
    )


def _hits(
    true: npt.NDArray[np.int64],
    answers: Sequence[npt.NDArray[np.int64]],
    speakers: npt.NDArray[np.str_],
    n_classes: int,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return each run's clips labelled right by speaker and class, (2, A, C), and clips, (A, C)."""
    confusions = [actor_confusions(true, answer, speakers, n_classes) for answer in answers]
    hits, clips = hits_and_clips(np.stack(confusions))
    return hits, clips[0]


def _sign_flip(hits: npt.NDArray[np.float64], clips: npt.NDArray[np.int64]) -> float:
    """Return the p-value of no difference; NaN where speakers are too few for a verdict."""
    spoken = clips.sum(axis=1) > 0
    if np.count_nonzero(spoken) < LEAST_SPEAKERS:
        return float("nan")
    shares = uar_shares(hits[:, spoken], clips[spoken])
    return sign_flip_p_value(shares[0] - shares[1])


def _stamped(text: str) -> str:
    """Render a run's stamps behind its score."""
    return f", stamped {text}" if text else ""


def _p(value: float) -> str:
    """Render a p-value; those below 0.001 are shown as such."""
    return "p<0.001" if value < 0.001 else f"p={value:.3f}"


def _corpora_differ(run_a: Run, run_b: Run) -> bool:
    return bool(run_a.record["corpus"] != run_b.record["corpus"])


def _uar(found: Evidence) -> float:
    present = np.unique(found.true)
    return float(np.mean([found.right[found.true == code].mean() for code in present]))


def _mcnemar(a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_]) -> McNemar:
    from scipy.stats import binomtest

    only_a, only_b = int((a & ~b).sum()), int((~a & b).sum())
    differing = only_a + only_b
    p_value = float(binomtest(only_a, differing, 0.5).pvalue) if differing else 1.0
    return McNemar(int((a & b).sum()), only_a, only_b, int((~a & ~b).sum()), p_value)


def _by_class(
    one: Evidence,
    two: Evidence,
    speakers: npt.NDArray[np.str_],
    counts: tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]],
    seed: int,
) -> tuple[ClassDifference, ...]:
    """Compare recall class by class: the UAR of clips of one class is its recall."""
    all_hits, all_clips = counts
    found = []
    for code, label in enumerate(one.labels):
        own = one.true == code
        if not own.any():
            continue
        hits = [(each.right[own]).astype(np.int64) for each in (one, two)]
        # Right or wrong is all that counts here: class 0 is "right", the truth everywhere.
        difference = paired_difference(
            np.zeros(int(own.sum()), np.int64),
            1 - hits[0],
            1 - hits[1],
            speakers[own],
            n_classes=2,
            seed=seed,
        )
        p_value = _sign_flip(all_hits[..., [code]], all_clips[..., [code]])
        found.append((label, int(own.sum()), hits, difference.interval, p_value))
    adjusted = holm([p_value for *_, p_value in found]).tolist()
    return tuple(
        ClassDifference(
            label,
            clips,
            float(hits[0].mean()),
            float(hits[1].mean()),
            interval.low,
            interval.high,
            p_value,
        )
        for (label, clips, hits, interval, _), p_value in zip(found, adjusted, strict=True)
    )

"""``store why``: for each clip of a feature, whether it is current, and if not, exactly why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from serkit.features import FeatureSpec
from serkit.labels import UNKNOWN
from serkit.shown import Shown
from serkit.store.manifest import Failure, StoredFeature
from serkit.store.rows import column
from serkit.store.state import StoreState
from serkit.store.summary import FeatureSummary, StoreSummary
from serkit.store.tables import ClipRow, IndexRow

Condition = Literal["current", "missing", "stale", "failed"]

CONDITIONS: tuple[Condition, ...] = ("current", "missing", "stale", "failed")

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True, slots=True)
class ClipStatus:
    """One clip of one feature.

    Attributes:
        clip_id: The clip's id, or the path of a failed file.
        condition: ``current``, ``missing``, ``stale`` or ``failed``.
        reason: Why it is not current.
    """

    clip_id: str
    condition: Condition
    reason: str = ""


@dataclass(frozen=True)
class FeatureStatus(Shown):
    """Counts of a feature's clips by condition.

    Attributes:
        feature: Its name.
        counts: Clips by condition.
        reasons: Clips by condition and reason, most frequent first.
        clips: Every clip that is not current.
    """

    feature: str
    counts: dict[Condition, int]
    reasons: tuple[tuple[Condition, str, int], ...]
    clips: tuple[ClipStatus, ...]

    def __rich__(self) -> RenderableType:
        """Return how many clips are in which condition, and one row for each reason."""
        from rich.text import Text

        from serkit.tables import table
        from serkit.units import MOST_LISTED

        counts = ", ".join(f"{count:,} {name}" for name, count in self.counts.items())
        title = f"{self.feature}: {counts}"
        if not self.reasons:
            return Text(title)
        made = table(title, {"condition": "left", "clips": "right", "reason": "left"})
        for condition, reason, count in self.reasons[:MOST_LISTED]:
            made.add_row(condition, f"{count:,}", reason)
        return made

    def to_json(self) -> dict[str, Any]:
        """Return the counts, the reasons, and the condition of every clip."""
        reasons = [
            {"condition": condition, "reason": reason, "clips": count}
            for condition, reason, count in self.reasons
        ]
        counts: dict[str, Any] = {str(name): count for name, count in self.counts.items()}
        return {"feature": self.feature, **counts, "reasons": reasons, "clips": self.clips}


def summarise(state: StoreState) -> StoreSummary:
    """Count a store's clips and compare its features with their own recipes."""
    features = {}
    for name, stored in state.manifest.features.items():
        counts = feature_status(state, stored.spec).counts
        size = sum(part.bytes for part in state.parts(name).values())
        features[name] = FeatureSummary({str(key): n for key, n in counts.items()}, size)
    return StoreSummary(
        clips=len(state.clips),
        speakers=len(set(column(state.clips, "speaker")) - {UNKNOWN}),
        corpora=tuple(sorted(set(column(state.clips, "corpus")))),
        corpus_digest=state.corpus_digest(),
        features=features,
    )


def feature_status(state: StoreState, spec: FeatureSpec) -> FeatureStatus:
    """Compare a store with a recipe.

    Args:
        state: The store's state.
        spec: The current recipe.
    """
    unusable = {f.clip_id: f for f in state.manifest.failures if not f.feature}
    # Values of a file that cannot be used any more are of samples that are gone.
    behind = state.not_current(spec) | {clip_id for clip_id in unusable if clip_id in state.clips}
    clips = tuple(_statuses(state, spec, sorted(behind), unusable))
    counts = Counter(clip.condition for clip in clips)
    counts["current"] = len(state.clips) - len(behind)
    reasons = Counter((clip.condition, clip.reason) for clip in clips)
    return FeatureStatus(
        spec.name,
        {condition: counts[condition] for condition in CONDITIONS},
        tuple((condition, reason, n) for (condition, reason), n in reasons.most_common()),
        clips,
    )


def _statuses(
    state: StoreState, spec: FeatureSpec, behind: Iterable[str], unusable: Mapping[str, Failure]
) -> Iterator[ClipStatus]:
    """Yield the clips that are behind and the files that were never clips, with the reason."""
    failures = {f.clip_id: f for f in state.manifest.failures if f.feature == spec.name}
    stored = state.manifest.features.get(spec.name)
    index = state.index.get(spec.name, {})
    for clip_id in behind:
        if failed := unusable.get(clip_id) or failures.get(clip_id):
            yield ClipStatus(clip_id, "failed", f"{failed.error}: {failed.message}")
        elif clip_id not in index:
            reason = "never extracted" if stored is None else "not computed yet"
            yield ClipStatus(clip_id, "missing", reason)
        else:
            reason = _why_stale(index[clip_id], state.clips[clip_id], spec, stored)
            yield ClipStatus(clip_id, "stale", reason)
    for failed in state.manifest.failures:
        if failed.clip_id not in state.clips and not failed.feature:
            yield ClipStatus(failed.path, "failed", f"{failed.error}: {failed.message}")


def _why_stale(
    row: IndexRow, clip: ClipRow, spec: FeatureSpec, stored: StoredFeature | None
) -> str:
    reasons: list[str] = []
    if row.fingerprint != spec.fingerprint:
        kinds = {s.fingerprint: s for s in (stored.spec, *stored.older)} if stored else {}
        old = kinds.get(row.fingerprint)
        reasons += old.differences(spec) if old else ["another recipe"]
    if row.pcm_sha256 != clip.pcm_sha256:
        reasons.append("samples changed")
    return ", ".join(reasons)

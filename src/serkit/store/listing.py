"""``store ls``: which features are in a store, and how many of their clips are current."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serkit.errors import MissingDependencyError, NotFoundError, UnknownNameError
from serkit.features import FeatureSpec, Recipes, stored_name
from serkit.shown import Shown
from serkit.store.manifest import Failure
from serkit.store.state import StoreState
from serkit.store.status import CONDITIONS, FeatureStatus, feature_status, summarise
from serkit.store.store import FeatureStore
from serkit.store.summary import FeatureSummary

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class ListedFeature:
    """A feature in a store.

    Attributes:
        feature: Its name.
        current: Clips whose values match the recipe and the clip's samples.
        missing: Clips without values.
        stale: Clips with values of an older recipe or of other samples.
        failed: Clips for which it failed.
        bytes: Size on disk.
        fingerprint: Fingerprint of the stored feature (SHA-256).
        summary: One line.
    """

    feature: str
    current: int
    missing: int
    stale: int
    failed: int
    bytes: int
    fingerprint: str
    summary: str


@dataclass(frozen=True)
class StoreListing(Shown):
    """The content of a store.

    Attributes:
        store: Its folder.
        corpora: Names of the corpora.
        clips: Number of clips.
        speakers: Number of speakers that are known.
        corpus_digest: Identity of the clips and their samples (SHA-256).
        features: The features.
        failures: What failed, clip by clip.
    """

    store: Path
    corpora: tuple[str, ...]
    clips: int
    speakers: int
    corpus_digest: str
    features: tuple[ListedFeature, ...]
    failures: tuple[Failure, ...]

    def __rich__(self) -> RenderableType:
        """Return one row for each feature."""
        from serkit.tables import table
        from serkit.units import byte_size

        counts = ("current", "missing", "stale", "failed")
        made = table(
            f"{self.store}: {self.clips:,} clips of {', '.join(self.corpora)}",
            {
                "feature": "left",
                **dict.fromkeys(counts, "right"),
                "size": "right",
                "fingerprint": "left",
                "what": "left",
            },
        )
        for each in self.features:
            made.add_row(
                each.feature,
                *(f"{getattr(each, name):,}" for name in counts),
                byte_size(each.bytes),
                each.fingerprint[:8],
                each.summary,
            )
        return made

    def to_json(self) -> dict[str, Any]:
        """Return the listing as plain objects; ``actors`` is what 0.1 called ``speakers``."""
        return {**asdict(self), "actors": self.speakers}


def list_store(store: FeatureStore, recipes: Recipes) -> StoreListing:
    """List a store's content, compared with the current recipes."""
    state = store.state
    summary = state.manifest.summary or summarise(state)
    return StoreListing(
        store=store.path,
        corpora=summary.corpora,
        clips=summary.clips,
        speakers=summary.speakers,
        corpus_digest=summary.corpus_digest,
        features=tuple(
            _feature(state, recipes, name, summary.features[name])
            for name in state.manifest.features
        ),
        failures=tuple(state.manifest.failures),
    )


def status_of(state: StoreState, recipes: Recipes, feature: str) -> FeatureStatus:
    """Compare a feature in a store with its recipe, or without one with itself.

    Raises:
        UnknownNameError: Neither the recipes nor the store have this name.
    """
    spec = _recipe(state, recipes, feature)
    stored, summary = state.manifest.features.get(spec.name), state.manifest.summary
    if summary and stored and stored.spec.fingerprint == spec.fingerprint:
        known = summary.features[spec.name]
        if known.is_current:
            counts = {condition: known.counts[condition] for condition in CONDITIONS}
            return FeatureStatus(spec.name, counts, (), ())
    return feature_status(state, spec)


def _recipe(state: StoreState, recipes: Recipes, feature: str) -> FeatureSpec:
    """Return a feature's recipe, or where there is none what the store has as that."""
    try:
        return recipes.get(feature)
    except (UnknownNameError, NotFoundError, MissingDependencyError):
        # No recipe, or one that names a checkpoint that is not on this machine.
        stored = state.manifest.features.get(stored_name(feature))
        if stored is None:
            raise
        return stored.spec


def _feature(
    state: StoreState, recipes: Recipes, name: str, summary: FeatureSummary
) -> ListedFeature:
    spec, stored = _recipe(state, recipes, name), state.manifest.features[name]
    is_same = spec.fingerprint == stored.spec.fingerprint
    counts = summary.counts if is_same else feature_status(state, spec).counts
    return ListedFeature(
        feature=name,
        current=counts["current"],
        missing=counts["missing"],
        stale=counts["stale"],
        failed=counts["failed"],
        bytes=summary.bytes,
        fingerprint=stored.spec.fingerprint,
        summary=stored.spec.summary,
    )

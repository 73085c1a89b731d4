"""Several feature stores read as one, their labels joined by name.

A clip's key and its speaker carry the name of the clip's corpus, so that actor 3 of two corpora
are two people and two files called ``a01`` two clips. Stores of one corpus share its speakers.
Nothing is copied: values are read from the stores as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Unpack

from serkit.errors import (
    IncompleteFeatureError,
    StoreCorruptError,
    StoreError,
    UsageError,
    unknown_name,
)
from serkit.features import FeatureSpec, Layout
from serkit.labels import UNKNOWN, LabelSet
from serkit.store.batch import Batch
from serkit.store.options import ReadKeywords, ReadOptions
from serkit.store.parts import Array
from serkit.store.reading import Parts, read_batch
from serkit.store.state import StoreState
from serkit.store.store import FeatureStore
from serkit.store.tables import ClipRow, IndexRow
from serkit.vocabulary import Vocabulary

_ATTEMPTS = 3
"""How often something is read again that a writer has replaced meanwhile."""


@dataclass(frozen=True)
class LeftOut:
    """Clips whose label is not in all stores.

    Attributes:
        corpus: Their corpus.
        label: Their label, by the corpus's own name.
        clips: How many there are.
    """

    corpus: str
    label: str
    clips: int


@dataclass(frozen=True)
class JoinedTables:
    """Which clips the stores hold together, and how long each of their features is.

    Attributes:
        clips: The clips that have a shared label, by their joined ids.
        index: By feature and joined id, where the values are; ``part`` begins with the store's
            number.
        members: Ids of each store's clips, in the order of the stores.
        left_out: Clips without a shared label, by corpus and label.
    """

    clips: Mapping[str, ClipRow]
    index: Mapping[str, Mapping[str, IndexRow]]
    members: tuple[tuple[str, ...], ...]
    left_out: tuple[LeftOut, ...]


class JoinedStore:
    """Several stores as one; see :class:`serkit.store.source.ClipStore`.

    Args:
        stores: The stores, two or more or only one.
        labels: The classes by their shared names; clips with other labels are excluded.
        vocabulary: How labels are joined.

    Raises:
        UsageError: Two stores hold the same clip, or there are fewer than two classes.
    """

    def __init__(
        self, stores: Sequence[FeatureStore], labels: LabelSet, vocabulary: Vocabulary
    ) -> None:
        self.stores = tuple(stores)
        self.labels = labels
        self.vocabulary = vocabulary
        self._states: tuple[StoreState, ...] = ()
        self._tables: JoinedTables | None = None

    @property
    def location(self) -> str:
        """Paths of the stores, for messages."""
        return " and ".join(store.location for store in self.stores)

    @property
    def state(self) -> JoinedTables:
        """The clips and the extents of their features, as newly committed."""
        states = tuple(store.state for store in self.stores)
        same = len(states) == len(self._states) and all(
            one is other for one, other in zip(states, self._states, strict=True)
        )
        if self._tables is None or not same:
            self._tables = join_tables(states, self.labels, self.vocabulary)
            self._states = states
        return self._tables

    def spec(self, feature: str) -> FeatureSpec:
        """Return a feature's specification.

        Raises:
            UnknownNameError: A store lacks it.
            UsageError: It is of different recipes in two stores.
        """
        first, *others = self.stores
        spec = first.spec(feature)
        for store in others:
            other = store.spec(feature)
            if other.fingerprint != spec.fingerprint:
                changes = ", ".join(spec.differences(other))
                raise UsageError(
                    f"{feature} in {place(store)} follows another recipe than in "
                    f"{place(first)} ({changes})",
                    allowed="stores that are used together must share the recipe of a feature",
                    hint=f"'serkit extract SRC --features {feature} --store {store.location}' "
                    "recomputes it with the current recipe",
                )
        return spec

    def layout(self, feature: str) -> Layout:
        """Return a feature's shape.

        Raises:
            UnknownNameError: A store lacks it.
            UsageError: It is of different recipes in two stores.
        """
        self.spec(feature)
        return self.stores[0].layout(feature)

    def select(self, feature: str) -> list[str]:
        """Return the ids of the clips that have a feature.

        Raises:
            UnknownNameError: A store lacks the feature.
            IncompleteFeatureError: Some clips have no current values.
        """
        known = self.state.clips
        return [
            joined
            for store in self.stores
            for clip_id in store.select(feature)
            if (joined := _joined_id(store.state.clips[clip_id])) in known
        ]

    def read(self, feature: str, clip_ids: Iterable[str], **options: Unpack[ReadKeywords]) -> Batch:
        """Read a feature of the clips named, in the order named.

        Raises:
            UnknownNameError: No such feature, or no such clip.
            StoreError: A store was changed while it was read.
        """
        ids, how = list(clip_ids), ReadOptions(**options)
        for _ in range(_ATTEMPTS):
            tables = self.state
            try:
                return self._read(tables, feature, ids, how)
            except StoreCorruptError:
                if self.state is tables:
                    raise
        raise StoreError(
            f"{feature} in {self.location} was changed while it was read", hint="read it again"
        )

    def _read(
        self, tables: JoinedTables, feature: str, clip_ids: Sequence[str], options: ReadOptions
    ) -> Batch:
        spec = self.spec(feature)
        for clip_id in clip_ids:
            if clip_id not in tables.clips:
                raise unknown_name("clip", clip_id, tables.clips)
        clips = [tables.clips[clip_id] for clip_id in clip_ids]
        rows = [_current(tables, spec, clip) for clip in clips]
        parts = _Parts(self.layout(feature), [store.parts(feature) for store in self.stores])
        return read_batch(parts, spec, rows, clips, options)


def _current(tables: JoinedTables, spec: FeatureSpec, clip: ClipRow) -> IndexRow:
    """Return the location of a clip's values, if they match the recipe and the samples."""
    row = tables.index[spec.name].get(clip.clip_id)
    if row is None or (row.fingerprint, row.pcm_sha256) != (spec.fingerprint, clip.pcm_sha256):
        raise IncompleteFeatureError(
            f"{spec.name} is not current for clip {clip.clip_id}",
            hint=f"'serkit store why {spec.name}' says why",
        )
    return row


@dataclass(frozen=True)
class _Parts:
    """The parts of one feature in several stores; see :class:`serkit.store.reading.Parts`."""

    layout: Layout
    caches: Sequence[Parts]

    def values(self, row: IndexRow) -> Array:
        """Return one clip's values, contiguous, not copied."""
        store, row = self._own(row)
        return store.values(row)

    def copy(self, row: IndexRow, out: Array) -> None:
        """Copy one clip's values to the end of its place."""
        store, row = self._own(row)
        store.copy(row, out)

    def _own(self, row: IndexRow) -> tuple[Parts, IndexRow]:
        """Return the store that a clip lies in, and its row there."""
        number, _, part = row.part.partition("/")
        return self.caches[int(number)], replace(row, part=part)


def shared_labels(
    labels: Mapping[str, Iterable[str]], vocabulary: Vocabulary, at_least: int = 2
) -> LabelSet:
    """Return the labels that all have, by their shared names.

    Args:
        labels: The labels of each, by what messages call it.
        vocabulary: How labels are joined.
        at_least: The fewest labels that are of use.

    Raises:
        UsageError: They share too few; the message names the labels of each.
    """
    found = {name: tuple(own) for name, own in labels.items()}
    shared = LabelSet.of(vocabulary.shared(*found.values()))
    if len(shared) < at_least:
        listed = "; ".join(f"{name} has {', '.join(sorted(own))}" for name, own in found.items())
        count = f"only {shared[0]!r}" if len(shared) == 1 else f"{len(shared) or 'no'} labels"
        raise UsageError(
            f"{count} in common: {listed}",
            allowed=f"{at_least} shared labels or more are needed",
            hint="join labels with --map ONE=OTHER",
        )
    return shared


def corpora_of(store: FeatureStore) -> str:
    """Return the names of a store's corpora, as protocols and records write them."""
    return "+".join(sorted({clip.corpus for clip in store.state.clips.values()}))


def place(store: FeatureStore) -> str:
    """Name a store in a sentence."""
    return f"the store {store.location}"


def join_tables(
    states: Sequence[StoreState], labels: LabelSet, vocabulary: Vocabulary
) -> JoinedTables:
    """Join the tables of stores.

    Raises:
        UsageError: Two stores hold the same clip.
    """
    numbers = {name: number for number, name in enumerate(labels)}
    clips: dict[str, ClipRow] = {}
    members = []
    others: Counter[tuple[str, str]] = Counter()
    for state in states:
        joined = [_joined_row(row, vocabulary) for row in state.clips.values()]
        kept = {row.clip_id: row for row in joined if row.emotion in numbers}
        others.update(
            (row.corpus, old.emotion)
            for row, old in zip(joined, state.clips.values(), strict=True)
            if row.emotion not in numbers
        )
        if twice := sorted(clips.keys() & kept.keys()):
            raise UsageError(
                f"{len(twice):,} clips are in two of the stores ({twice[0]}, ...)",
                allowed="each clip may be in only one of them",
                hint="name each store once",
            )
        clips |= {
            clip_id: replace(row, emotion_id=numbers[row.emotion]) for clip_id, row in kept.items()
        }
        members.append(tuple(kept))
    left_out = tuple(LeftOut(*key, count) for key, count in sorted(others.items()))
    return JoinedTables(clips, _join_indices(states, clips), tuple(members), left_out)


def _join_indices(
    states: Sequence[StoreState], clips: Mapping[str, ClipRow]
) -> dict[str, dict[str, IndexRow]]:
    common = set.intersection(*(set(state.index) for state in states))
    return {feature: dict(_index_rows(states, feature, clips)) for feature in common}


def _index_rows(
    states: Sequence[StoreState], feature: str, clips: Mapping[str, ClipRow]
) -> Iterator[tuple[str, IndexRow]]:
    for number, state in enumerate(states):
        for clip_id, row in state.index[feature].items():
            clip = state.clips.get(clip_id)
            if clip is not None and (joined := _joined_id(clip)) in clips:
                yield joined, replace(row, part=f"{number}/{row.part}")


def _joined_row(row: ClipRow, vocabulary: Vocabulary) -> ClipRow:
    """Return a clip under its shared label, and names that no other corpus has."""
    known = row.speaker != UNKNOWN
    return replace(
        row,
        clip_id=_joined_id(row),
        emotion=UNKNOWN if row.emotion == UNKNOWN else vocabulary.name(row.emotion),
        speaker=f"{row.corpus}/{row.speaker}" if known else UNKNOWN,
        actor=None,  # numbers of different corpora mean different people
    )


def _joined_id(row: ClipRow) -> str:
    return f"{row.corpus}/{row.clip_id}"

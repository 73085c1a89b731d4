"""The data of a run: one store with a protocol, or several stores with joined labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from serkit.errors import UsageError
from serkit.evaluation.across import (
    CROSS,
    LEAVE_ONE_CORPUS_OUT,
    cross,
    cross_name,
    leave_one_corpus_out,
)
from serkit.evaluation.given import GIVEN, given_split
from serkit.evaluation.splits import PROTOCOLS, Protocol, split_clips
from serkit.ingest.corpus import CORPORA
from serkit.labels import UNKNOWN
from serkit.settings import resolve
from serkit.store.joined import JoinedStore, LeftOut, corpora_of, shared_labels
from serkit.store.source import ClipStore
from serkit.store.store import FeatureStore
from serkit.vocabulary import Vocabulary

StoreLike = FeatureStore | str | Path

MADE = (GIVEN, LEAVE_ONE_CORPUS_OUT)
"""Protocols that are made for the clips at hand, and are no plug-ins."""


@dataclass(frozen=True)
class RunData:
    """The clips that a run is trained and tested on.

    Attributes:
        store: The store, or several read as one.
        protocol: How its clips are split.
        parts: The stores themselves.
        origin: What the record says of several stores; empty for one.
        notes: What a reader must know of joined labels.
    """

    store: ClipStore
    protocol: Protocol
    parts: tuple[FeatureStore, ...]
    origin: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """Stores and protocol as a caller names them; None leaves one to the settings.

    Attributes:
        stores: The stores to train on; with a protocol of one corpus, to test on too.
        test_store: The store to test on; None tests by the protocol.
        joined: Labels that count as another one, beyond synonyms.
        protocol: The protocol's name as it was asked for, and not only set.
    """

    stores: tuple[StoreLike, ...]
    test_store: StoreLike | None = None
    joined: Mapping[str, str] = field(default_factory=dict)
    protocol: str | None = None

    @property
    def is_joined(self) -> bool:
        """Whether several stores are read as one."""
        return self.test_store is not None or len(self.stores) > 1

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Wanted:
        """Return the data that a run's record or configuration names."""
        stores = record.get("stores")
        protocol = str(record["protocol"])
        if not stores:
            return cls((record.get("settings", {}).get("store"),), protocol=protocol)
        tested = [entry["path"] for entry in stores if entry["role"] == "test"]
        return cls(
            tuple(entry["path"] for entry in stores if entry["role"] != "test"),
            tested[0] if tested else None,
            record.get("label_map", {}),
            None if tested else protocol,
        )


def open_data(wanted: Wanted, protocol: str) -> RunData:
    """Open the stores that a caller names.

    Args:
        wanted: Stores and protocol as they were asked for.
        protocol: The protocol's name with settings applied; empty for the corpus's own.

    Raises:
        NotFoundError: There is no such store.
        UnknownNameError: There is no such protocol.
        UsageError: Stores and protocol do not go together, the stores share too few labels, or
            labels are to be joined and there is one store only.
    """
    if wanted.is_joined:
        return _joined(wanted)
    if wanted.joined:
        raise UsageError(
            "labels are joined (--map), and there is only one store",
            hint="use --map with 'serkit extract', or name several stores",
        )
    known = _named(protocol) if protocol and protocol not in MADE else None  # before any store
    store = _opened(wanted.stores[0] if wanted.stores else None)
    chosen = known or _named(protocol or _own_protocol(store), store)
    return RunData(store, chosen, (store,))


def _joined(wanted: Wanted) -> RunData:
    vocabulary = Vocabulary(wanted.joined)
    trained = [_opened(store) for store in wanted.stores or (None,)]
    if wanted.test_store is not None:
        return _cross(trained, _opened(wanted.test_store), vocabulary, wanted.protocol)
    labels = shared_labels({store.location: store.labels for store in trained}, vocabulary)
    store = JoinedStore(trained, labels, vocabulary)
    protocol = _named(wanted.protocol or LEAVE_ONE_CORPUS_OUT, store)
    origin = origin_of([(each, "both") for each in trained], vocabulary)
    return RunData(store, protocol, tuple(trained), origin, joining_notes(store))


def _cross(
    trained: Sequence[FeatureStore],
    tested: FeatureStore,
    vocabulary: Vocabulary,
    protocol: str | None,
) -> RunData:
    corpora = [name for store in trained for name in corpora_of(store).split("+")]
    name = cross_name(corpora, corpora_of(tested))
    if protocol not in (None, name):
        raise UsageError(
            f"the protocol {protocol} cannot be combined with a test store",
            hint="leave out --protocol, or name that store with --store and test by the protocol",
        )
    learned = {label for store in trained for label in store.labels}
    named = " and ".join(store.location for store in trained)
    labels = shared_labels({named: learned, tested.location: tested.labels}, vocabulary)
    store = JoinedStore([*trained, tested], labels, vocabulary)
    known = _speakers_known(store)
    made = cross(name, store.state.members[-1], speakers_known=known)
    roles = [*((each, "train") for each in trained), (tested, "test")]
    return RunData(store, made, store.stores, origin_of(roles, vocabulary), joining_notes(store))


def origin_of(stores: Iterable[tuple[FeatureStore, str]], vocabulary: Vocabulary) -> dict[str, Any]:
    """Return the record's entries about a run's stores and their labels.

    Args:
        stores: Each store with its role: ``train``, ``test`` or ``both``.
        vocabulary: How their labels were joined.
    """
    return {
        "stores": [
            {"path": str(store.path), "corpus": corpora_of(store), "role": role}
            for store, role in stores
        ],
        "label_map": dict(vocabulary.joined),
    }


def joining_notes(store: JoinedStore) -> tuple[str, ...]:
    """Describe which labels were joined, and how many clips were left out for their label."""
    notes = [
        f"{label!r} of {corpus} counts as {store.vocabulary.name(label)!r}"
        for part in store.stores
        for corpus in corpora_of(part).split("+")
        for label in part.labels
        if store.vocabulary.name(label) != label and store.vocabulary.name(label) in store.labels
    ]
    by_corpus: dict[str, list[LeftOut]] = {}
    for each in store.state.left_out:
        by_corpus.setdefault(each.corpus, []).append(each)
    for corpus, rows in by_corpus.items():
        listed = ", ".join(f"{row.clips:,} {row.label}" for row in rows)
        notes.append(f"left out of {corpus}, as the label is not shared: {listed}")
    return tuple(dict.fromkeys(notes))


def _named(name: str, store: ClipStore | None = None) -> Protocol:
    """Return a protocol by name; some are built for the given stores."""
    if name.startswith(CROSS):
        raise UsageError(
            f"the protocol {name} names no stores", hint="use --store A --test-store B instead"
        )
    if store is None or name not in MADE:
        return PROTOCOLS.get(name)
    if name == GIVEN:
        clips = store.state.clips
        return given_split(split_clips({i: row for i, row in clips.items() if row.split}))
    return leave_one_corpus_out(speakers_known=_speakers_known(store))


def _speakers_known(store: ClipStore) -> bool:
    return all(clip.speaker != UNKNOWN for clip in store.state.clips.values())


def _opened(store: StoreLike | None) -> FeatureStore:
    if isinstance(store, FeatureStore):
        return store
    return FeatureStore(resolve({"store": store}).store)


def _own_protocol(store: FeatureStore) -> str:
    """Return the protocol that published work on a store's corpus uses."""
    corpora = {clip.corpus for clip in store.state.clips.values()}
    known = corpora & set(CORPORA.names())  # clips without labels are of none
    if len(corpora) == len(known) == 1:
        return CORPORA.get(known.pop()).default_protocol
    return "speaker5"

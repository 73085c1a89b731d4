"""Label sets: which classes there are, and in which order models, scores and tables count them.

A corpus defines its label set. The store keeps it with the clips, a run records it, and all code
that needs class names or their number takes them from there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from serkit.errors import UsageError, unknown_name

UNKNOWN: Final = "unknown"
"""Means an unknown emotion, speaker, sex and so on."""

NO_LABEL: Final = -1
"""The number of :data:`UNKNOWN`; no class of any model."""


@dataclass(frozen=True, slots=True)
class LabelSet:
    """The names of the classes, in the order of their numbers.

    Attributes:
        names: Each class's name; its place is its number. Empty for audio without labels.

    Raises:
        UsageError: A name is empty, is ``"unknown"``, or is there twice.

    Example:
        >>> labels = LabelSet(("angry", "happy", "sad"))
        >>> len(labels), labels.index("sad"), labels[0], list(labels)
        (3, 2, 'angry', ['angry', 'happy', 'sad'])
    """

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        for name, count in Counter(self.names).items():
            if not isinstance(name, str) or not name.strip() or name == UNKNOWN:
                raise UsageError(
                    f"{name!r} is not a label", allowed="any text but '' and 'unknown' is"
                )
            if count > 1:
                raise UsageError(f"the label {name!r} is there {count} times", allowed="once is")

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __getitem__(self, number: int) -> str:
        return self.names[number]

    def index(self, name: str) -> int:
        """Return a label's number.

        Raises:
            UnknownNameError: It is not in the set.
        """
        if name not in self.names:
            raise unknown_name("label", name, self.names)
        return self.names.index(name)

    def number(self, name: str) -> int:
        """Return a label's number; :data:`NO_LABEL` for :data:`UNKNOWN`.

        Raises:
            UnknownNameError: It is not in the set.
        """
        return NO_LABEL if name == UNKNOWN else self.index(name)

    def to_json(self) -> list[str]:
        """Return the names as stored in a record."""
        return list(self.names)

    @classmethod
    def from_json(cls, names: object) -> LabelSet:
        """Read names from a store or a record; None is :data:`UNRECORDED`.

        Raises:
            UsageError: They are not a list of distinct names.
        """
        if names is None:
            return UNRECORDED
        if not isinstance(names, (list, tuple)):
            raise UsageError(f"labels = {names!r}", allowed="a list of names is allowed")
        return cls(tuple(names))

    @classmethod
    def of(cls, names: Iterable[str]) -> LabelSet:
        """Return the set of the labels that occur, sorted by name; unknown ones do not count.

        Example:
            >>> LabelSet.of(["sad", "angry", "unknown", "sad"]).names
            ('angry', 'sad')
        """
        return cls(tuple(sorted(set(names) - {UNKNOWN})))


UNRECORDED: Final = LabelSet(
    ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
)
"""The labels of stores, runs and models made before labels were recorded with them."""

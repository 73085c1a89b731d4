"""Which parts and recipes the rows of an index still refer to, counted as rows change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from serkit.store.rows import each
from serkit.store.tables import IndexRow


@dataclass
class Usage:
    """How many rows of an index refer to each part and to each recipe.

    Attributes:
        parts: Rows by part; parts without rows are absent.
        recipes: Rows by fingerprint, likewise.
        emptied: Parts that lost their last row.
    """

    parts: Counter[str] = field(default_factory=Counter)
    recipes: Counter[str] = field(default_factory=Counter)
    emptied: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, index: Mapping[str, IndexRow]) -> Usage:
        """Count the rows of an index."""
        pairs = Counter(each(index, "part", "fingerprint"))
        usage = cls()
        for (part, recipe), count in pairs.items():
            usage.parts[part] += count
            usage.recipes[recipe] += count
        return usage

    def replace(self, old: IndexRow | None, new: IndexRow | None) -> None:
        """Count one row instead of another; None is no row."""
        if new:
            self.parts[new.part] += 1
            self.recipes[new.fingerprint] += 1
            self.emptied.discard(new.part)
        if old:
            if _is_last(self.parts, old.part):
                self.emptied.add(old.part)
            _is_last(self.recipes, old.fingerprint)


def _is_last(counts: Counter[str], key: str) -> bool:
    """Take away one; return whether that was the last."""
    counts[key] -= 1
    if counts[key]:
        return False
    del counts[key]
    return True

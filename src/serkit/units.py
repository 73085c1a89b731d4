"""Numbers and lists as people read them."""

from __future__ import annotations

from collections.abc import Iterable

MOST_LISTED = 20
"""Lines of one kind that are shown; the rest are counted."""


def byte_size(count: float) -> str:
    """Render a number of bytes.

    Example:
        >>> byte_size(999), byte_size(1_500_000)
        ('999 B', '1.5 MB')
    """
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:,.0f} {unit}" if unit == "B" else f"{count:,.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} GB"


def shortened(items: Iterable[str], most: int = 10) -> list[str]:
    """Return the first items of a long list, and its length.

    Example:
        >>> shortened(["a", "b", "c"], most=2)
        ['a', 'b', 'and 1 more of 3 (--json lists all)']
    """
    listed = list(items)
    if len(listed) <= most:
        return listed
    rest = f"and {len(listed) - most:,} more of {len(listed):,} (--json lists all)"
    return [*listed[:most], rest]


def first_few(names: Iterable[str], most: int = 5) -> str:
    """Name the first few.

    Example:
        >>> first_few(["a", "b", "c"], most=2)
        'a, b ...'
    """
    listed = list(names)
    return ", ".join(listed[:most]) + (" ..." if len(listed) > most else "")


def by_reason(skipped: Iterable[tuple[str, str]]) -> list[str]:
    """Say why files are skipped, a sentence for each reason.

    Args:
        skipped: Path and reason of each.

    Example:
        >>> by_reason([("a.wav", "its label is empty")])
        ['a.wav is skipped: its label is empty']
        >>> by_reason([(name, "its label is empty") for name in ("a.wav", "b.wav", "c.wav")])
        ['3 files are skipped, each because its label is empty (a.wav, b.wav, c.wav)']
    """
    reasons: dict[str, list[str]] = {}
    for path, reason in skipped:
        reasons.setdefault(reason, []).append(path)
    return [
        f"{paths[0]} is skipped: {reason}"
        if len(paths) == 1
        else f"{len(paths):,} files are skipped, each because {reason} ({first_few(paths, 3)})"
        for reason, paths in reasons.items()
    ]

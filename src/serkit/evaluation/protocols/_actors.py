"""Shared code of protocols published for RAVDESS, whose actors are numbered 1 to 24."""

from __future__ import annotations

from collections.abc import Iterable

CORPORA = ("ravdess", "synthetic")
"""The corpora with these actors: RAVDESS, and synthetic speech in its shape."""


def names_of_actors(*groups: Iterable[int]) -> tuple[tuple[str, ...], ...]:
    """Return groups of speakers by name, from the numbers that the papers give."""
    return tuple(tuple(str(actor) for actor in group) for group in groups)

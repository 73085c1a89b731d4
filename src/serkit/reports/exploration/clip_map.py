"""A map of the clips: the two directions in which their features vary most.

Seen by emotion the map is mixed, seen by speaker it falls into patches: a random split puts a
clip's nearest neighbours, which are the same voice, into the training set. That is the optimism
gap in one picture. :attr:`ClipMap.same` puts figures to it: how often the nearest clip has the
same emotion, and how often the nearest clip *of another speaker* has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

MOST_NEIGHBOURS = 3_000
"""Maximum number of clips for the neighbour search; larger corpora are sampled."""


@dataclass(frozen=True)
class Neighbours:
    """How often a clip's nearest neighbour shares its group.

    Attributes:
        share: Of the clips, 0 to 1.
        chance: The share that shuffled groups would have.
    """

    share: float
    chance: float


@dataclass(frozen=True)
class ClipMap:
    """Coordinates of each clip.

    Attributes:
        points: (n, 2) coordinates on the first two principal components.
        explained: Share of the variance along each of them.
        same: By column, how often a clip's nearest neighbour (over all features) shares its
            value.
        same_elsewhere: The same for the nearest neighbour among other speakers' clips; empty
            where speakers are unknown.
    """

    points: Floats
    explained: tuple[float, float]
    same: Mapping[str, Neighbours]
    same_elsewhere: Mapping[str, Neighbours]


def clip_map(
    values: npt.NDArray[np.floating],
    groups: Mapping[str, Codes],
    speakers: Codes | None = None,
    *,
    seed: int = 0,
) -> ClipMap | None:
    """Map clips by a principal component analysis of their standardised features.

    Args:
        values: (n, F) one row for each clip.
        groups: By column, each clip's group; -1 is unknown.
        speakers: (n,) each clip's speaker; None where that is unknown.
        seed: Seed of the draw where there are more than :data:`MOST_NEIGHBOURS` clips.

    Returns:
        The map; None with fewer than three clips or where nothing varies.
    """
    table = _standardised(values)
    if len(table) < 3 or table.shape[1] < 2:
        return None
    points, explained = _principal(table)
    return ClipMap(points, explained, *_neighbours(table, groups, speakers, seed))


def _standardised(values: npt.NDArray[np.floating]) -> Floats:
    table = values.astype(np.float64)
    table = table - table.mean(axis=0) if len(table) else table
    spread = table.std(axis=0) if len(table) else np.zeros(table.shape[1])
    varies = spread > 1e-9
    return np.asarray(table[:, varies] / spread[varies], np.float64)


def _principal(table: Floats) -> tuple[Floats, tuple[float, float]]:
    """Return coordinates and explained shares of the first two components."""
    from scipy.sparse.linalg import svds

    start = np.ones(min(table.shape))  # a random start would turn the picture at every call
    left, sizes, _ = svds(table, k=2, v0=start)
    order = np.argsort(-sizes)
    points = left[:, order] * sizes[order]
    # The sign of a component is arbitrary; fixing it keeps the picture the same everywhere.
    points = points * np.where(points[np.abs(points).argmax(axis=0), [0, 1]] < 0, -1.0, 1.0)
    first, second = sizes[order] ** 2 / np.square(table).sum()
    return points, (float(first), float(second))


def _neighbours(
    table: Floats,
    groups: Mapping[str, Codes],
    speakers: Codes | None,
    seed: int,
) -> tuple[dict[str, Neighbours], dict[str, Neighbours]]:
    """Return how often nearest neighbours agree, among all clips and among other speakers'."""
    chosen = np.arange(len(table))
    if len(chosen) > MOST_NEIGHBOURS:
        chosen = np.random.default_rng(seed).choice(chosen, MOST_NEIGHBOURS, replace=False)
    rows = table[chosen].astype(np.float32)
    distances = np.einsum("ij,ij->i", rows, rows)[None, :] - 2.0 * (rows @ rows.T)
    np.fill_diagonal(distances, np.inf)
    codes = {column: every[chosen] for column, every in groups.items()}
    nearest = distances.argmin(axis=1)
    same = {column: _agreement(own, own[nearest]) for column, own in codes.items()}
    if speakers is None or len(np.unique(speakers[chosen])) < 2:
        return same, {}
    distances[speakers[chosen][:, None] == speakers[chosen][None, :]] = np.inf
    other = distances.argmin(axis=1)
    return same, {column: _agreement(own, own[other]) for column, own in codes.items()}


def _agreement(own: Codes, other: Codes) -> Neighbours:
    known = (own >= 0) & (other >= 0)
    if not known.any():
        return Neighbours(float("nan"), float("nan"))
    shares = np.bincount(own[known]) / known.sum()
    return Neighbours(float((own == other)[known].mean()), float((shares**2).sum()))

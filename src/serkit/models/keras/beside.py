"""Tables that a net reads beside frames: one row of numbers for each clip, such as functionals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.errors import UsageError
from serkit.features import Layout, TableLayout
from serkit.models.clips import ClipData
from serkit.parameters import Parameters, names_in, parameter
from serkit.ranges import Among, Between

Rows = npt.NDArray[np.float32]
"""Clips' values, shape ``(clips, columns)``."""


LINEAR = "beside_linear"
"""Name of the layer that leads from the tables straight to the emotions."""

WIDE, DEEP = "wide", "deep"
"""Names of the layers that read whitened tables where these are a net's frames: one that leads
straight to the emotions, and the first of the hidden ones."""


@dataclass(frozen=True)
class BesideParameters(Parameters):
    """The tables, and the branch of the net that reads them.

    Example:
        >>> BesideParameters(beside="functionals").table_names
        ('functionals',)
    """

    beside: str = parameter(
        "",
        "tables to read beside the frames, separated by commas, such as 'functionals'",
    )
    beside_path: str = parameter(
        "hidden",
        "what reads the tables: a hidden layer that joins the net before its last layer, or a "
        "linear layer on whitened tables, whose outputs are added to the net's before the softmax",
        choices=("hidden", "linear"),
    )
    beside_units: int = parameter(
        64,
        "units of the hidden layer for tables (beside_path=hidden)",
        minimum=1,
        search=Among((32, 64, 128)),
    )
    beside_dropout: float = parameter(
        0.5,
        "share of the tables' values, and of the hidden layer's units, dropped in training "
        "(beside_path=hidden)",
        minimum=0,
        maximum=0.95,
        search=Between(0.2, 0.7),
    )
    beside_l2: float = parameter(
        0.05,
        "L2 penalty on a linear layer for tables, in place of l2 (beside_path=linear; wide=true)",
        minimum=0,
        search=Between(0.01, 0.3, log=True),
    )

    @property
    def table_names(self) -> tuple[str, ...]:
        """The tables."""
        return names_in(self.beside)

    @property
    def linear_beside(self) -> bool:
        """Whether tables are read by a linear layer, whitened and clipped."""
        return bool(self.table_names) and self.beside_path == "linear"


def columns_of(names: Sequence[str], layouts: Any) -> int:
    """Return how many columns tables have together.

    Args:
        names: The tables.
        layouts: Clips or a store; see :class:`serkit.models.keras.source.Described`.

    Raises:
        UsageError: A feature is no table.
    """
    return sum(_columns(name, layouts.layout(name)) for name in names)


def _columns(name: str, layout: Layout) -> int:
    if not isinstance(layout, TableLayout):
        raise UsageError(
            f"beside = {name!r} is not a table",
            allowed="a table such as 'functionals' is allowed",
            hint="name frames with --set features=",
        )
    return len(layout.columns)


def read_rows(
    data: ClipData, names: Sequence[str], positions: Sequence[int], voice: str = ""
) -> Rows:
    """Read tables side by side.

    Args:
        data: The clips.
        names: The tables.
        positions: Which clips.
        voice: The voice in which they are read; empty reads them as recorded.
    """
    tables = [data.read(name, positions, voice=voice).X for name in names]
    return np.concatenate(tables, axis=1).astype(np.float32)

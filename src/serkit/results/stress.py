"""Stress test results: a run's accuracy under each perturbation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serkit.errors import RunError
from serkit.plainjson import dumps
from serkit.prediction.coverage import Coverage, Outcome, Range
from serkit.results.wording import interval, percent
from serkit.shown import Shown
from serkit.storage.files import write_file

if TYPE_CHECKING:
    from rich.console import RenderableType

FILE = "stress.json"
"""The table's file in the run's folder."""

CLEAN = "clean"


@dataclass(frozen=True, slots=True)
class Spread:
    """A measure of recordings over many clips.

    Attributes:
        low: 5th percentile.
        middle: Median.
        high: 95th percentile.
    """

    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class StressRow:
    """One condition.

    Attributes:
        condition: Its name.
        group: Kind of perturbation, such as ``white``.
        title: Display name.
        clips: Clips that were predicted.
        unread: Clips that the models could not read so, such as one that became too long.
        uar: UAR of the perturbed clips.
        uar_low: Lower end of its 95 % interval over speakers; None with one speaker.
        uar_high: Upper end.
        change: UAR less that of the same clips as recorded.
        change_low: Lower end of its 95 % interval, paired over speakers; None with one speaker.
        change_high: Upper end.
        recording: Recording properties of the perturbed clips, by measure (``level``, ``snr``,
            ``bandwidth``, ``clipped``).
    """

    condition: str
    group: str
    title: str
    clips: int
    unread: int
    uar: float
    uar_low: float | None
    uar_high: float | None
    change: float
    change_low: float | None
    change_high: float | None
    recording: Mapping[str, Spread]

    @property
    def falls(self) -> bool:
        """Whether the UAR falls by more than chance explains."""
        return self.change_high is not None and self.change_high < 0


@dataclass(frozen=True)
class StressTable(Shown):
    """How a run holds under stress.

    Attributes:
        run: The run's name.
        clips: Test clips that were looked at.
        speakers: Their speakers.
        uar: UAR of these clips as recorded.
        recording: Recording properties, by measure.
        rows: The conditions, in order.
        notes: Notes for the reader, one sentence each.
    """

    run: str
    clips: int
    speakers: int
    uar: float
    recording: Mapping[str, Spread]
    rows: tuple[StressRow, ...]
    notes: tuple[str, ...] = ()

    def __getitem__(self, condition: str) -> StressRow:
        """Return the row of a condition.

        Raises:
            KeyError: It was not tried.
        """
        return {row.condition: row for row in self.rows}[condition]

    def __len__(self) -> int:
        return len(self.rows)

    def merged(self, earlier: StressTable) -> StressTable:
        """Return these rows, and those of an earlier table that were not tried again."""
        known = {row.condition: row for row in earlier.rows}
        rows = known | {row.condition: row for row in self.rows}
        return replace(self, rows=tuple(rows.values()))

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain objects."""
        return asdict(self)

    def __rich__(self) -> RenderableType:
        """Return the table that ``serkit stress`` shows."""
        from rich.console import Group
        from rich.text import Text

        from serkit.tables import table

        right = {"UAR %": "right", "95 % CI": "right", "change": "right", "95 % CI ": "right"}
        made = table(
            f"{self.run} under stress: {self.clips:,} test clips of {self.speakers} speakers, "
            f"UAR {percent(self.uar)} % as recorded",
            {"condition": "left", **right, "clips": "right"},
        )
        for number, row in enumerate(self.rows):
            last = number + 1 == len(self.rows) or self.rows[number + 1].group != row.group
            made.add_row(
                row.title,
                percent(row.uar),
                interval(row.uar_low, row.uar_high),
                _points(row.change),
                _between(row.change_low, row.change_high),
                f"{row.clips:,}",
                style="bold" if row.falls else "",
                end_section=last,
            )
        legend = (
            "change: points of UAR against the same clips as recorded, paired bootstrap over "
            "speakers; bold where it falls beyond chance."
        )
        notes = [Text(f"note: {note}", style="yellow") for note in self.notes]
        return Group(made, Text(legend, style="dim"), *notes)


_CHANGED_BY: Mapping[str, tuple[str, ...]] = {
    "level": ("level",),
    "snr": ("white", "pink", "babble"),
    "bandwidth": ("band", "codec"),
    "clipped": ("clipping",),
}
"""By measure of recordings, the groups of conditions that change it."""


def coverage_of(table: StressTable) -> Coverage:
    """Return warnings about recordings that differ from the run's clips."""
    ranges = {}
    for measure, groups in _CHANGED_BY.items():
        rows = [row for row in table.rows if row.group in groups]
        tested = tuple(
            Outcome(
                title=row.title,
                value=row.recording[measure].middle,
                uar=row.uar,
                clean=row.uar - row.change,
                falls=row.falls,
            )
            for row in rows
        )
        if tested:
            known = table.recording[measure]
            ranges[measure] = Range(known.low, known.high, tested)
    return Coverage(ranges)


def write_stress(folder: Path, table: StressTable) -> None:
    """Save a table in a run's folder.

    Raises:
        StoreWriteError: It cannot be written.
    """
    write_file(folder / FILE, dumps(table.to_json()).encode())


def read_stress(folder: Path) -> StressTable | None:
    """Read the table of a run; None where it was never stressed.

    Raises:
        RunError: The file is damaged.
    """
    path = folder / FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from error
    try:
        rows = tuple(_row(each) for each in data["rows"])
        known = {name: data[name] for name in ("run", "clips", "speakers", "uar")}
        about = _recording(data["recording"])
        return StressTable(**known, recording=about, rows=rows, notes=tuple(data["notes"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, error) from error


def _row(data: Mapping[str, Any]) -> StressRow:
    known = {each.name: data[each.name] for each in fields(StressRow)}
    return StressRow(**{**known, "recording": _recording(data["recording"])})


def _recording(data: Mapping[str, Mapping[str, float]]) -> dict[str, Spread]:
    return {name: Spread(**spread) for name, spread in data.items()}


def _damaged(path: Path, error: Exception) -> RunError:
    return RunError(
        f"{path} is damaged ({type(error).__name__}: {error})",
        hint="delete it, and run 'serkit stress' again",
    )


def _points(value: float) -> str:
    return f"{100 * value:+z.1f}"


def _between(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{100 * low:+z.1f} to {100 * high:+z.1f}"

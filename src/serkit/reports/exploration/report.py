"""A corpus explored: its tables, its figures, and the page with all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serkit.compute.cores import available_cores
from serkit.compute.local import run_all
from serkit.errors import unknown_name
from serkit.extras import require
from serkit.reports.embed import png, svg
from serkit.reports.exploration import figures_clip, figures_groups, figures_structure
from serkit.reports.exploration.grouping import LABEL, Grouping
from serkit.reports.exploration.measure import CHANGE, LOUDNESS, PITCH, RATE, Measurements
from serkit.reports.exploration.tables import rich_table, to_json
from serkit.reports.files import write

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.console import RenderableType

FORMATS = ("png", "svg")

PAGE = "index.html"

Draw = Callable[[], "Figure"]


@dataclass(frozen=True)
class Exploration:
    """Statistics of a corpus's clips.

    Attributes:
        measured: The measurements.

    Example:
        >>> found = serkit.eda("features/store", workers=1)
        >>> found.to_json()["clips"]
        96
    """

    measured: Measurements

    def __repr__(self) -> str:
        columns = ", ".join(each.column for each in self.measured.groupings)
        return f"Exploration({len(self.measured.clips):,} clips by {columns or 'nothing'})"

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of its figures, in the order of the page."""
        return tuple(self._drawings)

    def figure(self, name: str) -> Figure:
        """Draw a figure.

        Args:
            name: One of :attr:`figures`, such as ``length-by-emotion``.

        Raises:
            UnknownNameError: No such figure.
            MissingDependencyError: matplotlib is not installed.
        """
        require("matplotlib", extra="figures")
        if name not in self._drawings:
            raise unknown_name("figure", name, self._drawings)
        return self._drawings[name]()

    def save(self, folder: Path | str, form: str = "png", *, workers: int | None = None) -> Path:
        """Write every figure, and one self-contained page with all of them.

        Args:
            folder: The folder to write to; created if missing. Existing files are replaced.
            form: Format of the figures, ``png`` or ``svg``.
            workers: Processes for drawing; None is one per core.

        Returns:
            The page, ``index.html``.

        Raises:
            UnknownNameError: No such format.
            MissingDependencyError: matplotlib is not installed.
            ReportError: They cannot be written.
        """
        from serkit.reports.exploration.page import exploration_page

        require("matplotlib", extra="figures")
        if form not in FORMATS:
            raise unknown_name("format", form, FORMATS)
        folder = Path(folder)
        drawn = dict(self._draw_all(form, workers or available_cores()))
        for name in self.figures:
            write(folder / f"{name}.{form}", drawn[name][form])
        pictures = {name: drawn[name]["svg"] for name in self.figures}
        page = exploration_page(self.measured, pictures)
        return write(folder / PAGE, page.encode())

    def to_json(self) -> dict[str, Any]:
        """Return the numbers behind the figures as plain objects."""
        return to_json(self.measured)

    def __rich__(self) -> RenderableType:
        """Return the tables that ``rich.print(exploration)`` shows."""
        from rich.console import Group
        from rich.text import Text

        tables = [rich_table(self.measured, each) for each in self.measured.groupings]
        gaps = [Text(f"  left out: {gap}", style="yellow") for gap in self.measured.gaps]
        return Group(*tables, *gaps)

    def _repr_html_(self) -> str:
        from serkit.reports.exploration.page import summary_tables

        return str(summary_tables(self.measured))

    @cached_property
    def _drawings(self) -> dict[str, Draw]:
        return drawings(self.measured)

    def _draw_all(self, form: str, workers: int) -> Iterator[tuple[str, dict[str, bytes]]]:
        """Draw everything as SVG for the page and, if requested, as PNG."""
        names = self.figures
        tasks = [
            (self.measured, names[first::workers], form)
            for first in range(min(workers, len(names)))
        ]
        for part in run_all(_draw_some, tasks, workers):
            yield from part.items()


def drawings(measured: Measurements) -> dict[str, Draw]:
    """Return how each figure is drawn that the measurements allow, by its name."""
    found: dict[str, Draw] = {}
    if measured.example:
        found["waveform"] = partial(figures_clip.waveform, measured.example)
        found["mel-spectrogram"] = partial(figures_clip.mel_spectrogram, measured.example)
    for grouping in measured.groupings:
        for name, draw in _group_drawings(measured, grouping).items():
            found[f"{name}-by-{grouping.column}"] = partial(draw, measured, grouping)
    if measured.effects:
        found["marks"] = partial(figures_structure.effect_figure, measured.effects)
    by_column = {each.column: each for each in measured.groupings}
    if measured.map and LABEL in by_column:
        speaker = by_column.get("speaker") or by_column.get("actor")
        found["map"] = partial(
            figures_structure.map_figure, measured.map, by_column[LABEL], speaker
        )
    return found


def _group_drawings(
    measured: Measurements, grouping: Grouping
) -> Mapping[str, Callable[[Measurements, Grouping], Figure]]:
    few = len(grouping) <= figures_groups.MOST_PANELS
    sampled = grouping.column in measured.counts
    has = measured.clips.columns
    wanted = {
        "length": (True, figures_groups.length_bars),
        "length-histograms": (few, figures_groups.length_histograms),
        "change-deviation": (CHANGE.column in has, figures_groups.change_bars),
        "amplitudes": (sampled, figures_groups.amplitude_boxes),
        "amplitude-histograms": (sampled and few, figures_groups.amplitude_histograms),
        "voice": (
            bool({LOUDNESS.column, PITCH.column, RATE.column} & set(has)),
            figures_groups.voice_boxes,
        ),
    }
    return {name: draw for name, (possible, draw) in wanted.items() if possible}


def _draw_some(task: tuple[Measurements, tuple[str, ...], str]) -> dict[str, dict[str, bytes]]:
    measured, names, form = task
    draw = drawings(measured)
    drawn = {}
    for name in names:
        figure = draw[name]()
        drawn[name] = {"svg": svg(figure), **({"png": png(figure)} if form == "png" else {})}
    return drawn

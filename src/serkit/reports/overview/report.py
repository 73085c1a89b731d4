"""A report on runs: one page, one file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from serkit.errors import RunError
from serkit.reports.files import write
from serkit.reports.overview.page import report_page
from serkit.results.board import Board, make_board
from serkit.results.run import Run

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class Report:
    """Results of a set of runs, as a page.

    Attributes:
        runs: The runs.
        board: Their leaderboard.

    Example:
        >>> page = serkit.report(["majority-luna5"]).html
        >>> "majority" in page
        True
    """

    runs: tuple[Run, ...]
    board: Board

    def __repr__(self) -> str:
        return f"Report({len(self.runs)} runs, {len(self.html):,} characters)"

    @cached_property
    def html(self) -> str:
        """The whole page."""
        return report_page(self.board, self.runs)

    def save(self, path: Path | str) -> Path:
        """Write the page to one self-contained file.

        Raises:
            ReportError: It cannot be written.
        """
        return write(Path(path), self.html.encode())

    def __rich__(self) -> RenderableType:
        """Return the leaderboard that ``rich.print(report)`` shows."""
        return self.board.__rich__()

    def _repr_html_(self) -> str:
        from serkit.reports.markup import tag

        frame = tag("iframe", srcdoc=self.html, title="serkit report", width="100%", height=720)
        return str(frame)


def make_report(
    runs: Sequence[Run], *, published: bool = False, problems: Sequence[str] = ()
) -> Report:
    """Make a report.

    Args:
        runs: Finished runs.
        published: Whether to include published results of the same protocols.
        problems: Problems to list in the page.

    Raises:
        RunError: There is no run that can be reported on.
    """
    board = make_board(runs, published=published, problems=problems)
    if not any(entry.run for entry in board.entries):
        raise RunError(
            "there is no finished run to report on", hint="make one with 'serkit train MODEL'"
        )
    return Report(tuple(runs), board)

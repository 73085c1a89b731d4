"""The page of a report with its sections."""

from __future__ import annotations

from collections.abc import Sequence

from serkit.reports.html import Section, cards, page
from serkit.reports.markup import Child, tag
from serkit.reports.overview import audit, confusion, cost, errors, gap, ranking, stress, training
from serkit.reports.overview.models import Model, best_of, models_of
from serkit.results.board import Board
from serkit.results.entries import Group
from serkit.results.run import Run

Joined = tuple[tuple[Group, tuple[Model, ...]], ...]
"""Each group of the leaderboard with its models."""


def report_page(board: Board, runs: Sequence[Run]) -> str:
    """Return the whole page of a leaderboard and its runs."""
    found = tuple((group, models_of(group, runs)) for group in board.groups)
    main = _main(found)
    joined = (main, *(pair for pair in found if pair is not main))
    sections: list[Section | None] = [
        ranking.section(joined),
        confusion.section(main),
        errors.section(main),
        training.curves(main),
        training.learning_order(main),
        cost.section(main),
        gap.section(joined),
        stress.section(main),
        audit.section(board, runs),
    ]
    corpora = " and ".join(sorted({group.corpus for group in board.groups}))
    return page(
        f"Emotion recognition on {corpora}",
        _lead(board, main),
        [section for section in sections if section],
    )


def _main(joined: Joined) -> tuple[Group, tuple[Model, ...]]:
    """Return the group shown in detail: speaker-independent, with the most models."""

    def weight(pair: tuple[Group, tuple[Model, ...]]) -> tuple[bool, bool, bool, int]:
        group, models = pair
        trained = [model for model in models if model.runs]
        honest = any(m.runs[0].record["speaker_independent"] for m in trained)
        return bool(trained), not group.heard, honest, len(trained)

    return max(joined, key=weight)


def _lead(board: Board, main: tuple[Group, tuple[Model, ...]]) -> Child:
    group, models = main
    best = best_of(models)
    entry = best.entry
    runs = len({name for each in board.entries for name in each.runs})  # some are in two groups
    facts = [
        (f"{100 * best.uar:.1f} %", f"best UAR on {group.protocol}, by {best.name}"),
        (f"{runs}", "runs" if runs > 1 else "run"),
        (f"{entry.actors or '-'}", "test speakers"),
        (f"{entry.clips or 0:,}", "test clips"),
    ]
    text = (
        "Unweighted average recall (UAR): the mean over emotions of the share of clips that are "
        "recognised. Intervals say how far the result would move with other speakers."
    )
    return tag("p", text, class_="lead"), cards(facts)

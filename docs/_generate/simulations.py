"""The section on simulations, from the figures that ``benchmarks/verdicts.py`` recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from . import markdown

RECORD = Path(__file__).resolve().parent.parent / "record" / "verdicts.json"

BEGIN = "<!-- Figures between these marks: python benchmarks/verdicts.py -->"
END = "<!-- End of the figures. -->"

_TABLES = (
    (
        "coverage",
        "**Intervals.** How often a 95 % interval holds the true UAR, in percent: "
        "`speaker_interval`, and beside it a bootstrap over speakers, which serkit used before. "
        "10,000 corpora for each figure.",
    ),
    (
        "familywise",
        "**Verdicts.** All models are equally good. How often is any of them called worse, in "
        "percent, by `compare_with_best` at 5 %; beside it, paired t-tests against the best with "
        "Holm's correction, which overlook that the best was picked by luck.",
    ),
    (
        "some_worse",
        "**Some are worse.** Five models are equally good and five are 15 points worse. How often "
        "is one of the good five called worse, in percent:",
    ),
    (
        "skewed",
        "**Limits.** Equally good models, half of which fail on a few speakers: a difference that "
        "a few speakers make is skewed, and no test of means on so few speakers keeps its level "
        "where the failures are total. In percent:",
    ),
    (
        "simultaneous",
        "**Intervals of differences.** True UARs from 60 down to 45. How often do all intervals "
        "of the differences to the best hold the truth at once, in percent:",
    ),
    (
        "detectable",
        "**What can be shown.** The difference to the best that the leaderboard names as the "
        "smallest it can show, in points, and how often the worst model is called worse where "
        "the best leads all others by that much. It is meant for 4 of 5 cases; with many models "
        "more are found, as those already told apart shield nobody.",
    ),
)


def section() -> str:
    """Return the section; empty before anything was simulated."""
    if not RECORD.is_file():
        return ""
    found = json.loads(RECORD.read_text(encoding="utf-8"))
    parts = ["## Do they keep what they say?", BEGIN, _setting(found["repeats"])]
    for name, text in _TABLES:
        parts += [text, _table(found[name])]
    return "\n\n".join([*parts, END])


def _setting(repeats: int) -> str:
    return (
        "Simulated evaluations on corpora in the shape of RAVDESS, with errors that models share "
        "and that depend on the speaker, as in the runs of `docs/record/runs`; "
        f"{repeats:,} for each figure unless said otherwise, so a rate near 5 % is known to about "
        f"{100 * 2 * (0.05 * 0.95 / repeats) ** 0.5:.1f} points. The script says how."
    )


def _table(rows: list[dict[str, Any]]) -> str:
    head = list(rows[0])
    return markdown.table(head, [[_cell(key, row[key]) for key in head] for row in rows])


def _cell(key: str, value: Any) -> str:
    is_rate = isinstance(value, float) and key != "points"
    return f"{100 * value:.1f}" if is_rate else str(value)

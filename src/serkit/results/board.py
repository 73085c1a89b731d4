"""The leaderboard: like ranked with like, and nothing more than the evidence bears.

Runs are ranked only within a group of the same corpus digest, protocol and split digest. Whether a
run can be told from the best of its group is decided by a paired bootstrap over actors, with
Holm's correction for the number of runs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from serkit.errors import RunError
from serkit.evaluation.metrics import distinguishable
from serkit.evaluation.splits import PROTOCOLS
from serkit.results.board_table import render_board
from serkit.results.entries import Entry, Group
from serkit.results.overrides import given_today
from serkit.results.published import PublishedResult, published_results
from serkit.results.run import PREDICTIONS, Run
from serkit.shown import Shown

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

FEW_ACTORS = 16
"""Below this many test actors the bootstrap's intervals are too narrow (see the metrics page)."""

_ALPHA = 0.05


_FROM_RECORD = frozenset(f.name for f in fields(Entry)) - {
    "best",
    "distinguishable_from_best",
    "p_value",
    "optimism_gap",
    "source",
    "notes",
    "given",
}


@dataclass(frozen=True)
class Board(Shown):
    """The leaderboard.

    Attributes:
        groups: One for each corpus digest and protocol.
        problems: Runs that were left out, and why.
        protocol: The one that was asked for; None for all.
    """

    groups: tuple[Group, ...]
    problems: tuple[str, ...] = ()
    protocol: str | None = None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every row, group by group, best first."""
        return tuple(entry for group in self.groups for entry in group.entries)

    def to_json(self) -> list[dict[str, Any]]:
        """Return the rows as plain objects."""
        return [
            {f.name: _plain(getattr(entry, f.name)) for f in fields(Entry)}
            for entry in self.entries
        ]

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows as a data frame."""
        import pandas as pd

        return pd.DataFrame(self.to_json(), columns=[f.name for f in fields(Entry)])

    def __rich__(self) -> RenderableType:
        """Return the tables that ``rich.print(board)`` shows."""
        return render_board(self.groups, self.problems, self.protocol)


def make_board(
    runs: Sequence[Run],
    *,
    protocol: str | None = None,
    published: bool = False,
    problems: Iterable[str] = (),
) -> Board:
    """Rank runs.

    Args:
        runs: Finished runs.
        protocol: Show this protocol alone.
        published: Add published results of the same protocols.
        problems: What could not be read, to be shown below.

    Raises:
        UnknownNameError: No such protocol.
    """
    if protocol is not None:
        protocol = PROTOCOLS.get(protocol).name
    grouped: defaultdict[tuple[str, str, str], list[Run]] = defaultdict(list)
    problems = list(problems)
    for run in runs:
        try:
            _check_predictions(run)
        except RunError as error:
            problems.append(str(error))
            continue
        key = (run.protocol, run.record["corpus_digest"], run.record["split_digest"])
        grouped[key].append(run)
    gaps = _optimism_gaps(runs)
    groups = []
    for (name, _, _), members in grouped.items():
        if protocol in (None, name):
            ranked, others = _of_the_same_clips(members)
            problems += others
            groups.append(_group(ranked, gaps, with_published=published))
    if published:
        groups += _published_alone(groups, protocol)
    groups.sort(key=lambda g: (not g.corpus_digest, g.protocol, g.corpus, g.corpus_digest))
    return Board(tuple(groups), tuple(problems), protocol)


def _check_predictions(run: Run) -> None:
    """Read a run's predictions, which are kept; what cannot be read cannot be ranked.

    Raises:
        RunError: They are damaged, or not those that the record tells of.
    """
    found = run.predictions.index
    if not found.is_unique or len(found) != run.record["clips"]:
        raise RunError(
            f"{run.path / PREDICTIONS} is damaged ({found.nunique()} clips in {len(found)} rows "
            f"for the {run.record['clips']} of the record)",
            hint="train it again",
        )


def _of_the_same_clips(runs: Iterable[Run]) -> tuple[list[Run], list[str]]:
    """Return runs best first, and why those are not among them that tested other clips."""
    ranked = sorted(runs, key=lambda run: (-run.uar, run.name, str(run.path)))
    best = ranked[0]
    clips = frozenset(best.predictions.index)
    same: list[Run] = []
    others: list[str] = []
    for run in ranked:
        if frozenset(run.predictions.index) == clips:
            same.append(run)
        else:
            others.append(
                f"the run {run.path} has predictions of other clips than {best.path}, "
                "though both say to be of one split; train it again"
            )
    return same, others


def _group(ranked: list[Run], gaps: dict[Path, float], *, with_published: bool) -> Group:
    """Make a group of runs on the same clips, best first."""
    verdicts = _verdicts(ranked)
    entries = []
    for run in ranked:
        # The best cannot be told from itself.
        alone = (False, None) if run is ranked[0] else (None, None)
        different, p_value = verdicts.get(run.path, alone)
        known: dict[str, Any] = {name: run.record[name] for name in _FROM_RECORD}
        entries.append(
            Entry(
                **known,
                given=given_today(run.record),
                best=run is ranked[0],
                distinguishable_from_best=different,
                p_value=p_value,
                optimism_gap=gaps.get(run.path),
                notes=tuple(run.record["notes"]),
            )
        )
    first = ranked[0].record
    if with_published and first["corpus"] == "ravdess":
        entries += [_published_entry(row) for row in _published_for(first["protocol"])]
        entries.sort(key=_place)
    return Group(
        first["protocol"],
        first["corpus"],
        first["corpus_digest"],
        tuple(entries),
        _notes(first, len(ranked)),
    )


def _place(entry: Entry) -> tuple[bool, float]:
    """Order by UAR; then those with an accuracy only, which is another scale, by that."""
    if entry.uar is not None:
        return False, -entry.uar
    return True, -(entry.accuracy or 0.0)


def _notes(record: Any, rows: int) -> tuple[str, ...]:
    notes = list(record["notes"])
    if not record["speaker_independent"]:
        notes.append("the same actors are trained and tested on: inflated for voices never heard")
    if rows > 1 and (record["actors"] or 0) < FEW_ACTORS:
        notes.append(
            f"{record['actors']} test actors are few: intervals are too narrow, "
            "and differences look surer than they are"
        )
    return tuple(notes)


def _verdicts(ranked: list[Run]) -> dict[Path, tuple[bool | None, float | None]]:
    """Compare every run with the best in pairs; clips are aligned by id.

    By path and not by name: a copy of a run's folder has the same name.
    """
    if len(ranked) < 2 or ranked[0].record["actors"] < 2:
        return {}
    best = ranked[0].predictions.sort_index()
    others = {
        str(run.path): run.predictions["predicted_id"].reindex(best.index).to_numpy(np.int64)
        for run in ranked[1:]
    }
    verdicts = distinguishable(
        best["true_id"].to_numpy(np.int64),
        best["predicted_id"].to_numpy(np.int64),
        others,
        best["actor"].to_numpy(np.int64),
        alpha=_ALPHA,
    )
    return {Path(path): (v.distinguishable, v.p_adjusted) for path, v in verdicts.items()}


def _optimism_gaps(runs: Sequence[Run]) -> dict[Path, float]:
    """Return, for speaker-independent runs, how much better the same model looks on random splits.

    The same model is one with the same parameters, preset and seed on the same clips; of several
    random protocols the mean is taken.
    """
    random: defaultdict[str, list[float]] = defaultdict(list)
    for run in runs:
        if not run.record["speaker_independent"]:
            random[_same_model(run)].append(run.uar)
    return {
        run.path: float(np.mean(random[_same_model(run)])) - run.uar
        for run in runs
        if run.record["speaker_independent"] and _same_model(run) in random
    }


def _same_model(run: Run) -> str:
    keys = ("model", "preset", "values", "seed", "corpus_digest", "feature_fingerprints")
    return repr([run.record[key] for key in keys])


def _published_for(protocol: str) -> list[PublishedResult]:
    return [row for row in published_results() if row.protocol == protocol]


def _published_alone(groups: Sequence[Group], protocol: str | None) -> list[Group]:
    """Return groups of published results of protocols that no run has."""
    shown = {group.protocol for group in groups if group.corpus == "ravdess"}
    wanted = [protocol] if protocol else [] if groups else sorted(PROTOCOLS.names())
    rest = []
    for name in wanted:
        rows = [_published_entry(row) for row in _published_for(name)]
        if rows and name not in shown:
            rows.sort(key=_place)
            rest.append(Group(name, "ravdess", "", tuple(rows), ()))
    return rest


def _published_entry(row: PublishedResult) -> Entry:
    return Entry(
        protocol=row.protocol,
        corpus="ravdess",
        run=None,
        model=row.system,
        preset=None,
        seed=None,
        uar=row.uar,
        uar_low=row.uar_low,
        uar_high=row.uar_high,
        accuracy=row.accuracy,
        macro_f1=None,
        parameters=None,
        folds=None,
        actors=None,
        clips=None,
        seconds=None,
        train_seconds=None,
        selected_on_test=row.selected_on_test,
        synthetic=False,
        transductive=row.transductive,
        published=True,
        notes=(row.note,) if row.note else (),
        source=row.source,
    )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value

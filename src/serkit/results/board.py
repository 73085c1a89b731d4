"""The leaderboard: ranks only comparable runs and claims only what is significant.

Every figure is counted again from the runs' predictions. Runs are ranked only within a group of
the same corpus digest, protocol and split digest. Runs that differ in the seed alone are one row,
and whether a model is worse than the best of its group is decided by a max-T sign-flip test over
speakers (:mod:`serkit.evaluation.metrics.versus_best`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from json import dumps
from math import isnan
from typing import TYPE_CHECKING, Any

from serkit.compute.blas import one_blas_thread
from serkit.errors import RunError
from serkit.evaluation.splits import PROTOCOLS
from serkit.results.agreement import agreeing
from serkit.results.answers import AnswerReader
from serkit.results.entries import Entry, Group
from serkit.results.listening import PROTOCOL as LISTENING
from serkit.results.listening import beside_people
from serkit.results.notes import notes_of
from serkit.results.optimism import optimism_gaps
from serkit.results.published import CORPUS, published_rows
from serkit.results.record import is_partial
from serkit.results.recount import Counted, recount
from serkit.results.rows import rows_of
from serkit.results.run import Run
from serkit.results.seeds import ModelRuns, by_model
from serkit.results.truth import StoredLabels, labels_of_several
from serkit.results.verdicts import stand
from serkit.shown import Shown

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType


@dataclass(frozen=True)
class Board(Shown):
    """The leaderboard.

    Attributes:
        groups: One for each corpus digest, protocol and split.
        problems: Runs that were not ranked, and why.
        protocol: The requested protocol; None for all.

    Example:
        >>> board = serkit.compare("runs", protocol="luna5")
        >>> board.to_pandas()["model"].tolist()
        ['logreg', 'majority']
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
        from serkit.results.board_table import render_board

        return render_board(self.groups, self.problems, self.protocol)


def make_board(
    runs: Sequence[Run],
    *,
    protocol: str | None = None,
    published: bool = False,
    all_seeds: bool = False,
    labels: StoredLabels | None = None,
    problems: Iterable[str] = (),
) -> Board:
    """Rank runs.

    Args:
        runs: Finished runs.
        protocol: Show this protocol alone.
        published: Add published results of the same protocols.
        all_seeds: Give a row to every run; else runs that differ in the seed alone are one row.
        labels: Labels from a feature store, to check the runs' labels against.
        problems: Problems to show below the tables.

    Raises:
        UnknownNameError: No such protocol.
    """
    unlisted = {None, LISTENING, *(run.record["protocol"] for run in runs)}
    if protocol not in unlisted:  # such as those over several stores
        protocol = PROTOCOLS.get(str(protocol)).name
    problems = list(problems)
    agreed = [
        kept
        for members in _alike(_counted(runs, problems)).values()
        if (kept := _agreed(members, labels, problems))
    ]
    grouped = [by_model(kept) for kept in agreed]
    gaps = optimism_gaps(model for models in grouped for model in models)
    groups = [
        _group(models, gaps, published=published, all_seeds=all_seeds)
        for models in grouped
        if protocol in (None, models[0].first.protocol)
    ]
    if published:
        groups += _published_alone(groups, protocol)
    groups += [
        _heard_group(name, members, all_seeds=all_seeds)
        for name, members in beside_people(agreed, problems)
        if protocol in (None, name)
    ]
    groups.sort(key=lambda g: (not g.corpus_digest, g.protocol, g.heard, g.corpus, g.corpus_digest))
    return Board(tuple(groups), tuple(problems), protocol)


def _counted(runs: Iterable[Run], problems: list[str]) -> list[Counted]:
    """Recount runs; of those that cannot be believed, add the reason to ``problems``."""
    counted = []
    reader = AnswerReader()
    with one_blas_thread():  # as in verdicts: the products are small
        for run in runs:
            try:
                counted.append(recount(run, reader))
            except RunError as error:
                problems.append(str(error))
    return counted


def _alike(evidence: Iterable[Counted]) -> dict[tuple[Any, ...], list[Counted]]:
    groups: defaultdict[tuple[Any, ...], list[Counted]] = defaultdict(list)
    for each in evidence:
        record = each.run.record
        split = record["protocol"], record["corpus_digest"], record["split_digest"]
        joined = dumps(record.get("label_map", {}), sort_keys=True)
        groups[*split, joined, each.labels].append(each)
    return groups


def _agreed(
    members: Sequence[Counted], labels: StoredLabels | None, problems: list[str]
) -> list[Counted]:
    first = members[0]
    truth = None
    record = first.run.record
    known = labels_of_several(record) if record.get("stores") else labels
    if known is not None:
        truth = known.of(record["corpus_digest"], first.facts.clip_ids.tolist())
    kept, others = agreeing(members, truth)
    problems += others
    return kept


def _group(
    models: Sequence[ModelRuns], gaps: Mapping[str, float], *, published: bool, all_seeds: bool
) -> Group:
    """Make a group of models on the same clips, best first."""
    record = models[0].first.record
    found = stand(models)
    entries = rows_of(models, found, gaps, all_seeds=all_seeds)
    if published and record["corpus"] == CORPUS and not is_partial(record):
        entries += published_rows(record["protocol"])
        entries.sort(key=_place)
    return Group(
        record["protocol"],
        record["corpus"],
        record["corpus_digest"],
        tuple(entries),
        notes_of(models, found),
        None if isnan(found.detectable) else found.detectable,
    )


def _heard_group(protocol: str, members: Sequence[Counted], *, all_seeds: bool) -> Group:
    """Make a group of people and models, on the clips that people heard.

    Args:
        protocol: The models' protocol.
        members: Runs on these clips, those of people first.
        all_seeds: Give a row to every run.
    """
    models = by_model(members)
    found = stand(models)
    rows = rows_of(models, found, {}, all_seeds=all_seeds)
    record, clips = members[-1].run.record, len(members[0].facts.clip_ids)
    note = f"every row is counted on the {clips:,} clips that {members[0].run.name} heard"
    return Group(
        protocol,
        record["corpus"],
        record["corpus_digest"],
        tuple(replace(row, protocol=protocol, heard=True) for row in rows),
        (note, *notes_of(models, found)),
        None if isnan(found.detectable) else found.detectable,
        heard=True,
    )


def _place(entry: Entry) -> tuple[bool, float]:
    """Order by UAR; then those with an accuracy only, which is another scale, by that."""
    if entry.uar is not None:
        return False, -entry.uar
    return True, -(entry.accuracy or 0.0)


def _published_alone(groups: Sequence[Group], protocol: str | None) -> list[Group]:
    """Return groups of published results without runs."""
    shown = {g.protocol for g in groups if any(entry.published for entry in g.entries)}
    ours = sorted({group.protocol for group in groups if group.corpus == CORPUS})
    known = sorted([*PROTOCOLS.names(), LISTENING])
    wanted = [protocol] if protocol else ours if groups else known
    rest = []
    for name in wanted:
        if name not in shown and (rows := published_rows(name)):
            rest.append(Group(name, CORPUS, "", tuple(sorted(rows, key=_place)), ()))
    return rest


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value

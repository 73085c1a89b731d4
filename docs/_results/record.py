"""The record beside the page: what each published row rests on, without its models.

``record/runs`` holds a finished run's ``run.json``, predictions, history and stress table, so that
anyone can count again; ``record/earlier.json`` holds rows of ``compare --json`` whose runs were
lost before there was such a record; ``record/extraction.json`` what ``benchmarks/extraction.py``
measured.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from serkit.results.board import Board
from serkit.results.entries import Entry, Group
from serkit.results.finding import list_runs
from serkit.results.folder import HISTORY, PREDICTIONS, RECORD
from serkit.results.overrides import given_today, preset_today
from serkit.results.run import Run
from serkit.results.stress import write_stress
from serkit.results.verdicts import had_help

PATHS = ("store", "runs", "definitions")
"""Settings that tell of somebody's folders and of nothing else."""


def keep_runs(source: Path, record: Path) -> None:
    """Take finished runs into the record, each in the place of an earlier one of its kind."""
    runs, problems = list_runs(source)
    for problem in problems:
        print(f"left out: {problem}")
    folder = record / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    if source.resolve() == folder.resolve():
        raise ValueError(f"{source} is the record itself, and holds no new runs")
    for run in runs:
        for old in list_runs(folder)[0]:  # of two of one kind the last one stays
            if _kind_of(old) == _kind_of(run):
                shutil.rmtree(old.path)
        _keep(run, folder / run.name)
    entries = [entry for entry in read_earlier(record) if not _covers(runs, entry)]
    _write_json(record / "earlier.json", [vars(entry) for entry in entries])


def read_earlier(record: Path) -> list[Entry]:
    """Return the rows whose runs were lost."""
    path = record / "earlier.json"
    return [Entry(**row) for row in json.loads(path.read_text())] if path.is_file() else []


def with_earlier(board: Board, earlier: Iterable[Entry]) -> Board:
    """Return a board with rows added that cannot be compared clip by clip any more."""
    rows = list(earlier)
    known = {(group.protocol, group.corpus) for group in board.groups if group.corpus_digest}
    if lost := {(row.protocol, row.corpus) for row in rows} - known:
        raise LookupError(f"no run in the record is of {lost}: its earlier rows have no table")
    return Board(tuple(_group(group, rows) for group in board.groups), board.problems)


def _group(group: Group, earlier: Sequence[Entry]) -> Group:
    added = [
        _untested(row)
        for row in earlier
        if (row.protocol, row.corpus) == (group.protocol, group.corpus) and group.corpus_digest
    ]
    if not added:
        return group
    entries = sorted([*group.entries, *added], key=lambda e: (e.uar is None, -(e.uar or 0.0)))
    detectable = group.detectable if _measure(entries).best else None
    return replace(group, entries=tuple(_best_first(entries)), detectable=detectable)


def _best_first(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Mark the best row: one without predictions leaves the others of its group untested."""
    measure = _measure(entries)
    known = measure.best
    for entry in entries:
        if entry is measure:
            yield replace(entry, best=True)
        elif known:
            yield entry
        else:
            yield _untested(entry)


def _measure(entries: Sequence[Entry]) -> Entry:
    """Return the row that others are compared with, of rows that are best first."""
    ranked = [entry for entry in entries if not entry.published]
    return next((entry for entry in ranked if not had_help(vars(entry))), ranked[0])


def _untested(entry: Entry) -> Entry:
    return replace(
        entry,
        best=False,
        distinguishable_from_best=None,
        p_value=None,
        difference=None,
        difference_low=None,
        difference_high=None,
    )


def _keep(run: Run, folder: Path) -> None:
    folder.mkdir()
    record = dict(run.record)
    settings = record.get("settings", {}).items()
    record["settings"] = {key: value for key, value in settings if key not in PATHS}
    _write_json(folder / RECORD, record)
    predictions = _in_single_precision(run.predictions).reset_index()
    predictions.to_parquet(folder / PREDICTIONS, index=False, compression="zstd")
    if run.history is not None:
        history = run.history.astype(dict.fromkeys(_decimals(run.history), np.float32))
        history.to_parquet(folder / HISTORY, index=False, compression="zstd")
    if run.stress is not None:
        write_stress(folder, run.stress)


def _in_single_precision(predictions: pd.DataFrame) -> pd.DataFrame:
    """Round the probabilities, unless that makes two of them equal and changes a label."""
    columns = [name for name in predictions.columns if name.startswith("p_")]
    rounded = predictions.astype(dict.fromkeys(columns, np.float32))
    labels = (frame[columns].to_numpy().argmax(axis=1) for frame in (predictions, rounded))
    return rounded if np.array_equal(*labels) else predictions


def _decimals(frame: pd.DataFrame) -> list[str]:
    return list(frame.select_dtypes("float64").columns)


def _covers(runs: Iterable[Run], entry: Entry) -> bool:
    return any(_kind_of(run) == _kind(vars(entry)) for run in runs)


def _kind_of(run: Run) -> str:
    today = {"preset": preset_today(run.record), "given": given_today(run.record)}
    return _kind(run.record | today)


def _kind(values: Any) -> str:
    keys = ("protocol", "corpus", "model", "preset", "seed", "given")
    return json.dumps([values[key] for key in keys], sort_keys=True)


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")

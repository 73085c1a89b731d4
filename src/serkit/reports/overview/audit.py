"""Data audit: clips, speakers, recordings, versions and exclusions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from serkit.reports.html import Column, Section, details, table
from serkit.reports.markup import Child, join, tag
from serkit.results.analysis.evidence import Evidence, evidence
from serkit.results.board import Board
from serkit.results.run import Run


def section(board: Board, runs: Sequence[Run]) -> Section:
    """Return the audit of the runs' data."""
    by_data: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        key = (str(run.record["corpus"]), str(run.record["corpus_digest"]))
        by_data.setdefault(key, []).append(run)
    parts: list[Child] = []
    for (corpus, digest), members in by_data.items():
        widest = max(members, key=lambda run: int(run.record["clips"]))
        parts += [
            tag("h3", f"{corpus} {digest[:8]}: {len(members)} run{'s' * (len(members) > 1)}"),
            _recordings(widest.record.get("audio")),
            _clips(evidence(widest), widest.name),
        ]
    notes = sorted({note for run in runs for note in run.record["notes"]})
    parts += [tag("p", note, class_="note") for note in (*notes, *board.problems)]
    parts.append(details("Every run", _every_run(runs)))
    return Section("data", "Data audit", join(parts))


def _recordings(audio: Any) -> Child:
    """Describe the recordings, if the run recorded it."""
    if not audio:
        return None
    rates = " and ".join(f"{rate:,}" for rate in audio["sample_rates"])
    text = f"Clips of {audio['shortest']:.2f} to {audio['longest']:.2f} s, recorded at {rates} Hz."
    return tag("p", text)


def _clips(found: Evidence, run: str) -> Child:
    """Count test clips of each class by group."""
    groups = [column for column in found.groups if column != "speaker"]
    columns = [Column("emotion", text=True), Column("clips")]
    values = [(g, value) for g in groups for value in sorted(found.frame[g].astype(str).unique())]
    columns += [Column(value) for _, value in values]
    columns.append(Column("speakers"))
    rows = []
    for label in found.labels:
        own = found.frame[found.frame["true"] == label]
        counts = (f"{int((own[g].astype(str) == value).sum()):,}" for g, value in values)
        rows.append((label, f"{len(own):,}", *counts, f"{own['speaker'].nunique():,}"))
    return table(f"Test clips of {run}", columns, rows)


def _every_run(runs: Sequence[Run]) -> Child:
    columns = (
        Column("run", text=True),
        Column("seed"),
        Column("features", text=True),
        Column("split", text=True),
        Column("made", text=True),
        Column("serkit", text=True),
    )
    rows = (
        (
            run.name,
            run.record["seed"],
            ", ".join(run.record["feature_fingerprints"]) or "none",
            str(run.record["split_digest"])[:8],
            str(run.record["created"])[:10],
            str(run.record["versions"].get("serkit", "?")),
        )
        for run in sorted(runs, key=lambda run: run.name)
    )
    return table("Runs, and what each rests on", columns, rows)

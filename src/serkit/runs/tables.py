"""Leaderboards and runs as Rich tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Group as Stack
from rich.table import Table
from rich.text import Text

from serkit.clips import EMOTIONS
from serkit.tables import table

_LEAST_P = 0.001
"""Smaller p-values are not told apart."""

if TYPE_CHECKING:
    from rich.console import RenderableType

    from serkit.runs.leaderboard import Board, Entry, Group
    from serkit.runs.run import Run


def render_board(board: Board) -> RenderableType:
    """Render a leaderboard: a table a group, what it means below."""
    parts: list[RenderableType] = []
    for group in board.groups:
        parts += [_group_table(group), *(_note(note) for note in group.notes), Text()]
    if not board.groups:
        parts.append(Text("no runs yet: make one with 'serkit train MODEL'"))
    else:
        parts.append(_legend(board))
    parts += [_note(problem) for problem in board.problems]
    return Stack(*parts)


def render_run(run: Run) -> RenderableType:
    """Render a run: its scores, its confusion matrix, its folds and what it rests on."""
    record = run.record
    head = Text.assemble(
        (run.name, "bold"),
        f"\n{record['model']} ({record['preset']}) on {record['corpus']}, {record['protocol']}, "
        f"{record['folds']} folds, {record['actors']} actors, {record['clips']:,} clips, "
        f"seed {record['seed']}",
    )
    stamped = stamps(record)
    parts: list[RenderableType] = [head]
    if stamped:
        parts.append(Text(f"stamped: {stamped}", style="yellow"))
    parts += [_score_table(record), _confusion_table(record), _fold_table(record)]
    parts += [_note(note) for note in record["notes"]]
    parts.append(_basis(record))
    return Stack(*parts)


def percent(value: float | None) -> str:
    """Render a rate as percent; a dash where there is none."""
    return "-" if value is None else f"{100 * value:.1f}"


def _group_table(group: Group) -> Table:
    digest = f" {group.corpus_digest[:8]}" if group.corpus_digest else ""
    made = table(
        f"{group.protocol} on {group.corpus}{digest}",
        {
            "": "right",
            "model": "left",
            "UAR %": "right",
            "95 % CI": "right",
            "acc %": "right",
            "F1 %": "right",
            "vs best": "left",
            "gap": "right",
            "train s": "right",
            "params": "right",
            "stamps": "left",
            "run": "left",
        },
    )
    rank = 0
    for entry in group.entries:
        rank += not entry.published
        made.add_row(
            "" if entry.published else str(rank),
            name_of(entry),
            percent(entry.uar),
            interval(entry.uar_low, entry.uar_high),
            percent(entry.accuracy),
            percent(entry.macro_f1),
            versus(entry),
            "" if entry.optimism_gap is None else f"{100 * entry.optimism_gap:+.1f}",
            "" if entry.train_seconds is None else f"{entry.train_seconds:,.1f}",
            "" if entry.parameters is None else f"{entry.parameters:,}",
            stamps(vars(entry)),
            entry.run or entry.source,
            style="dim" if entry.published else "",
        )
    return made


def name_of(entry: Entry) -> str:
    """Return the model's name, with preset, values and seed where they are not the usual ones."""
    name = entry.model
    if entry.preset not in (None, "best"):
        name += f" ({entry.preset})"
    given = " ".join(f"{key}={value}" for key, value in entry.given.items())
    seed = f"seed {entry.seed}" if entry.seed else ""
    return " ".join(filter(None, (name, given, seed)))


def versus(entry: Entry) -> str:
    """Say how a row stands to the best of its group."""
    if entry.published:
        return ""
    if entry.best:
        return "best"
    if entry.distinguishable_from_best is None:
        return "untested"
    p = "" if entry.p_value is None else f"p={entry.p_value:.3f}"
    if entry.p_value is not None and entry.p_value < _LEAST_P:
        p = f"p<{_LEAST_P}"
    return f"worse {p}" if entry.distinguishable_from_best else f"too close to call {p}"


def stamps(values: Mapping[str, Any]) -> str:
    """Name what a reader must know before believing a result."""
    texts = {
        "published": "published",
        "synthetic": "synthetic",
        "selected_on_test": "selected-on-test",
        "transductive": "transductive",
    }
    return ", ".join(stamp for key, stamp in texts.items() if values.get(key))


def interval(low: float | None, high: float | None) -> str:
    """Render an interval of rates as percent; empty where there is none."""
    return "" if low is None or high is None else f"{100 * low:.1f}-{100 * high:.1f}"


def _legend(board: Board) -> Text:
    text = "CI: bootstrap over test actors. vs best: paired bootstrap over actors, Holm-corrected."
    if any(entry.optimism_gap is not None for entry in board.entries):
        text += " gap: UAR points the same model gains on random splits."
    return Text(text, style="dim")


def _note(text: str) -> Text:
    return Text(f"  note: {text}", style="yellow")


def _score_table(record: Mapping[str, Any]) -> Table:
    made = table("scores", {"score": "left", "value": "right", "95 % CI": "right"})
    for name, key in (("UAR %", "uar"), ("accuracy %", "accuracy"), ("macro F1 %", "macro_f1")):
        limits = interval(record.get(f"{key}_low"), record.get(f"{key}_high"))
        made.add_row(name, percent(record[key]), limits)
    for name, key in (("log loss", "log_loss"), ("Brier", "brier"), ("ECE", "ece")):
        made.add_row(name, f"{record[key]:.3f}", "")
    for by in ("by_sex", "by_intensity"):
        for group, values in record[by].items():
            made.add_row(f"UAR % {group}", percent(values["uar"]), "")
    return made


def _confusion_table(record: Mapping[str, Any]) -> Table:
    made = table(
        "confusion (rows: true)",
        {"": "left", **{name[:7]: "right" for name in EMOTIONS}, "recall %": "right"},
    )
    for name, row in zip(EMOTIONS, record["confusion"], strict=True):
        cells = [Text(str(n), "bold" if name == EMOTIONS[i] else "") for i, n in enumerate(row)]
        made.add_row(name, *cells, percent(record["recall"][name]))
    return made


def _fold_table(record: Mapping[str, Any]) -> Table:
    made = table(
        "folds",
        {
            "fold": "left",
            "UAR %": "right",
            "train": "right",
            "validation": "right",
            "test": "right",
            "seconds": "right",
            "chosen": "left",
        },
    )
    for fold in record["fold_scores"]:
        chosen = ", ".join(f"{key} {value:g}" for key, value in fold["chosen"].items())
        made.add_row(
            fold["fold"],
            percent(fold["uar"]),
            str(fold["train_clips"]),
            str(fold["validation_clips"]),
            str(fold["clips"]),
            f"{fold['train_seconds']:.1f}",
            chosen,
        )
    return made


def _basis(record: Mapping[str, Any]) -> Text:
    values = ", ".join(f"{key}={value}" for key, value in record["values"].items() if value != "")
    features = ", ".join(
        f"{name} {print_[:8]}" for name, print_ in record["feature_fingerprints"].items()
    )
    memory = record["peak_memory_bytes"]
    lines = [
        f"values: {values or 'none'}",
        f"features: {features or 'none'}; corpus {record['corpus_digest'][:8]}; "
        f"split {record['split_digest'][:8]}",
        f"{record['seconds']:.1f} s"
        + (f", peak memory {memory / 2**20:,.0f} MiB" if memory else "")
        + f", {record['created']}, serkit {record['versions'].get('serkit', '?')}",
    ]
    return Text("\n".join(lines), style="dim")

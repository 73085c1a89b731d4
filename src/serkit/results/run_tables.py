"""A run as Rich tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Group as Stack
from rich.table import Table
from rich.text import Text

from serkit.labels import UNKNOWN
from serkit.results.wording import interval, percent, stamps
from serkit.tables import table

if TYPE_CHECKING:
    from rich.console import RenderableType


def render_run(name: str, record: Mapping[str, Any]) -> RenderableType:
    """Render a run: its scores, its confusion matrix, its folds and what it rests on.

    Args:
        name: The run's name.
        record: Its ``run.json``.
    """
    preset = f" ({record['preset']})" if record["preset"] else ""
    head = Text.assemble(
        (name, "bold"),
        f"\n{record['model']}{preset} on {record['corpus']}, {record['protocol']}, "
        f"{record['folds']} folds, {record['actors']} speakers, {record['clips']:,} clips, "
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


def _note(text: str) -> Text:
    return Text(f"  note: {text}", style="yellow")


def _score_table(record: Mapping[str, Any]) -> Table:
    made = table("scores", {"score": "left", "value": "right", "95 % CI": "right"})
    for name, key in (("UAR %", "uar"), ("accuracy %", "accuracy"), ("macro F1 %", "macro_f1")):
        limits = interval(record.get(f"{key}_low"), record.get(f"{key}_high"))
        made.add_row(name, percent(record[key]), limits)
    for name, key in (("log loss", "log_loss"), ("Brier", "brier"), ("ECE", "ece")):
        made.add_row(name, f"{record[key]:.3f}", "")
    for kind in ("sex", "intensity"):
        groups = record[f"by_{kind}"]
        for group, values in groups.items():
            if groups.keys() != {UNKNOWN}:  # all clips: no group
                name = f"{kind} {group}" if group == UNKNOWN else group
                made.add_row(f"UAR % {name}", percent(values["uar"]), "")
    return made


def _confusion_table(record: Mapping[str, Any]) -> Table:
    labels = list(record["recall"])
    made = table(
        "confusion (rows: true)",
        {"": "left", **{name[:4]: "right" for name in labels}, "recall %": "right"},
    )
    for name, row in zip(labels, record["confusion"], strict=True):
        cells = [Text(str(n), "bold" if name == labels[i] else "") for i, n in enumerate(row)]
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
            _fitted(fold, len(_voices(record))),
            str(fold["validation_clips"]),
            str(fold["clips"]),
            seconds(fold["train_seconds"]),
            chosen,
        )
    return made


def _fitted(fold: Mapping[str, Any], voices: int) -> str:
    """Render how many clips a fold was fitted on, and how many copies were read with them."""
    clips, copied = fold["train_clips"], fold.get("copied_clips")
    known = "-" if clips is None else str(clips)
    return f"{known} + {copied * voices}" if copied else known


def _voices(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the voices that training clips were copied in; records of 0.1 know of none.

    A record lists all features in one voice, then all in the next. Not every model that reads
    copies has them as a parameter of its own: those of a search are the searched model's.
    """
    features, copies = record["features"], record.get("copies", ())
    if not copies:
        return ()
    first = f"{features[0]['name']}-"
    return tuple(each["name"].removeprefix(first) for each in copies[:: len(features)])


def _copies(record: Mapping[str, Any]) -> list[str]:
    """Say whose copies were read, where every fold recorded it."""
    counts = [fold.get("copied_clips") for fold in record["fold_scores"]]
    voices = _voices(record)
    if not voices or None in counts:
        return []
    return [f"copies of training clips: {', '.join(voices)}; of test clips none was read"]


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
        *_copies(record),
        f"{seconds(record['seconds'])} s"
        + (f", peak memory {memory / 2**20:,.0f} MiB" if memory else "")
        + f", {record['created']}, serkit {record['versions'].get('serkit', '?')}",
    ]
    return Text("\n".join(lines + _budget(record.get("selection"))), style="dim")


def seconds(value: float | None) -> str:
    """Render a time in seconds; a dash if it is unknown."""
    return "-" if value is None else f"{value:.1f}"


def _budget(selection: Mapping[str, Any] | None) -> list[str]:
    """Describe how much selection preceded a run; records of 0.1 do not say."""
    if not selection:
        return []
    looks, settings = selection["test_looks"], selection["configurations"]
    chosen = selection["preset_selected_on"]
    return [
        (f"preset chosen on {chosen}; " if chosen else "")
        + f"test clips seen by {looks} run{'s' * (looks > 1)} of this model, "
        + f"{settings} setting{'s' * (settings > 1)}, in this folder"
    ]

"""Write docs/results.md and docs/leaderboard.svg from the record beside them.

    python docs/make_results.py                 # make the page anew
    python docs/make_results.py --runs RUNS     # take finished runs into the record first
    python docs/make_results.py --speed FIGURES # and what benchmarks/extraction.py measured
    python docs/make_results.py --check         # only say whether the page is current

Nothing in those two files is written by hand.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

from _results.record import keep_runs, read_earlier, with_earlier
from _results.stress import stress_section
from rich.console import Console

import serkit
from serkit.reports.markdown import board_to_markdown, to_markdown
from serkit.results.board import Board
from serkit.results.entries import Entry
from serkit.results.finding import list_runs
from serkit.results.stress import StressTable
from serkit.results.wording import interval, name_of

HERE = Path(__file__).parent
RECORD = HERE / "record"
PAGE = HERE / "results.md"
SPEED = RECORD / "extraction.json"
PICTURE_PROTOCOL = "luna5"
CLASSES = 8


def main() -> None:
    """Write both files, or say whether the page is current."""
    options = _options()
    if options.runs:
        keep_runs(options.runs, RECORD)
    if options.speed:
        shutil.copyfile(options.speed, SPEED)
    earlier = read_earlier(RECORD)
    board = with_earlier(serkit.compare(RECORD / "runs", published=True), earlier)
    every = with_earlier(serkit.compare(RECORD / "runs", all_seeds=True), earlier)
    page = "\n".join(_page(board, every)) + "\n"
    if options.check:
        if PAGE.read_text(encoding="utf-8") != page:
            sys.exit("stale: results.md; run 'python docs/make_results.py'")
        return
    PAGE.write_text(page, encoding="utf-8")
    groups = tuple(group for group in board.groups if group.protocol == PICTURE_PROTOCOL)
    console = Console(record=True, width=205, file=io.StringIO())
    console.print(Board(groups))
    title = f"serkit compare --protocol {PICTURE_PROTOCOL} --published"
    (HERE / "leaderboard.svg").write_text(console.export_svg(title=title), encoding="utf-8")


def _page(board: Board, every: Board) -> Iterator[str]:
    """Yield the page.

    Args:
        board: A row for each model.
        every: A row for each run.
    """
    ours = [entry for entry in board.entries if not entry.published]
    yield "# Results\n"
    yield "Written by `docs/make_results.py` from `docs/record`; do not edit.\n"
    yield (
        "Unweighted average recall (UAR) and accuracy in percent over the pooled test clips of all "
        "folds; intervals are 95 % t intervals over test speakers. Measured on 20 of 24 actors "
        "(without 4, 13, 19 and 22), so published figures on all 24 are not strictly "
        "comparable.\n"
    )
    yield (
        "Experiments with nets from scratch: [record](experiments/nets.md). The predictions "
        "behind each row are in `docs/record/runs`, to recompute it. *untested* rows are older "
        "than that record, in a table whose best row is, or stamped: they had test clips to go "
        "by.\n"
    )
    if any(map(_checkpoint, ours)):
        yield (
            "**Encoders here have random weights:** no model hub could be reached. `probe` and "
            "`wav2vec2` ran on the real clips with a small untrained encoder; their scores say "
            "nothing about pretrained ones.\n"
        )
    yield (
        f"Machine: {_machine()}. Everything is chosen on inner folds by actor, except the epochs "
        "of rows stamped *selected-on-test*: they reproduce the study, which selected on its "
        "test clips.\n"
    )
    if any(entry.preset == "compare2016" for entry in ours):
        yield (
            "`logreg (compare2016)` is the usual baseline of papers, run here on the same folds: "
            "what is said of it is a paired test, and not two numbers from different papers. "
            "`permutation` is `logreg` on labels that are permuted within each speaker: what "
            "chance looks like for that pipeline.\n"
        )
    yield "## Leaderboards\n"
    yield board_to_markdown(board) + "\n"
    yield from _seeds(every.entries)
    yield from _gaps(ours)
    yield from _shortcuts(ours)
    yield from stress_section(_stressed(ours))
    yield "## Commands\n"
    yield "```"
    yield "serkit extract ../shared/ravdess"
    for checkpoint in sorted(set(map(_checkpoint, ours)) - {""}):
        yield f"python benchmarks/random_checkpoint.py {checkpoint}"
        yield f"serkit extract ../shared/ravdess --features raw,embeddings:{checkpoint}"
    yield from sorted(set(map(_command, every.entries)))
    yield "serkit compare --published"
    yield "```\n"
    if SPEED.is_file():
        yield from _speed(json.loads(SPEED.read_text(encoding="utf-8")))


def _stressed(rows: Sequence[Entry]) -> dict[str, StressTable]:
    """Return the stress tables of the runs that are shown, in the order of their rows."""
    runs, _ = list_runs(RECORD / "runs")
    tables = {run.name: run.stress for run in runs if run.stress is not None}
    return {name_of(row): tables[row.run] for row in rows if row.run in tables}


def _seeds(rows: Sequence[Entry]) -> Iterator[str]:
    """Yield mean and spread over seeds, where a model was trained with several."""
    groups: defaultdict[tuple[str, ...], list[Entry]] = defaultdict(list)
    for row in rows:
        given = json.dumps(row.given, sort_keys=True)
        groups[row.protocol, row.model, str(row.preset), given].append(row)
    cells = []
    for (protocol, *_), members in sorted(groups.items()):
        seeds = sorted(row.seed or 0 for row in members)
        if len(set(seeds)) > 1:
            spreads = [
                _spread([getattr(row, key) for row in members]) for key in ("uar", "accuracy")
            ]
            name = name_of(replace(members[0], seed=None))
            cells.append((protocol, name, ", ".join(map(str, seeds)), *spreads))
    if cells:
        yield "## Several seeds\n"
        yield "Mean and standard deviation over the seeds, in percent.\n"
        yield to_markdown(("protocol", "model", "seeds", "UAR", "accuracy"), cells) + "\n"


def _spread(scores: Sequence[float]) -> str:
    return f"{100 * mean(scores):.1f} +- {100 * stdev(scores):.1f}"


def _gaps(rows: Sequence[Entry]) -> Iterator[str]:
    cells = [
        (e.protocol, name_of(replace(e, seed=None)), f"{100 * e.optimism_gap:+.1f}")
        for e in rows
        if e.optimism_gap is not None
    ]
    if cells:
        yield "## Optimism gap\n"
        yield "How many UAR points the same model gains when the same actors are on both sides.\n"
        yield to_markdown(("protocol", "model", "points"), cells) + "\n"


def _shortcuts(rows: Sequence[Entry]) -> Iterator[str]:
    """Yield what hearing one side of the recording reaches, beside the best model."""
    cells = []
    for row in rows:
        if row.model != "shortcut" or row.uar is None:
            continue
        best = next(e.uar or 0.0 for e in rows if e.protocol == row.protocol and e.best)
        chance = 1 / CLASSES
        cells.append(
            (
                row.protocol,
                str(row.given.get("what", "duration")),
                f"{100 * row.uar:.1f}",
                interval(row.uar_low, row.uar_high),
                f"{100 * (row.uar - chance) / (best - chance):.0f} %",
            )
        )
    if cells:
        yield "## Shortcuts\n"
        yield (
            "UAR of models that use one property of the recording and nothing else "
            "([what they mean](howto/shortcuts.md)); chance is "
            f"{100 / CLASSES:.1f} %. The last column is their share of the best model's gain over "
            "chance in the same protocol.\n"
        )
        yield to_markdown(("protocol", "property", "UAR %", "95 % CI", "of the best"), cells) + "\n"


def _speed(found: dict[str, object]) -> Iterator[str]:
    seconds: dict[str, float] = found["seconds"]  # type: ignore[assignment]
    clips = int(found["clips"])  # type: ignore[call-overload]
    machine: dict[str, object] = found["hardware"]  # type: ignore[assignment]
    kernel = "with" if found["kernel"] else "without"
    yield "## Speed\n"
    yield (
        f"`python benchmarks/extraction.py ../shared/ravdess`: {clips:,} clips, "
        f"{machine['cores']} cores ({machine['processor']}), {kernel} the "
        "[compiled kernel](adr/0015-compiled-kernel.md). The librosa loop, the floor (read the "
        "files, "
        "one FFT per live frame, write the bytes) and serkit are whole processes, start-up "
        "included; "
        "the floor's work alone is listed too.\n"
    )
    rows = [(name, f"{s:.2f}", f"{1000 * s / clips:.2f}") for name, s in seconds.items()]
    yield to_markdown(("what", "seconds", "ms per clip"), rows) + "\n"
    ratios = (
        ("librosa loop / serkit", "librosa, one process", True, "12 or more"),
        ("serkit / floor on the same cores", "floor", False, "1.6 or less"),
        ("serkit / floor without its start-up", "floor, work alone", False, ""),
        ("serkit / floor that waits for the disk", "floor, flushed", False, ""),
    )
    rows = []
    for kind in ("WAV", "FLAC"):  # the targets are for WAV, as RAVDESS comes
        ours = seconds[f"serkit {kind}"]
        for name, other, faster, target in ratios:
            ratio = seconds[other] / ours if faster else ours / seconds[other]
            rows.append((f"{name}, {kind}", f"{ratio:.2f}", target if kind == "WAV" else ""))
    load = seconds["numpy.load of mel256"] / seconds["store.load of mel256"]
    rows.append(("speed of store.load / numpy.load", f"{load:.2f}", "0.5 or more"))
    rows.append(("repeated, seconds", f"{seconds['repeat WAV']:.2f}", "under 1"))
    yield to_markdown(("ratio", "measured", "target"), rows) + "\n"
    yield (
        "How the speed of training compares with a plain Keras script: "
        "[record](experiments/training-speed.md), `benchmarks/training.py`."
    )


def _command(row: Entry) -> str:
    preset = "" if row.preset == "best" else f" --preset {row.preset}"
    seed = f" --seed {row.seed}" if row.seed else ""
    given = "".join(f" {_option(*item)}" for item in sorted(row.given.items()))
    return f"serkit train {row.model} --protocol {row.protocol}{preset}{seed}{given}"


def _option(key: str, value: object) -> str:
    if key in ("checkpoint", "epochs", "batch_size", "learning_rate"):
        return f"--{key.replace('_', '-')} {value}"
    return f"--set {key}={value}"


def _checkpoint(row: Entry) -> str:
    return str(row.given.get("checkpoint", ""))


def _machine() -> str:
    runs, _ = list_runs(RECORD / "runs")
    facts = [run.record["hardware"] for run in runs]
    machines = sorted({f"{each['cores']} cores, {each['processor']}" for each in facts})
    return f"{' or '.join(machines)}, no GPU"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--speed", type=Path)
    parser.add_argument("--check", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()

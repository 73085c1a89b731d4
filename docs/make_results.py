"""Write docs/results.md and docs/leaderboard.svg from runs and from a benchmark's figures.

    python docs/make_results.py --runs RUNS --speed extraction.json

Nothing in those two files is written by hand.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean, stdev

from rich.console import Console

import serkit
from serkit.runs.leaderboard import Board
from serkit.runs.markdown import board_to_markdown, to_markdown
from serkit.runs.run import Run, list_runs

HERE = Path(__file__).parent
PICTURE_PROTOCOL = "luna5"


def main() -> None:
    """Write both files."""
    options = _options()
    runs, _ = list_runs(options.runs)
    board = serkit.compare(options.runs, published=True)
    (HERE / "results.md").write_text("\n".join(_page(runs, board, options.speed)) + "\n")
    console = Console(record=True, width=205, file=(HERE / "leaderboard.svg").open("w"))
    picture = serkit.compare(options.runs, protocol=PICTURE_PROTOCOL, published=True)
    console.print(picture)
    svg = console.export_svg(title=f"serkit compare --protocol {PICTURE_PROTOCOL} --published")
    (HERE / "leaderboard.svg").write_text(svg)


def _page(runs: Sequence[Run], board: Board, speed: Path | None) -> Iterator[str]:
    first = runs[0].record
    yield "# Results\n"
    yield "Written by `docs/make_results.py`; do not edit.\n"
    yield (
        "Unweighted average recall (UAR) and accuracy in percent over the pooled test clips of all "
        "folds; intervals are 95 %, by a bootstrap over test actors. On the 20 of 24 actors that "
        "lie beside the checkout (4, 13, 19 and 22 are missing), so published figures, which are "
        "of 24, are near but not equal in what they measure.\n"
    )
    yield (
        "Where the nets from scratch stand, and what was tried with them: "
        "[record](experiments/nets.md).\n"
    )
    if any(map(_checkpoint, runs)):
        yield (
            "**Encoders here have random weights:** no model hub could be reached. `probe` and "
            "`wav2vec2` went their whole way on the real clips with a small encoder that has "
            "learned nothing before; what they reach says nothing about pretrained ones.\n"
        )
    yield f"Machine: {_machine(first)}. Everything chosen is chosen on inner folds by actor.\n"
    yield "## Leaderboards\n"
    yield board_to_markdown(board) + "\n"
    yield from _seeds(runs)
    yield from _gaps(board)
    yield "## Commands\n"
    yield "```"
    yield "serkit extract ../shared/ravdess"
    for checkpoint in sorted({_checkpoint(run) for run in runs} - {""}):
        yield f"python benchmarks/random_checkpoint.py {checkpoint}"
        yield f"serkit extract ../shared/ravdess --features raw,embeddings:{checkpoint}"
    yield from sorted({_command(run) for run in runs})
    yield "serkit compare --published"
    yield "```\n"
    if speed:
        yield from _speed(json.loads(speed.read_text()))


def _seeds(runs: Sequence[Run]) -> Iterator[str]:
    """Yield mean and spread over seeds, where a model was trained with several."""
    groups: defaultdict[tuple[str, ...], list[Run]] = defaultdict(list)
    for run in runs:
        given = json.dumps(run.record["given"], sort_keys=True)
        groups[run.protocol, run.model, run.record["preset"], given].append(run)
    rows = []
    for (protocol, model, preset, _), members in sorted(groups.items()):
        seeds = sorted(run.record["seed"] for run in members)
        if len(set(seeds)) > 1:
            spreads = [
                _spread([getattr(run, key) for run in members]) for key in ("uar", "accuracy")
            ]
            rows.append((protocol, f"{model} ({preset})", ", ".join(map(str, seeds)), *spreads))
    if rows:
        yield "## Several seeds\n"
        yield "Mean and standard deviation over the seeds, in percent.\n"
        yield to_markdown(("protocol", "model", "seeds", "UAR", "accuracy"), rows) + "\n"


def _spread(scores: Sequence[float]) -> str:
    return f"{100 * mean(scores):.1f} +- {100 * stdev(scores):.1f}"


def _gaps(board: Board) -> Iterator[str]:
    rows = [
        (e.protocol, f"{e.model} ({e.preset})", f"{100 * e.optimism_gap:+.1f}")
        for e in board.entries
        if e.optimism_gap is not None
    ]
    if rows:
        yield "## Optimism gap\n"
        yield "How many UAR points the same model gains when the same actors are on both sides.\n"
        yield to_markdown(("protocol", "model", "points"), rows) + "\n"


def _speed(found: dict[str, object]) -> Iterator[str]:
    seconds: dict[str, float] = found["seconds"]  # type: ignore[assignment]
    clips = int(found["clips"])  # type: ignore[call-overload]
    yield "## Speed\n"
    yield (
        f"`python benchmarks/extraction.py ../shared/ravdess`: {clips:,} clips, two cores, an "
        "environment with serkit and librosa alone. The librosa loop, the floor (read the files, "
        "one FFT a live frame, write the bytes) and serkit are whole processes, start-up included; "
        "the floor's work alone stands beside it.\n"
    )
    rows = [(name, f"{s:.2f}", f"{1000 * s / clips:.2f}") for name, s in seconds.items()]
    yield to_markdown(("what", "seconds", "ms a clip"), rows) + "\n"
    ratios = (
        ("librosa loop / serkit", "librosa, one process", True, "8 or more"),
        ("serkit / floor on the same cores", "floor", False, "2.5 or less"),
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
    rows.append(("repeat, seconds", f"{seconds['repeat WAV']:.2f}", "under 1"))
    yield to_markdown(("ratio", "seen", "target"), rows) + "\n"
    yield (
        "How the speed of training compares with a plain Keras script: "
        "[record](experiments/training-speed.md), `benchmarks/training.py`."
    )


def _command(run: Run) -> str:
    record = run.record
    preset = "" if record["preset"] == "best" else f" --preset {record['preset']}"
    seed = "" if record["seed"] == 0 else f" --seed {record['seed']}"
    given = "".join(f" {_option(*item)}" for item in sorted(record["given"].items()))
    return f"serkit train {run.model} --protocol {run.protocol}{preset}{seed}{given}"


def _option(key: str, value: object) -> str:
    if key in ("checkpoint", "epochs", "batch_size", "learning_rate"):
        return f"--{key.replace('_', '-')} {value}"
    return f"--set {key}={value}"


def _checkpoint(run: Run) -> str:
    return str(run.record["given"].get("checkpoint", ""))


def _machine(record: dict[str, object]) -> str:
    hardware: dict[str, object] = record["hardware"]  # type: ignore[assignment]
    return f"{hardware['cores']} cores, {hardware['processor']}, no GPU"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--speed", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()

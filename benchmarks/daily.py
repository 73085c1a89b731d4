"""What is typed every day: nothing to do, one clip more, 1 % changed, --help, compare, opening."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from benchmarks.disk import FEATURES
from benchmarks.timing import Command, processes, python, serkit

RUNS = 200


def measure(wavs: Path, scratch: Path, record: Path, rounds: int) -> dict[str, Any]:
    """Time everyday commands as whole processes."""
    corpus = scratch / "corpus"
    shutil.rmtree(corpus, ignore_errors=True)
    shutil.copytree(wavs, corpus)
    paths = sorted(corpus.glob("*.wav"))
    extract = serkit(
        "extract", corpus, "--store", scratch / "daily", "--features", FEATURES, "--json"
    )
    loop = python("librosa_loop.py", corpus, scratch / "daily-librosa", "--skip")
    _fill(scratch)

    def changed(count: int) -> Any:
        """Give some clips other samples, other ones each time."""
        turn = iter(range(10_000))

        def change() -> None:
            step = next(turn)
            for path in paths[step * count % len(paths) :][:count]:
                data = bytearray(path.read_bytes())
                data[-2] ^= 1
                path.write_bytes(data)

        return change

    few = max(1, len(paths) // 100)
    return {
        "nothing to do": processes(
            [Command("serkit", extract), Command("librosa loop, files newer than WAV", loop)],
            rounds,
        ),
        "one clip changed": processes(
            [
                Command("serkit", extract, changed(1)),
                Command("librosa loop, files newer than WAV", loop, changed(1)),
            ],
            rounds,
        ),
        "1 % of the clips changed": processes(
            [
                Command("serkit", extract, changed(few)),
                Command("librosa loop, files newer than WAV", loop, changed(few)),
            ],
            rounds,
        ),
        "starting": processes(
            [
                Command("serkit --help", serkit("--help")),
                Command("python -c pass", [sys.executable, "-c", "pass"]),
                Command("python -c 'import pandas'", [sys.executable, "-c", "import pandas"]),
            ],
            rounds,
        ),
        "looking": processes(
            [
                Command(
                    f"serkit compare, {RUNS} runs",
                    serkit("compare", "--runs", _runs(record, scratch / "runs"), "--json"),
                ),
                Command("serkit store ls", serkit("store", "ls", "--store", scratch / "daily")),
                Command(
                    "opening a store in Python",
                    [
                        sys.executable,
                        "-c",
                        f"import serkit; serkit.FeatureStore({str(scratch / 'daily')!r})",
                    ],
                ),
            ],
            rounds,
        ),
    }


def _fill(scratch: Path) -> None:
    """Put what was computed a moment ago in place, so that both have nothing left to do."""
    for name in ("daily", "daily-librosa"):
        shutil.rmtree(scratch / name, ignore_errors=True)
    shutil.copytree(scratch / "librosa-1", scratch / "daily-librosa")
    for path in (scratch / "daily-librosa").iterdir():
        path.touch()
    shutil.copytree(scratch / "serkit-2", scratch / "daily")


def _runs(record: Path, target: Path) -> Path:
    """Make many runs out of the published ones: each under a name and a seed of its own."""
    shutil.rmtree(target, ignore_errors=True)
    sources = sorted(path.parent for path in record.glob("*/run.json"))
    for number in range(RUNS):
        source = sources[number % len(sources)]
        copy = target / f"{source.name}-{number}"
        shutil.copytree(source, copy)
        facts = json.loads((copy / "run.json").read_text(encoding="utf-8"))
        facts |= {"run": copy.name, "seed": number}
        (copy / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    return target

"""The page of ``docs/scaling.md`` and its plot, from the figures of ``benchmarks/scaling.py``.

python benchmarks/scaling_page.py        # from docs/scaling.json; the plot needs matplotlib

    python benchmarks/scaling.py --json A.json
    python benchmarks/scaling.py --alone --sizes 10000,30000,100000 --json B.json
    python benchmarks/scaling_page.py A.json B.json LOAD    # first makes docs/scaling.json of them

LOAD is the load average before the measurement. On an idle machine (below 1) the page shows seconds
on the clock, else CPU seconds.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

DOCS = Path(__file__).resolve().parent.parent / "docs"

MILLION = 1_000_000

BUSY = 1.0
"""Load average from which on seconds on the clock say little."""

CLIP_SECONDS, CLIP_BYTES = 0.008, 0.92e6
"""Computing and disk of one clip of RAVDESS with four features."""

PART_CLIPS, FEATURES = 48, 4
"""Clips in a part, and parts that one task writes."""

CORE_HOUR, GIGABYTE_MONTH, THOUSAND_PUTS, THOUSAND_GETS = 0.04, 0.023, 0.005, 0.0004
"""Assumed prices in dollars: of the order that large providers ask for."""

Sizes = Mapping[str, Mapping[str, Any]]


def main() -> None:
    """Write the page and the plot."""
    if len(sys.argv) > 1:
        extraction, alone = (json.loads(Path(path).read_text("utf-8")) for path in sys.argv[1:3])
        made = {
            "date": datetime.now(UTC).date().isoformat(),
            "load": float(sys.argv[3]),
            "extraction": extraction,
            "alone": alone,
        }
        (DOCS / "scaling.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    figures = json.loads((DOCS / "scaling.json").read_text(encoding="utf-8"))
    (DOCS / "scaling.md").write_text("\n".join(_lines(figures)) + "\n", encoding="utf-8")
    _plot(figures, DOCS / "scaling.svg")


def _lines(figures: Mapping[str, Sizes]) -> Iterator[str]:
    extraction, alone = figures["extraction"], figures["alone"]
    full = max(extraction, key=int)
    own = extraction[full]["extract"]["cpu"] / int(full)
    row = _slope(alone, lambda each: each["filter"]["own_bytes"])
    longest = _slope(alone, lambda each: max(_commits(each)))
    opening = max(_slope(alone, lambda each: each["open"]["cpu"]), 0.0)  # below it, it is noise
    choosing = _slope(alone, lambda each: each["filter"]["cpu"])
    parent = _slope(extraction, lambda each: each["extract"]["own_bytes"])
    disk = extraction[full]["bytes"] / int(full)
    yield from ("<!-- Written by 'python benchmarks/scaling_page.py'; do not edit. -->", "")
    yield from ("# How a store grows", "")
    idle = figures.get("load", BUSY) < BUSY
    taken = "seconds" if idle else "cpu"
    how = (
        f"on two idle cores (a load of {figures['load']:.1f} before); the figures are seconds on "
        "the clock of whole processes, those of commits CPU seconds"
        if idle
        else "on two cores shared with other jobs, where wall-clock times are meaningless; the "
        "figures are CPU seconds of the process and its workers"
    )
    yield (
        f"Measured with `benchmarks/scaling.py` on {figures['date']} {how}. Clips are 0.1 s of "
        "noise; the features are a mel spectrogram of 64 bands and the change deviation."
    )
    yield from ("", "![Computing time and memory against clips](scaling.svg)", "")
    yield from ("## The whole extraction", "")
    yield from (
        "Two workers; every clip is read, computed, flushed and committed.",
        "",
        "| clips | extract | ms per clip | repeated | memory of the parent | repeated "
        "| of a worker |",
        "|--:|--:|--:|--:|--:|--:|--:|",
    )
    for size, each in extraction.items():
        extract, repeat = each["extract"], each["repeat"]
        yield (
            f"| {int(size):,} | {extract[taken]:.1f} s | {1e3 * extract[taken] / int(size):.2f} "
            f"| {repeat[taken]:.2f} s | {extract['own_bytes'] / 2**20:.0f} MiB "
            f"| {repeat['own_bytes'] / 2**20:.0f} MiB "
            f"| {extract['worker_bytes'] / 2**20:.0f} MiB |"
        )
    yield from ("", "## The store alone", "")
    yield from (
        "One process writes random values, without audio, and commits after each 1,008 clips. A "
        "commit is the median of the last ten.",
        "",
        "| clips | commit | longest commit | open | 100 clips by a filter | `why` | `ls` "
        "| memory |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|",
    )
    for size, each in alone.items():
        cells = [f"{each[step][taken]:.2f} s" for step in ("open", "filter", "why", "ls")]
        memory = f"{each['filter']['own_bytes'] / 2**20:.0f} MiB"
        commits = f"{_late_commit(each):.2f} s", f"{max(_commits(each)):.2f} s"
        yield "| " + " | ".join([f"{int(size):,}", *commits, *cells, memory]) + " |"
    yield from (
        "",
        "Each figure includes the start-up of Python and the imports.",
        "",
    )
    yield from ("## What grows", "")
    yield (
        "- **Time is linear, and memory nearly flat.** The parent holds the list of files, "
        "compressed, and a hash of each key of the tables; all else passes by, some thousand clips "
        f"at a time ([ADR 29](adr/0029-memory-of-a-writer.md)): {parent / 1024:.1f} KiB per clip. "
        "A worker itself holds one part of 48 clips; the figure above counts also what it shares "
        "with the parent, which had read the list of files when it was forked."
    )
    yield (
        "- **A commit writes what is new.** Now and then one merges files of a table "
        "([ADR 25](adr/0025-append-only-tables.md)) and takes longer, up to "
        f"{MILLION * longest:.1f} s at a million clips and two features; that happens once while "
        "the table grows fourfold. Parts are never written again."
    )
    yield (
        "- **Opening reads the bytes of the tables** and decodes nothing: at a million clips it "
        f"takes {_longer(MILLION * opening)} at none. `why` and `ls` read what the last "
        "commit has counted; where clips are not current, `why` decodes the columns it needs, and "
        f"so does a filter: {MILLION * choosing:.0f} s at a million clips."
    )
    yield from ("", "## A million clips", "")
    yield (
        f"For clips as long as RAVDESS's: {1e3 * CLIP_SECONDS:.0f} ms of CPU time and "
        f"{CLIP_BYTES / 1e6:.1f} MB of disk per clip, for raw, change deviation and two mel "
        "spectrograms ([experiment](experiments/speed.md)), with no other bottleneck:"
    )
    puts = MILLION / PART_CLIPS * FEATURES
    yield from ("", "| workers | time | written | requests per second | memory of all workers |")
    yield "|--:|--:|--:|--:|--:|"
    # Where the parent holds little: what workers share with it counts once.
    worker = extraction[min(extraction, key=int)]["extract"]["worker_bytes"]
    for workers in (1, 16, 256):
        seconds = MILLION * CLIP_SECONDS / workers
        rate = MILLION * CLIP_BYTES / seconds / 1e9
        yield (
            f"| {workers} | {seconds / 60:,.1f} min | {rate:,.1f} GB/s | {puts / seconds:,.0f} "
            f"| {workers * worker / 2**30:,.1f} GiB |"
        )
    yield ""
    core_hours, terabytes = MILLION * CLIP_SECONDS / 3600, MILLION * CLIP_BYTES / 1e12
    yield (
        f"That is {core_hours:.1f} core hours, {terabytes:.1f} TB and {puts:,.0f} parts, for any "
        "number of workers. Under a URL, writing a part is one request, and so is reading a whole "
        "part or a single clip at random. At "
        f"assumed prices of {CORE_HOUR} $ per core hour, {GIGABYTE_MONTH} $ per GB and month, "
        f"{THOUSAND_PUTS} $ per thousand writes and {THOUSAND_GETS} $ per thousand reads, this is "
        f"{core_hours * CORE_HOUR:.2f} $ of computing, {puts / 1000 * THOUSAND_PUTS:.2f} $ of "
        f"writes, {puts / 1000 * THOUSAND_GETS:.2f} $ for an epoch read part by part and "
        f"{MILLION / 1000 * THOUSAND_GETS:.2f} $ for one read clip by clip, and "
        f"{1000 * terabytes * GIGABYTE_MONTH:.0f} $ a month of storage. Storage is the main cost; "
        "compute fewer features."
    )
    yield ""
    yield (
        "**The next bottleneck.** With one worker it is computing; with 16, the disk: "
        f"{MILLION * CLIP_BYTES / (MILLION * CLIP_SECONDS / 16) / 1e9:.1f} GB/s is more than most "
        "disks write. With 256 on [a cluster](howto/cluster.md), a shared folder is far too slow; "
        "an [object store](howto/object-stores.md) can absorb the bytes, and some 3,500 writes per "
        "second under each prefix (each feature has its own). Next is the one process that "
        "commits: it handles about a thousand parts per second, fewer than 256 workers write. "
        "Larger parts would move that limit."
    )
    yield ""
    yield (
        f"The store itself would open in about {0.5 + MILLION * opening:.1f} s; the process that "
        f"extracts would take {MILLION * parent / 2**30:.1f} GiB more than with a thousand clips, "
        f"and one that filters {MILLION * row / 2**30:.1f} GiB. So reading breaks first: a filter "
        "keeps the tables' bytes and decodes whole columns, which takes seconds at ten million "
        "clips. Several stores, read as one, are the way from there."
    )
    yield from (
        "",
        f"Each short clip takes {disk / 1024:.1f} KiB of disk and {1e3 * own:.1f} ms of CPU time.",
    )


def _commits(figures: Mapping[str, Any]) -> list[float]:
    """Return the seconds of computing of each commit of a store that was filled."""
    return [cpu for _, cpu, _ in figures["fill"]["commits"]]


def _late_commit(figures: Mapping[str, Any]) -> float:
    """Return the median of the last ten commits."""
    return float(np.median(_commits(figures)[-10:]))


def _slope(sizes: Sizes, value: Any) -> float:
    """Return how much a figure grows a clip, between the smallest and the largest store."""
    small, large = min(sizes, key=int), max(sizes, key=int)
    return float((value(sizes[large]) - value(sizes[small])) / (int(large) - int(small)))


def _plot(figures: Mapping[str, Sizes], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "serkit"
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    extraction, alone = figures["extraction"], figures["alone"]

    def draw(axes: Any, sizes: Sizes, value: Any, label: str, style: str) -> None:
        axes.plot(
            [int(size) for size in sizes], [value(e) for e in sizes.values()], style, label=label
        )

    draw(left, extraction, lambda e: e["extract"]["cpu"], "extract", "o-")
    draw(left, extraction, lambda e: e["repeat"]["cpu"], "nothing to do", "s-")
    draw(left, alone, lambda e: e["open"]["cpu"], "open", "^--")
    draw(left, alone, _late_commit, "one commit", "v--")
    left.set(xscale="log", yscale="log", xlabel="clips", ylabel="seconds of computing")
    mebi = 2.0**20
    draw(right, extraction, lambda e: e["extract"]["own_bytes"] / mebi, "extract, parent", "o-")
    draw(right, extraction, lambda e: e["extract"]["worker_bytes"] / mebi, "extract, worker", "s-")
    draw(right, alone, lambda e: e["filter"]["own_bytes"] / mebi, "filter", "^--")
    right.set(xscale="log", xlabel="clips", ylabel="memory, MiB", ylim=(0, None))
    for axes in (left, right):
        axes.legend(frameon=False, fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


def _longer(seconds: float) -> str:
    return f"{seconds:.1f} s longer than" if seconds >= 0.05 else "no longer than"


if __name__ == "__main__":
    main()

"""The page of ``docs/scaling.md`` and its plot, from the figures of ``benchmarks/scaling.py``.

python benchmarks/scaling_page.py        # from docs/scaling.json; the plot needs matplotlib
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent.parent / "docs"

MILLION = 1_000_000

CLIP_SECONDS, CLIP_BYTES = 0.008, 0.92e6
"""Computing and disk of one clip of RAVDESS with four features."""

PART_CLIPS, FEATURES = 48, 4
"""Clips in a part, and parts that one task writes."""

CORE_HOUR, GIGABYTE_MONTH, THOUSAND_PUTS, THOUSAND_GETS = 0.04, 0.023, 0.005, 0.0004
"""Assumed prices in dollars: of the order that large providers ask for."""

Sizes = Mapping[str, Mapping[str, Any]]


def main() -> None:
    """Write the page and the plot."""
    figures = json.loads((DOCS / "scaling.json").read_text(encoding="utf-8"))
    (DOCS / "scaling.md").write_text("\n".join(_lines(figures)) + "\n", encoding="utf-8")
    _plot(figures, DOCS / "scaling.svg")


def _lines(figures: Mapping[str, Sizes]) -> Iterator[str]:
    extraction, alone = figures["extraction"], figures["alone"]
    full = max(extraction, key=int)
    own = extraction[full]["extract"]["cpu"] / int(full)
    row = _slope(alone, lambda each: each["open"]["own_bytes"])
    commit = _slope(alone, lambda each: max(cpu for _, cpu, _ in each["fill"]["commits"]))
    opening = _slope(alone, lambda each: each["open"]["cpu"])
    disk = extraction[full]["bytes"] / int(full)
    yield from ("<!-- Written by 'python benchmarks/scaling_page.py'; do not edit. -->", "")
    yield from ("# How a store grows", "")
    yield (
        "Measured with `benchmarks/scaling.py` on two cores that a dozen other jobs shared, so the "
        "figures are seconds of computing, of the process and its workers; clock times meant "
        "nothing. Clips are 0.1 s of noise; the features are a mel spectrogram of 64 bands and the "
        "change deviation."
    )
    yield from ("", "![Computing time and memory against clips](scaling.svg)", "")
    yield from ("## The whole extraction", "")
    yield from (
        "Two workers, every clip read, computed, flushed and committed.",
        "",
        "| clips | extract | ms a clip | nothing to do | memory of the parent | of a worker |",
        "|--:|--:|--:|--:|--:|--:|",
    )
    for size, each in extraction.items():
        extract, repeat = each["extract"], each["repeat"]
        yield (
            f"| {int(size):,} | {extract['cpu']:.1f} s | {1e3 * extract['cpu'] / int(size):.2f} "
            f"| {repeat['cpu']:.2f} s | {extract['own_bytes'] / 2**20:.0f} MiB "
            f"| {extract['worker_bytes'] / 2**20:.0f} MiB |"
        )
    yield from ("", "## The store alone", "")
    yield from (
        "Filled with values of noise by one process, without audio, committed ten times.",
        "",
        "| clips | last commit | opening | 100 clips by a filter | `why` | `ls` | memory |",
        "|--:|--:|--:|--:|--:|--:|--:|",
    )
    for size, each in alone.items():
        commits = [cpu for _, cpu, _ in each["fill"]["commits"]]
        cells = [f"{each[step]['cpu']:.2f} s" for step in ("open", "filter", "why", "ls")]
        memory = f"{each['open']['own_bytes'] / 2**20:.0f} MiB"
        last = f"{max(commits):.2f} s"
        yield "| " + " | ".join([f"{int(size):,}", last, *cells, memory]) + " |"
    yield from ("", "Start-up of Python and the imports, some 0.5 s here, is part of each.", "")
    yield from ("## What grows", "")
    yield (
        "- **Time is linear, a worker's memory is flat.** A worker holds one part of 48 clips. The "
        f"parent holds a row a clip and table: {row / 1024:.1f} KiB a clip."
    )
    yield (
        "- **A commit writes its tables whole**, so it costs more the larger the store is: "
        f"{1e6 * commit:.0f} s a million clips and two features. Commits are spaced so that they "
        "take a twentieth of the time: the total stays linear, what a kill may cost grows. Only "
        "tables that changed are written, parts never again."
    )
    yield (
        "- **Opening reads the clips and the indexes whole**, some "
        f"{1e6 * opening:.0f} s a million clips; readers leave out the table of audio files."
    )
    yield from ("", "## A million clips", "")
    yield (
        f"For clips of RAVDESS's length: {1e3 * CLIP_SECONDS:.0f} ms of computing a clip and "
        f"{CLIP_BYTES / 1e6:.1f} MB of disk for raw, change deviation and two mel spectrograms "
        "([record](experiments/speed.md)), and nothing else in the way:"
    )
    puts = MILLION / PART_CLIPS * FEATURES
    yield from ("", "| workers | time | written | requests a second | memory of all workers |")
    yield "|--:|--:|--:|--:|--:|"
    worker = extraction[full]["extract"]["worker_bytes"]
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
        f"That is {core_hours:.1f} core hours, {terabytes:.1f} TB and {puts:,.0f} parts, whatever "
        "the number of workers. Under a URL each part is one request when it is written, and each "
        "clip is one when it is read at random, or each part one when it is read whole. At "
        f"assumed prices of {CORE_HOUR} $ a core hour, {GIGABYTE_MONTH} $ a GB and month, "
        f"{THOUSAND_PUTS} $ a thousand writes and {THOUSAND_GETS} $ a thousand reads: "
        f"{core_hours * CORE_HOUR:.2f} $ of computing, {puts / 1000 * THOUSAND_PUTS:.2f} $ of "
        f"writes, {puts / 1000 * THOUSAND_GETS:.2f} $ for an epoch read part by part and "
        f"{MILLION / 1000 * THOUSAND_GETS:.2f} $ for one read clip by clip, and "
        f"{1000 * terabytes * GIGABYTE_MONTH:.0f} $ a month for keeping it. Keeping is what costs; "
        "compute fewer features."
    )
    yield ""
    yield (
        "**Where the next limit lies.** With one worker, computing. With 16, a disk: "
        f"{MILLION * CLIP_BYTES / (MILLION * CLIP_SECONDS / 16) / 1e9:.1f} GB/s is more than most "
        "write. With 256 on [a cluster](howto/cluster.md), a shared folder is far too slow; an "
        "[object store](howto/object-stores.md) takes the bytes, and some 3,500 writes a second "
        "for each prefix, of which each feature is one. Then comes the one process that commits: "
        "it takes in about a thousand parts a second, fewer than 256 workers write, and writes its "
        "tables whole. Larger parts would move that limit, and partitioned tables the next."
    )
    yield ""
    yield (
        f"The store itself would open in about {MILLION * opening:.0f} s, take "
        f"{MILLION * row / 2**30:.1f} GiB in each process that opens it, and commit in "
        f"{MILLION * commit:.0f} s. That is where one store breaks first: not in the values, which "
        "are never read whole, but in tables that are. Partitioned tables (a file of rows for each "
        "commit, merged now and then, read where they are needed) would make commits and opening "
        "cost what is new or wanted. They change the store's format, so they are not done "
        "lightly; until then several stores of a hundred thousand clips each are the way."
    )
    yield from (
        "",
        f"Short clips take {disk / 1024:.1f} KiB of disk each and {1e3 * own:.1f} ms of computing.",
    )


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
    draw(left, alone, lambda e: max(c for _, c, _ in e["fill"]["commits"]), "one commit", "v--")
    left.set(xscale="log", yscale="log", xlabel="clips", ylabel="seconds of computing")
    mebi = 2.0**20
    draw(right, extraction, lambda e: e["extract"]["own_bytes"] / mebi, "extract, parent", "o-")
    draw(right, extraction, lambda e: e["extract"]["worker_bytes"] / mebi, "extract, worker", "s-")
    draw(right, alone, lambda e: e["open"]["own_bytes"] / mebi, "open", "^--")
    right.set(xscale="log", xlabel="clips", ylabel="memory, MiB", ylim=(0, None))
    for axes in (left, right):
        axes.legend(frameon=False, fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()

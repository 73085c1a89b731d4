"""The page of ``docs/benchmarks.md``, from the figures alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Times = Mapping[str, Mapping[str, float]]

NOTICE = "<!-- Written by 'python -m benchmarks SRC'; do not edit. -->"


def render(figures: Mapping[str, Any]) -> str:
    """Return the page."""
    return "\n".join(_lines(figures)).rstrip() + "\n"


def _lines(figures: Mapping[str, Any]) -> Iterator[str]:
    machine = figures["machine"]
    hardware = machine["hardware"]
    yield from (NOTICE, "", "# Benchmarks", "")
    yield (
        f"`nox -s bench -- SRC` on {machine['date']}: {machine['clips']:,} WAV clips of RAVDESS, "
        f"{hardware['cores']} cores ({hardware['processor'] or hardware['machine']}). "
        "Everything ran in one session, alternating between contenders, after a warm-up run of "
        f"each; the figures are medians of {machine['rounds']} rounds. Processes are timed from "
        "start to exit. **Only the ratios are meaningful**: "
        f"the load average was {machine['load']:.1f} at the start."
    )
    yield ""
    kernel = "with" if machine["kernel"] else "without"
    packages = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    yield f"serkit ran {kernel} its [compiled kernel](adr/0015-compiled-kernel.md). {packages}."
    yield ""
    yield from _disk(figures["disk"])
    if "reading" in figures:
        yield from _reading(figures["reading"])
    if "daily" in figures:
        yield from _daily(figures["daily"])
    if "epochs" in figures:
        yield from _epochs(figures["epochs"])
    if "answering" in figures:
        yield from _answering(figures["answering"])
    yield from _left_out()


def _disk(disk: Mapping[str, Any]) -> Iterator[str]:
    worst = max(disk["agreement"].values())
    yield from ("## Features to disk", "")
    yield (
        "`mel128` and `mel256` of every clip, padded at the front to 253,125 samples as in the "
        "study, read from WAV and written to disk. librosa, torch and serkit agree within "
        f"{worst:.0e} of a clip's maximum; lhotse computes logarithms of mel sums of "
        "magnitudes. serkit also hashes the samples, checks every value, stores checksums and "
        "flushes its files. The floor reads the files, computes one FFT per frame and writes the "
        "same number of bytes: the least that any extractor must do."
    )
    yield from ("", *_table(disk["times"], "serkit, 2 workers"), "")


def _reading(reading: Mapping[str, Any]) -> Iterator[str]:
    first = "serkit, checksums compared"
    sizes = reading["bytes"]
    yield from ("## Reading", "")
    yield (
        f"`mel128` of {reading['clips']:,} clips as one padded float32 array, in one process, "
        "files in the page cache. serkit stores clips unpadded, pads them while reading, verifies "
        "each checksum, and checks whether the store has changed. memmap and HDF5 keep one padded "
        "array and do none of that, which is why they are ahead for single clips."
    )
    if in_a_row := reading.get("in_a_row"):
        yield ""
        yield (
            f"Readers take turns; in its turn each reads {in_a_row['batch']} batches or "
            f"{in_a_row['one']} single clips in a row, as a program does that uses one reader, "
            "after a call that does not count. If the turn changed with each call, the figures "
            "would include the time to bring a reader's own code and tables back into the "
            "processor's caches, which doubles the time of a single clip, for every reader."
        )
    yield from ("", "| on disk | MB | against serkit |", "|---|--:|--:|")
    for name, size in sorted(sizes.items(), key=lambda item: item[1]):
        yield f"| {_bold(name)} | {size / 1e6:,.1f} | {size / sizes['serkit']:.2f} |"
    titles = {
        "whole": "All clips",
        "batch": "32 clips at random",
        "one": "One clip at random",
        "loader": "A batch of 32 by torch's `DataLoader`, shuffled, in one process",
    }
    for key, title in titles.items():
        if reading[key]:
            base = "serkit as_torch" if key == "loader" else first
            yield from ("", f"### {title}", "", *_table(reading[key], base, milliseconds=True))
    yield ""


def _daily(daily: Mapping[str, Times]) -> Iterator[str]:
    yield from ("## Every day", "")
    yield (
        "Whole processes. The librosa loop skips clips whose output is newer than the WAV file, as "
        "Make would; it would miss a changed recipe, and changed samples with an old date."
    )
    for title, times in daily.items():
        yield from ("", f"### {title[0].upper()}{title[1:]}", "")
        yield from _table(times, next(iter(times)))
    yield ""


def _epochs(epochs: Mapping[str, Times]) -> Iterator[str]:
    yield from ("## Training", "")
    yield (
        "The second epoch of the study's nets (presets `notebook`), without validation: serkit's "
        "loop, and Keras's `model.fit` on one padded array, as the study trained them. Each side "
        "is a process of its own, on TensorFlow; one run each, so single figures are rough."
    )
    for title, times in epochs.items():
        yield from ("", f"### {title}", "", *_table(times, "serkit"))
    yield ""


def _answering(answering: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    cold, warm = answering["cold"], answering["warm"]
    yield from ("## Predicting one clip", "")
    yield (
        "Five models of logistic regression on `functionals`, from a WAV file to probabilities. "
        f"`serkit predict RUN FILE --json` as a whole process takes {cold['wall']:.2f} s "
        f"({cold['cpu']:.2f} s of CPU time); with the models in memory, a clip takes "
        f"{warm['wall'] * 1e3:.1f} ms ({warm['cpu'] * 1e3:.1f} ms). No peer here does this."
    )
    yield ""


def _left_out() -> Iterator[str]:
    yield from ("## Left out", "")
    yield (
        "autrainer 0.10 and nkululeko 1.14 require pandas below 3, so pip refuses to install "
        "them beside the packages that serkit is tested with."
    )


def _table(times: Times, base: str, *, milliseconds: bool = False) -> Iterator[str]:
    """Yield a table, the quickest first; every second column is the ratio to serkit."""
    unit, factor = ("ms", 1e3) if milliseconds else ("s", 1.0)
    titles = {"wall": f"median {unit}", "best": f"best {unit}", "cpu": f"CPU {unit}"}
    keys = [key for key in titles if all(key in each for each in times.values())]
    yield "| | " + " | ".join(f"{titles[key]} | against serkit" for key in keys) + " |"
    yield "|---|" + "--:|--:|" * len(keys)
    for name, each in sorted(times.items(), key=lambda item: item[1][keys[-1]]):
        cells = [_bold(name)]
        for key in keys:
            cells += [f"{each[key] * factor:.3g}", f"{each[key] / times[base][key]:.2f}"]
        yield "| " + " | ".join(cells) + " |"


def _bold(name: str) -> str:
    return f"**{name}**" if name.startswith("serkit") else name

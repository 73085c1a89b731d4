"""Measure serkit beside its peers, in one run, and write ``docs/benchmarks.md``.

    python -m benchmarks SRC [--clips N] [--rounds 5] [--only reading,daily,epochs,answering]

SRC holds RAVDESS clips; FLAC is decoded to WAV first. The figures go to ``docs/benchmarks.json``,
and the page is made from there: ``python -m benchmarks --page`` alone makes it again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

from benchmarks import answering, daily, disk, page, reading, training  # noqa: E402 (the variables come first)

ROOT = Path(__file__).resolve().parent.parent
FIGURES = ROOT / "docs" / "benchmarks.json"
EPOCHS_OF = {"lstm": 64, "ffnn": 320}
"""Clips of an epoch for each net that is trained."""
SECTIONS = ("disk", "reading", "daily", "epochs", "answering")


def main() -> None:
    """Measure what was asked for, keep the figures, write the page."""
    options = _options()
    figures = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}
    if not options.page:
        with tempfile.TemporaryDirectory(dir=options.scratch, prefix="serkit-bench-") as name:
            figures |= measure(options, Path(name))
        FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    text = page.render(figures)
    (ROOT / "docs" / "benchmarks.md").write_text(text, encoding="utf-8")
    print(text)


def measure(options: argparse.Namespace, scratch: Path) -> dict[str, object]:
    """Run the sections in order: each uses what the one before has computed."""
    wavs = _wavs(options.source, scratch / "wav", options.clips)
    found: dict[str, object] = {"machine": _machine(wavs, options.rounds)}
    found["disk"] = disk.measure(wavs, scratch, options.rounds)
    if "reading" in options.only:
        found["reading"] = reading.measure(scratch / "serkit-2", scratch, options.rounds)
    if "daily" in options.only:
        found["daily"] = daily.measure(wavs, scratch, ROOT / "docs/record/runs", options.rounds)
    if "epochs" in options.only and find_spec("tensorflow"):
        found["epochs"] = training.epochs_of(scratch / "serkit-2", EPOCHS_OF)
    if "answering" in options.only:
        found["answering"] = answering.measure(wavs, scratch, options.rounds)
    return found


def _wavs(source: Path, target: Path, most: int | None) -> Path:
    """Copy clips into one flat folder of WAV files; they then lie in the page cache.

    Fewer than all are evenly spread over the names, so that every emotion is among them.
    """
    import soundfile

    target.mkdir()
    found = {
        path.stem: path for path in source.rglob("03-01-*") if path.suffix in (".wav", ".flac")
    }
    names = sorted(found)
    count = min(most or len(names), len(names))
    for stem in [names[number * len(names) // count] for number in range(count)]:
        path = found[stem]
        if path.suffix == ".wav":
            shutil.copy(path, target)
            continue
        samples, rate = soundfile.read(path, dtype="int16")
        soundfile.write(target / f"{stem}.wav", samples, rate, subtype="PCM_16")
    return target


def _machine(wavs: Path, rounds: int) -> dict[str, object]:
    from serkit.compute.environment import hardware, versions

    packages = ("numpy", "scipy", "librosa", "joblib", "torch", "h5py", "pandas")
    packages += ("lhotse", "datasets", "tensorflow", "keras")
    return {
        "clips": len(list(wavs.glob("*.wav"))),
        "rounds": rounds,
        "hardware": hardware(),
        "load": os.getloadavg()[0],
        "kernel": find_spec("serkit_native") is not None,
        "versions": {name: version for name, version in versions(packages).items() if version},
        "date": datetime.now(UTC).date().isoformat(),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, nargs="?")
    parser.add_argument("--clips", type=int, default=None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scratch", type=Path, default=None)
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(SECTIONS))
    parser.add_argument("--page", action="store_true", help="only write the page again")
    options = parser.parse_args()
    if not options.page and options.source is None:
        parser.error("name the folder of clips")
    return options


if __name__ == "__main__":
    main()

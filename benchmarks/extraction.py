"""Extraction and loading, against librosa and against the floor, in one run.

What is compared, on the same WAV files (a FLAC corpus is decoded to WAV first):

* librosa: one process, a plain loop: read, pad, change deviation, two mel spectrograms, all kept
  in memory, nothing written.
* floor: what no extractor can do without: read the files, one float32 FFT for each frame that
  touches a sample, write the bytes. A Python process of its own, from its start to its end, as
  librosa's loop and serkit are, on as many cores as serkit uses and on one. It leaves the bytes in
  the page cache, so once more with each file flushed to the disk, as serkit's are.
* floor, work alone: the same without the start of Python and the imports.
* serkit: ``serkit extract`` as a whole process, everything written to disk and flushed.
* repeat: the same command again.
* loading mel256 against ``numpy.load`` of the same padded array, both from the page cache.

    python benchmarks/extraction.py SRC [--clips N] [--workers 2] [--rounds 2] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import numpy as np  # noqa: E402 (the variables above must be set before)

FEATURES = "raw,change_deviation,mel128,mel256"
PAD, N_FFT, HOP = 253_125, 2048, 512


def main() -> None:
    """Measure and print."""
    options = _options()
    if options.floor:
        print(floor(options.source, options.scratch, options.workers, flush=options.flush))
        return
    with tempfile.TemporaryDirectory(dir=options.scratch, prefix="serkit-bench-") as name:
        scratch = Path(name)
        wav = _corpus(options.source, scratch / "wav", "wav", options.clips)
        flac = _corpus(options.source, scratch / "flac", "flac", options.clips)
        clips = len(list(wav.glob("*.wav")))
        results = {"librosa, one process": _best(2, lambda: librosa_loop(wav))}
        for name, arguments in _floors(options.workers).items():
            found = [_floor_process(wav, scratch, arguments) for _ in range(options.rounds)]
            results[name] = min(whole for whole, _ in found)
            results[f"{name}, work alone"] = min(work for _, work in found)
        for kind, folder in (("WAV", wav), ("FLAC", flac)):
            store = scratch / f"store-{kind}"
            results[f"serkit {kind}"] = _best(
                options.rounds, lambda s=store, f=folder: _cold(f, s, FEATURES, options.workers)
            )
            results[f"repeat {kind}"] = _best(
                options.rounds, lambda s=store, f=folder: _extract(f, s, FEATURES, options.workers)
            )
        functionals = scratch / "store-functionals"
        results["serkit functionals (WAV)"] = _cold(
            wav, functionals, "functionals", options.workers
        )
        results |= loading(scratch / "store-WAV", scratch, options.rounds)
        _report(results, clips, options.workers)
    if options.json:
        options.json.write_text(json.dumps(_described(clips, results), indent=1))


def _described(clips: int, seconds: dict[str, float]) -> dict[str, object]:
    """Return the figures, and on what they were measured."""
    from importlib.util import find_spec

    from serkit.compute.environment import hardware

    kernel = find_spec("serkit_native") is not None
    return {"clips": clips, "hardware": hardware(), "kernel": kernel, "seconds": seconds}


def librosa_loop(folder: Path) -> float:
    """Time the plain loop that people write, librosa's import included."""
    script = f"""
import warnings; warnings.simplefilter("ignore")
import glob, numpy as np, soundfile, librosa
raw, deviation, mel128, mel256 = [], [], [], []
for path in sorted(glob.glob({str(folder / "*.wav")!r})):
    samples = soundfile.read(path, dtype="int16", always_2d=True)[0][:, 0]
    padded = np.zeros({PAD}, np.int16); padded[{PAD} - len(samples):] = samples
    raw.append(padded)
    deviation.append(np.diff(padded.reshape(-1, 5).mean(axis=1)).std())
    y = padded.astype(np.float32)
    for bands, kept in ((128, mel128), (256, mel256)):
        kept.append(librosa.feature.melspectrogram(
            y=y, sr=48000, n_fft={N_FFT}, hop_length={HOP}, n_mels=bands))
"""
    return _time(lambda: subprocess.run([sys.executable, "-c", script], check=True))


def _floors(workers: int) -> dict[str, list[str]]:
    several = ["--workers", str(workers)]
    return {
        "floor, one process": ["--workers", "1"],
        "floor": several,
        "floor, flushed": [*several, "--flush"],
    }


def _floor_process(folder: Path, scratch: Path, arguments: list[str]) -> tuple[float, float]:
    """Time the floor as a whole process, and what it says that its work took."""
    command = [sys.executable, __file__, str(folder), "--floor", "--scratch", str(scratch)]
    command += arguments
    started = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return time.perf_counter() - started, float(done.stdout)


def floor(folder: Path, scratch: Path, workers: int, *, flush: bool = False) -> float:
    """Time reading the files, one FFT a live frame, and writing as many bytes as serkit does."""
    paths = sorted(folder.glob("*.wav"))
    target = scratch / "floor"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    chunks = [(paths[i : i + 48], target / f"{i}", flush) for i in range(0, len(paths), 48)]
    import soundfile  # noqa: F401 (both imported before forking, once for all)
    from scipy import fft  # noqa: F401

    started = time.perf_counter()
    if workers == 1:
        for chunk in chunks:
            _floor_chunk(chunk)
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
            list(pool.map(_floor_chunk, chunks))
    return time.perf_counter() - started


def _floor_chunk(chunk: tuple[list[Path], Path, bool]) -> None:
    import soundfile
    from scipy import fft

    paths, target, flush = chunk
    with target.open("wb") as out:
        for path in paths:
            samples = soundfile.read(path, dtype="int16", always_2d=True)[0][:, 0]
            frames = (len(samples) + N_FFT) // HOP
            buffer = np.zeros((frames + 4) * HOP, np.float32)
            buffer[: len(samples)] = samples
            view = np.lib.stride_tricks.sliding_window_view(buffer, N_FFT)[::HOP][:frames]
            for first in range(0, frames, 64):
                fft.rfft(view[first : first + 64])
            out.write(np.ascontiguousarray(samples).data)
            out.write(bytes(frames * (128 + 256) * 4))
        if flush:
            out.flush()
            os.fsync(out.fileno())


def loading(store: Path, scratch: Path, rounds: int) -> dict[str, float]:
    """Time ``FeatureStore.load`` and ``numpy.load`` of the same padded array, warm."""
    from serkit import FeatureStore

    opened = FeatureStore(store)
    array = scratch / "mel256.npy"
    np.save(array, opened.load("mel256").X)
    np.load(array)
    return {
        "numpy.load of mel256": _best(rounds + 2, lambda: _time(lambda: np.load(array))),
        "store.load of mel256": _best(rounds + 2, lambda: _time(lambda: opened.load("mel256"))),
    }


def _cold(source: Path, store: Path, features: str, workers: int) -> float:
    shutil.rmtree(store, ignore_errors=True)
    return _extract(source, store, features, workers)


def _extract(source: Path, store: Path, features: str, workers: int) -> float:
    command = [sys.executable, "-m", "serkit", "extract", str(source), "--store", str(store)]
    command += ["--features", features, "--workers", str(workers), "--json"]
    return _time(lambda: subprocess.run(command, check=True, capture_output=True))


def _corpus(source: Path, target: Path, kind: str, most: int | None) -> Path:
    """Copy clips into one flat folder, as WAV or FLAC, in the page cache."""
    import soundfile

    target.mkdir()
    found = sorted({p.stem: p for p in source.rglob("03-01-*") if _is_audio(p)}.items())
    for stem, path in found[:most]:
        samples, rate = soundfile.read(path, dtype="int16")
        soundfile.write(target / f"{stem}.{kind}", samples, rate, subtype="PCM_16")
    return target


def _is_audio(path: Path) -> bool:
    return path.suffix.lower() in (".wav", ".flac")


def _time(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _best(rounds: int, measure: Callable[[], float]) -> float:
    return min(measure() for _ in range(rounds))


def _report(seconds: dict[str, float], clips: int, workers: int) -> None:
    print(f"{clips:,} clips, {workers} workers; best of the rounds")
    for name, value in seconds.items():
        print(f"  {name:28s} {value:8.2f} s   {value / clips * 1e3:7.2f} ms a clip")
    for kind in ("WAV", "FLAC"):
        ours = seconds[f"serkit {kind}"]
        print(
            f"{kind}: {seconds['librosa, one process'] / ours:.1f}x faster than the librosa loop "
            f"(target 12), {ours / seconds['floor']:.2f}x the floor on {workers} cores "
            f"(target 1.6), "
            f"{ours / seconds['floor, work alone']:.2f}x its work alone, "
            f"{ours / seconds['floor, one process']:.2f}x the floor on one, "
            f"{ours / seconds['floor, flushed']:.2f}x the flushed floor"
        )
        print(f"{kind}: repeat {seconds[f'repeat {kind}']:.2f} s (target below 1 s)")
    speed = seconds["numpy.load of mel256"] / seconds["store.load of mel256"]
    print(f"loading mel256: {speed:.2f} of numpy.load's speed (target 0.5)")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--clips", type=int, default=None)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--scratch", type=Path, default=None)
    parser.add_argument("--json", type=Path, default=None)
    parser.add_argument("--floor", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--flush", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()

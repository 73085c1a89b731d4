"""What no extractor can do without: read, one float32 FFT a live frame, write as many bytes.

python floor.py WAVS OUT [--processes N]
"""

import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

N_FFT, HOP = 2048, 512


def chunk(paths: list[Path], target: Path) -> None:
    import soundfile
    from scipy import fft

    with target.open("wb") as out:
        for path in paths:
            samples = soundfile.read(path, dtype="int16", always_2d=True)[0][:, 0]
            frames = (len(samples) + N_FFT) // HOP
            buffer = np.zeros((frames + 4) * HOP, np.float32)
            buffer[: len(samples)] = samples
            view = np.lib.stride_tricks.sliding_window_view(buffer, N_FFT)[::HOP][:frames]
            for first in range(0, frames, 64):
                fft.rfft(view[first : first + 64])
            out.write(bytes(frames * (128 + 256) * 4))


def main() -> None:
    wavs, out, *options = sys.argv[1:]
    processes = int(options[options.index("--processes") + 1]) if options else 1
    shutil.rmtree(out, ignore_errors=True)
    Path(out).mkdir(parents=True)
    paths = sorted(Path(wavs).glob("*.wav"))
    chunks = [(paths[i : i + 48], Path(out) / str(i)) for i in range(0, len(paths), 48)]
    import soundfile  # noqa: F401 (both imported before forking, once for all)
    from scipy import fft  # noqa: F401

    if processes == 1:
        for each in chunks:
            chunk(*each)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
        list(pool.map(chunk, *zip(*chunks, strict=True)))


if __name__ == "__main__":
    main()

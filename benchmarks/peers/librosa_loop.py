"""The loop that people write: read, pad, two mel spectrograms by librosa, ``numpy.save``.

    python librosa_loop.py WAVS OUT [--jobs N] [--skip]

``--jobs`` spreads it over processes by joblib; ``--skip`` leaves out what is there and newer than
its file, as Make would.
"""

import sys
import warnings
from pathlib import Path

import numpy as np

PAD = 253_125


def one(path: Path, out: Path, skip: bool) -> None:
    targets = {bands: out / f"{path.stem}.{bands}.npy" for bands in (128, 256)}
    if skip and all(
        t.exists() and t.stat().st_mtime >= path.stat().st_mtime for t in targets.values()
    ):
        return
    import librosa
    import soundfile

    warnings.simplefilter("ignore")
    samples = soundfile.read(path, dtype="int16", always_2d=True)[0][:, 0]
    padded = np.zeros(PAD, np.float32)
    padded[PAD - len(samples) :] = samples
    for bands, target in targets.items():
        power = librosa.feature.melspectrogram(
            y=padded, sr=48_000, n_fft=2048, hop_length=512, n_mels=bands
        )
        np.save(target, power)


def main() -> None:
    wavs, out, *options = sys.argv[1:]
    jobs = int(options[options.index("--jobs") + 1]) if "--jobs" in options else 1
    Path(out).mkdir(parents=True, exist_ok=True)
    work = [(path, Path(out), "--skip" in options) for path in sorted(Path(wavs).glob("*.wav"))]
    if jobs == 1:
        for each in work:
            one(*each)
        return
    from joblib import Parallel, delayed

    Parallel(jobs)(delayed(one)(*each) for each in work)


if __name__ == "__main__":
    main()

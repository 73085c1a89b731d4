"""torch's STFT and librosa's filters as a dense product, in processes; ``numpy.save``.

python torch_stft.py WAVS OUT [--processes N]
"""

import sys
from multiprocessing import get_context
from pathlib import Path

import numpy as np

PAD = 253_125


def chunk(paths: list[Path], out: Path) -> None:
    import librosa
    import soundfile
    import torch

    torch.set_num_threads(1)
    window = torch.hann_window(2048)
    banks = {
        bands: torch.from_numpy(librosa.filters.mel(sr=48_000, n_fft=2048, n_mels=bands))
        for bands in (128, 256)
    }
    for path in paths:
        samples = soundfile.read(path, dtype="int16", always_2d=True)[0][:, 0]
        padded = torch.zeros(PAD)
        padded[PAD - len(samples) :] = torch.from_numpy(samples.astype(np.float32))
        spectra = torch.stft(
            padded, 2048, 512, window=window, pad_mode="constant", return_complex=True
        )
        power = spectra.real.square() + spectra.imag.square()
        for bands, bank in banks.items():
            np.save(out / f"{path.stem}.{bands}.npy", (bank @ power).numpy())


def main() -> None:
    wavs, out, *options = sys.argv[1:]
    processes = int(options[options.index("--processes") + 1]) if options else 1
    Path(out).mkdir(parents=True, exist_ok=True)
    paths = sorted(Path(wavs).glob("*.wav"))
    if processes == 1:
        chunk(paths, Path(out))
        return
    with get_context("spawn").Pool(processes) as pool:
        pool.starmap(chunk, [(paths[i::processes], Path(out)) for i in range(processes)])


if __name__ == "__main__":
    main()

"""lhotse's own pipeline: recordings, cuts, its librosa extractor, its HDF5 writer.

Its spectrograms are logarithms of mel sums of magnitudes, so their values cannot be compared.

    python lhotse_mel.py WAVS OUT [--jobs N]
"""

import sys
import warnings
from pathlib import Path


def main() -> None:
    warnings.simplefilter("ignore")
    from lhotse import CutSet, MonoCut, NumpyHdf5Writer, Recording
    from lhotse.features.librosa_fbank import LibrosaFbank, LibrosaFbankConfig

    wavs, out, *options = sys.argv[1:]
    jobs = int(options[options.index("--jobs") + 1]) if options else 1
    Path(out).mkdir(parents=True, exist_ok=True)
    recordings = [Recording.from_file(path) for path in sorted(Path(wavs).glob("*.wav"))]
    cuts = CutSet.from_cuts(  # of the few stereo files the first channel, as everybody here
        MonoCut(each.id, 0.0, each.duration, channel=0, recording=each) for each in recordings
    )
    for bands in (128, 256):
        settings = LibrosaFbankConfig(
            sampling_rate=48_000,
            fft_size=2048,
            hop_size=512,
            num_mel_bins=bands,
            fmin=0,
            fmax=24_000,
        )
        cuts.compute_and_store_features(
            LibrosaFbank(settings), f"{out}/{bands}", num_jobs=jobs, storage_type=NumpyHdf5Writer
        ).to_file(f"{out}/cuts{bands}.jsonl.gz")


if __name__ == "__main__":
    main()

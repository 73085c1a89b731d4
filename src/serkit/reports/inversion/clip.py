"""One clip turned into a mel spectrogram and back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serkit.audio import write_wav
from serkit.dsp.inversion import MelSettings, invert_mel, log_spectral_distance, mel_power
from serkit.dsp.signal import Signal
from serkit.dsp.stft import StftSettings
from serkit.errors import ReportError, UsageError
from serkit.extractors.mel import MelParameters
from serkit.extras import installed
from serkit.features import FeatureSpec

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.console import RenderableType

Samples = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Inversion:
    """A clip and the sound of its mel spectrogram.

    Attributes:
        clip_id: The clip's id, or its file's name.
        feature: The recipe's name.
        settings: Settings of the spectrogram.
        original: int16 amplitudes at the recipe's rate, shape (samples,).
        samples: The reconstructed samples, of the same shape.
        distance: Log-spectral distance between them in dB.

    Example:
        >>> clip = "data/speech/Actor_01/03-01-01-01-01-01-01.wav"
        >>> sound = serkit.invert(clip, feature="mel128", iterations=1)
        >>> sound.save("neutral.wav").name
        'neutral.wav'
    """

    clip_id: str
    feature: str
    settings: MelSettings
    original: Samples
    samples: Samples
    distance: float

    def __repr__(self) -> str:
        return f"Inversion({self.clip_id!r}, {self.feature!r}, distance={self.distance:.2f} dB)"

    def save(self, path: Path | str) -> Path:
        """Write the sound as a 16-bit WAV file.

        Raises:
            ReportError: It cannot be written.
        """
        path = Path(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_wav(path, self.samples, self.settings.sample_rate)
        except (OSError, RuntimeError) as error:  # libsndfile's errors are RuntimeErrors
            raise ReportError(
                f"cannot write {path} ({error})", hint="name another place"
            ) from error
        return path

    def save_with_picture(self, path: Path | str) -> tuple[Path, ...]:
        """Write the sound and, if matplotlib is installed, :meth:`figure` next to it.

        Raises:
            ReportError: They cannot be written.
        """
        from serkit.reports.embed import png
        from serkit.reports.files import write

        sound = self.save(path)
        if not installed("matplotlib"):
            return (sound,)
        return sound, write(sound.with_suffix(".png"), png(self.figure()))

    def figure(self) -> Figure:
        """Draw both spectrograms side by side.

        Raises:
            MissingDependencyError: matplotlib is not installed.
        """
        from serkit.extras import require
        from serkit.reports.inversion.figure import inversion_figure

        require("matplotlib", extra="figures")
        return inversion_figure(
            f"{self.clip_id} and what {self.feature} keeps of it",
            f"{self.settings.n_mels} bands, hop {self.settings.stft.hop_length:,}; "
            f"log-spectral distance {self.distance:.2f} dB",
            self.original,
            self.samples,
            self.settings.sample_rate,
        )

    def to_json(self) -> dict[str, Any]:
        """Return its numbers as plain objects."""
        return {
            "clip_id": self.clip_id,
            "feature": self.feature,
            "samples": len(self.samples),
            "sample_rate": self.settings.sample_rate,
            "n_mels": self.settings.n_mels,
            "hop_length": self.settings.stft.hop_length,
            "level_db": level(self.samples),
            "original_level_db": level(self.original),
            "log_spectral_distance_db": self.distance,
        }

    def __rich__(self) -> RenderableType:
        """Return the lines that ``rich.print(inversion)`` shows."""
        from rich.text import Text

        return Text(
            f"{self.clip_id} from {self.feature}: {len(self.samples):,} samples, "
            f"{level(self.samples):.1f} dBFS (original {level(self.original):.1f}), "
            f"log-spectral distance {self.distance:.2f} dB"
        )

    def _repr_html_(self) -> str:
        from serkit.reports.inversion.player import players

        about = f"{self.clip_id} from {self.feature}: {self.distance:.2f} dB apart"
        return str(players(about, self.original, self.samples, self.settings.sample_rate))


def invert_clip(
    samples: Samples, clip_id: str, spec: FeatureSpec, *, iterations: int, seed: int
) -> Inversion:
    """Turn a clip into the mel spectrogram of a recipe and back.

    Args:
        samples: int16 amplitudes at 48 kHz.
        clip_id: The clip's name.
        spec: The recipe.
        iterations: Griffin-Lim steps.
        seed: Seed of the first phases.

    Raises:
        UsageError: The recipe is not a mel spectrogram of the voice as recorded.
        ClipTooLongError: The clip is longer than the recipe pads to.
    """
    settings = mel_settings(spec)
    original = Signal(samples).at(settings.sample_rate).samples
    mel = mel_power(original, settings)
    found = invert_mel(mel, len(original), settings, iterations=iterations, seed=seed)
    distance = log_spectral_distance(original, found)
    return Inversion(clip_id, spec.name, settings, original, found, distance)


def mel_settings(spec: FeatureSpec) -> MelSettings:
    """Return how a recipe makes its mel spectrogram.

    Raises:
        UsageError: It makes something else, or changes the voice first.
    """
    mel = spec.settings
    if not isinstance(mel, MelParameters):
        raise UsageError(
            f"{spec.name} is made by {spec.extractor} and cannot be turned back into sound",
            allowed="recipes of the extractor mel can, such as mel128",
        )
    if spec.voice:
        raise UsageError(
            f"{spec.name} changes the voice before it measures it",
            allowed="mel recipes of the voice as recorded can be turned back, such as mel128",
        )
    frames = StftSettings(mel.n_fft, mel.hop_length, mel.pad_to)
    return MelSettings(mel.sample_rate, frames, mel.n_mels, mel.fmin, mel.fmax or None)


def level(samples: Samples) -> float:
    """Return a signal's level in dB relative to full scale; -inf for silence."""
    power = float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
    return float(10 * np.log10(power / 32_768.0**2)) if power else float("-inf")

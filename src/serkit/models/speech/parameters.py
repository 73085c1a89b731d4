"""Parameters of fine-tuning a speech encoder."""

from __future__ import annotations

from dataclasses import dataclass

from serkit.compute.devices import DEVICES, PRECISIONS
from serkit.models.loop import LoopParameters
from serkit.parameters import Parameters, parameter


@dataclass(frozen=True)
class WaveParameters(Parameters):
    """The input signal."""

    checkpoint: str = parameter(
        "facebook/wav2vec2-base", "the pretrained encoder: a name on the hub, or a folder"
    )
    features: str = parameter("raw", "signals to read")
    trim_db: float = parameter(
        0.0,
        "cut silence this many dB below the loudest frame off both ends; 0 cuts none",
        minimum=0,
    )
    cut_ms: int = parameter(
        0,
        "training clips are cut to a multiple of this, so that more are of one length",
        minimum=0,
    )


@dataclass(frozen=True)
class HeadParameters(Parameters):
    """The head, and which layers are trained."""

    pooling: str = parameter(
        "last",
        "mean over time of the last layer, or of a learned mixture of all",
        choices=("last", "layers"),
    )
    freeze: str = parameter(
        "none",
        "what is not trained: nothing, the convolutions, or the whole encoder",
        choices=("none", "convolutions", "encoder"),
    )


@dataclass(frozen=True)
class SpeechLoopParameters(LoopParameters):
    """How it is trained."""

    epochs: int = parameter(10, "most passes over the training clips", minimum=1)
    batch_size: int = parameter(32, "clips in a batch", minimum=1)
    accumulation: int = parameter(4, "batches in a step", minimum=1)
    micro_batch: int = parameter(
        16, "most clips in the encoder at once; less takes less memory", minimum=1
    )
    learning_rate: float = parameter(3e-5, "step size of AdamW", minimum=1e-9)
    head_rate: float = parameter(1.0, "step size of the head, as a multiple of that", minimum=0)
    schedule: str = parameter(
        "linear",
        "of the learning rate after it has risen",
        choices=("linear", "cosine", "constant"),
    )
    warm_up: float = parameter(0.1, "share of the steps in which it rises", minimum=0, maximum=0.9)
    weight_decay: float = parameter(0.0, "of AdamW", minimum=0)
    monitor: str = parameter(
        "accuracy", "what the best epoch is best in", choices=("loss", "uar", "accuracy")
    )


@dataclass(frozen=True)
class WaveAugmentationParameters(Parameters):
    """How often each training clip is changed. All is off where a preset is silent."""

    noise: float = parameter(
        0.0, "probability of white noise, 10 to 40 dB below", minimum=0, maximum=1
    )
    gain: float = parameter(0.0, "probability of another level, up to 6 dB", minimum=0, maximum=1)
    pitch: float = parameter(
        0.0, "probability of another pitch, up to 2 semitones", minimum=0, maximum=1
    )
    tempo: float = parameter(0.0, "probability of another tempo, up to 10 %", minimum=0, maximum=1)

    @property
    def changes_waves(self) -> bool:
        """Whether any is on."""
        return any((self.noise, self.gain, self.pitch, self.tempo))


@dataclass(frozen=True)
class SpeechParameters(
    WaveParameters, HeadParameters, SpeechLoopParameters, WaveAugmentationParameters
):
    """Parameters of a fine-tuning."""

    device: str = parameter("auto", "what it is trained on", choices=DEVICES)
    precision: str = parameter(
        "float32", "of the computation; the weights are float32", choices=PRECISIONS
    )

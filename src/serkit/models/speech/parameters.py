"""Parameters of fine-tuning a speech encoder."""

from __future__ import annotations

from dataclasses import dataclass

from serkit.compute.devices import DEVICES, PRECISIONS
from serkit.models.loop import LoopParameters
from serkit.parameters import Parameters, parameter
from serkit.ranges import Between


@dataclass(frozen=True)
class WaveParameters(Parameters):
    """The input signal."""

    checkpoint: str = parameter(
        "facebook/wav2vec2-base", "the pretrained encoder: a name on the hub, or a folder"
    )
    features: str = parameter("raw", "signals to read")
    trim_db: float = parameter(
        0.0,
        "trim silence more than this many dB below the loudest frame; 0 disables it",
        minimum=0,
    )
    cut_ms: int = parameter(
        0,
        "cut training clips to a multiple of this many ms, so that more have equal length",
        minimum=0,
    )


@dataclass(frozen=True)
class HeadParameters(Parameters):
    """The head, and which layers are trained."""

    pooling: str = parameter(
        "last",
        "pooled layers: the last one, or a learned mixture of all",
        choices=("last", "layers"),
    )
    freeze: str = parameter(
        "none",
        "frozen part: nothing, the convolutions, or the whole encoder",
        choices=("none", "convolutions", "encoder"),
    )


@dataclass(frozen=True)
class SpeechLoopParameters(LoopParameters):
    """How it is trained."""

    epochs: int = parameter(10, "maximum number of epochs", minimum=1)
    batch_size: int = parameter(32, "clips per batch", minimum=1)
    accumulation: int = parameter(4, "batches per step (gradient accumulation)", minimum=1)
    micro_batch: int = parameter(
        16, "maximum number of clips in the encoder at once; fewer save memory", minimum=1
    )
    learning_rate: float = parameter(
        3e-5, "learning rate of AdamW", minimum=1e-9, search=Between(1e-5, 1e-4, log=True)
    )
    head_rate: float = parameter(
        1.0,
        "learning rate of the head, as a multiple of the encoder's",
        minimum=0,
        search=Between(1.0, 100.0, log=True),
    )
    schedule: str = parameter(
        "linear",
        "learning rate schedule after warm-up",
        choices=("linear", "cosine", "constant"),
    )
    warm_up: float = parameter(0.1, "share of steps for warm-up", minimum=0, maximum=0.9)
    weight_decay: float = parameter(0.0, "of AdamW", minimum=0)
    monitor: str = parameter(
        "accuracy", "metric for choosing the best epoch", choices=("loss", "uar", "accuracy")
    )


@dataclass(frozen=True)
class WaveAugmentationParameters(Parameters):
    """How often each training clip is changed. All is off where a preset is silent."""

    noise: float = parameter(
        0.0, "probability of white noise, 10 to 40 dB below", minimum=0, maximum=1
    )
    gain: float = parameter(0.0, "probability of a level change, up to 6 dB", minimum=0, maximum=1)
    pitch: float = parameter(
        0.0, "probability of a pitch change, up to 2 semitones", minimum=0, maximum=1
    )
    tempo: float = parameter(0.0, "probability of a tempo change, up to 10 %", minimum=0, maximum=1)

    @property
    def changes_waves(self) -> bool:
        """Whether any is on."""
        return any((self.noise, self.gain, self.pitch, self.tempo))


@dataclass(frozen=True)
class SpeechParameters(
    WaveParameters, HeadParameters, SpeechLoopParameters, WaveAugmentationParameters
):
    """Parameters of a fine-tuning."""

    device: str = parameter("auto", "training device", choices=DEVICES)
    precision: str = parameter(
        "float32", "precision of computation; weights are float32", choices=PRECISIONS
    )

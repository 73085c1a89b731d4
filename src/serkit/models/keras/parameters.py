"""Parameters that all Keras nets share, in groups; a net's own derive from the whole."""

from __future__ import annotations

from dataclasses import dataclass

from serkit.compute.devices import DEVICES, PRECISIONS
from serkit.errors import UsageError
from serkit.models.copies import CopiesParameters
from serkit.models.distillation import DistillationParameters
from serkit.models.keras.backend import BACKENDS
from serkit.models.keras.beside import BesideParameters
from serkit.models.keras.whitening import FrameWhitening
from serkit.models.loop import LoopParameters
from serkit.models.refit import RefitParameters
from serkit.parameters import Parameters, parameter
from serkit.ranges import Between


@dataclass(frozen=True)
class SpectrumParameters(CopiesParameters, BesideParameters):
    """The input features."""

    features: str = parameter(
        "mel128", "input spectrogram, or with padding=none tables, separated by commas"
    )
    scale: str = parameter("db", "scale of the input powers", choices=("power", "db"))
    standardise: str = parameter(
        "live",
        "standardise each band on the training clips: over live frames, over padding too, or "
        "not at all",
        choices=("live", "all", "none"),
    )
    padding: str = parameter("crop", "clips have their true length", choices=("crop",))


@dataclass(frozen=True)
class KerasLoopParameters(LoopParameters, RefitParameters):
    """How a net is trained."""

    schedule: str = parameter(
        "cosine",
        "of the learning rate: cosine goes up and down once, restarts starts high again every "
        "cycle, exponential is times 0.9 every 1,000 steps",
        choices=("constant", "exponential", "cosine", "restarts"),
    )
    cycle: int = parameter(2, "epochs from one restart to the next (schedule=restarts)", minimum=1)
    l2: float = parameter(
        0.0,
        "L2 penalty on all weights, added to Adam's gradient",
        minimum=0,
        search=Between(3e-4, 2e-2, log=True),
    )
    average: float = parameter(
        0.0,
        "momentum per step of the exponential average of the weights that becomes the net; 0 "
        "keeps the weights themselves",
        minimum=0,
        maximum=0.9999,
    )
    clip_norm: float = parameter(0.0, "gradient clipping norm; 0 disables it", minimum=0)
    monitor: str = parameter(
        "loss",
        "metric for choosing the best epoch; last keeps the last epoch",
        choices=("loss", "uar", "accuracy", "last"),
    )


@dataclass(frozen=True)
class AugmentationParameters(Parameters):
    """How much each training clip is changed. All is off where a preset is silent."""

    gain: float = parameter(0.0, "standard deviation of a random level, in scaled units", minimum=0)
    tempo: float = parameter(0.0, "maximum relative change of tempo", minimum=0, maximum=0.5)
    time_shift: float = parameter(
        0.0,
        "maximum circular time shift, as a share of the clip",
        minimum=0,
        maximum=0.5,
    )
    shift: int = parameter(0, "maximum shift along the bands", minimum=0)
    vtlp: float = parameter(
        0.0,
        "maximum relative change of vocal tract length, by frequency warping",
        minimum=0,
        maximum=0.5,
    )
    noise: float = parameter(
        0.0, "maximum standard deviation of added noise, in scaled units", minimum=0
    )
    time_masks: int = parameter(0, "number of time masks", minimum=0)
    time_width: float = parameter(
        0.1, "maximum width of a time mask, as a share of the clip", minimum=0, maximum=1
    )
    band_masks: int = parameter(0, "number of band masks", minimum=0)
    band_width: int = parameter(16, "maximum width of a band mask, in bands", minimum=0)
    mixup: float = parameter(
        0.0, "mixup strength (parameter of the Beta distribution); 0 disables it", minimum=0
    )


@dataclass(frozen=True)
class MachineParameters(Parameters):
    """Where a net is trained."""

    backend: str = parameter("tensorflow", "Keras backend", choices=BACKENDS)
    device: str = parameter("auto", "training device", choices=DEVICES)
    jit: bool = parameter(False, "compile whole steps with XLA (tensorflow; jax always does)")
    precision: str = parameter(
        "float32",
        "precision of layers; weights, softmax and loss are float32",
        choices=PRECISIONS,
    )


@dataclass(frozen=True)
class KerasParameters(
    SpectrumParameters,
    KerasLoopParameters,
    DistillationParameters,
    AugmentationParameters,
    MachineParameters,
):
    """Parameters of every net: input, training and device."""

    @property
    def frame_whitening(self) -> FrameWhitening | None:
        """How frames that are rows of tables are whitened for a linear layer; None for others."""
        return None


def sizes(name: str, value: str) -> tuple[int, ...]:
    """Read layers' sizes, separated by commas.

    Args:
        name: The parameter, for messages.
        value: Its value.

    Raises:
        UsageError: They are not whole numbers above 0.

    Example:
        >>> sizes("units", "512,64")
        (512, 64)
    """
    try:
        found = tuple(int(part) for part in value.split(","))
    except ValueError:
        found = ()
    if not found or min(found) < 1:
        raise UsageError(
            f"{name} = {value!r} is not a list of sizes",
            allowed="a value such as '512,512' is allowed",
        )
    return found

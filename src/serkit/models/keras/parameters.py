"""Parameters that all Keras nets share, in groups; a net's own derive from the whole."""

from __future__ import annotations

from dataclasses import dataclass

from serkit.compute.devices import DEVICES, PRECISIONS
from serkit.errors import UsageError
from serkit.models.copies import CopiesParameters
from serkit.models.keras.backend import BACKENDS
from serkit.models.loop import LoopParameters
from serkit.models.refit import RefitParameters
from serkit.parameters import Parameters, parameter


@dataclass(frozen=True)
class SpectrumParameters(CopiesParameters):
    """The input features."""

    features: str = parameter("mel128", "spectrogram to read")
    scale: str = parameter("db", "how powers are read", choices=("power", "db"))
    standardise: str = parameter(
        "live",
        "by the training clips, each band: over their live frames, over padding too, or not",
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
        0.0, "penalty on all weights, in the gradient that Adam scales", minimum=0
    )
    clip_norm: float = parameter(0.0, "greatest norm of a gradient; 0 is any", minimum=0)
    monitor: str = parameter(
        "loss",
        "what the best epoch is best in; last takes the last one and chooses nothing",
        choices=("loss", "uar", "accuracy", "last"),
    )


@dataclass(frozen=True)
class AugmentationParameters(Parameters):
    """How much each training clip is changed. All is off where a preset is silent."""

    gain: float = parameter(0.0, "standard deviation of a random level, in scaled units", minimum=0)
    tempo: float = parameter(0.0, "greatest change of tempo, as a share", minimum=0, maximum=0.5)
    time_shift: float = parameter(
        0.0,
        "most that clips are moved in time, around their ends, as a share",
        minimum=0,
        maximum=0.5,
    )
    shift: int = parameter(0, "most bands that clips are moved up or down", minimum=0)
    vtlp: float = parameter(
        0.0,
        "greatest change of the vocal tract's length, as a share; frequencies are warped",
        minimum=0,
        maximum=0.5,
    )
    noise: float = parameter(0.0, "greatest deviation of added noise, in scaled units", minimum=0)
    time_masks: int = parameter(0, "stretches of frames that are blanked", minimum=0)
    time_width: float = parameter(
        0.1, "widest of them, as a share of the clip", minimum=0, maximum=1
    )
    band_masks: int = parameter(0, "ranges of bands that are blanked", minimum=0)
    band_width: int = parameter(16, "widest of them, in bands", minimum=0)
    mixup: float = parameter(
        0.0, "how much clips are mixed (Beta's parameter); 0 does not", minimum=0
    )


@dataclass(frozen=True)
class MachineParameters(Parameters):
    """Where a net is trained."""

    backend: str = parameter("tensorflow", "what Keras runs on", choices=BACKENDS)
    device: str = parameter("auto", "what it is trained on", choices=DEVICES)
    jit: bool = parameter(False, "compile whole steps with XLA (tensorflow; jax always does)")
    precision: str = parameter(
        "float32",
        "what layers compute in; weights, softmax and loss are float32",
        choices=PRECISIONS,
    )


@dataclass(frozen=True)
class KerasParameters(
    SpectrumParameters, KerasLoopParameters, AugmentationParameters, MachineParameters
):
    """Parameters of every net: input, training and device."""


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
            f"{name} = {value!r} names no sizes", allowed="a value such as '512,512' is allowed"
        )
    return found

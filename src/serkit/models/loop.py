"""Parameters of training in epochs, that Keras nets and speech encoders share."""

from __future__ import annotations

from dataclasses import dataclass

from serkit.parameters import Parameters, parameter
from serkit.ranges import Among, Between


@dataclass(frozen=True)
class LoopParameters(Parameters):
    """Training parameters of a net; each kind of net has its own defaults."""

    epochs: int = parameter(60, "maximum number of epochs", minimum=1)
    batch_size: int = parameter(32, "clips in a step", minimum=1, search=Among((8, 16, 32)))
    learning_rate: float = parameter(
        1e-3, "learning rate of Adam", minimum=1e-8, search=Between(3e-4, 1e-2, log=True)
    )
    weight_decay: float = parameter(0.0, "weight decay of AdamW; 0 is plain Adam", minimum=0)
    label_smoothing: float = parameter(
        0.0, "label smoothing", minimum=0, maximum=0.9, search=Between(0.0, 0.3)
    )
    class_weight: str = parameter("none", "class weights", choices=("none", "balanced"))
    monitor: str = parameter(
        "loss", "metric for choosing the best epoch", choices=("loss", "uar", "accuracy")
    )
    patience: int = parameter(
        0, "epochs without improvement before early stopping; 0 disables it", minimum=0
    )

"""Parameters of training in epochs, that Keras nets and speech encoders share."""

from __future__ import annotations

from dataclasses import dataclass

from serkit.parameters import Parameters, parameter


@dataclass(frozen=True)
class LoopParameters(Parameters):
    """Training parameters of a net; each kind of net has its own defaults."""

    epochs: int = parameter(60, "most passes over the training clips", minimum=1)
    batch_size: int = parameter(32, "clips in a step", minimum=1)
    learning_rate: float = parameter(1e-3, "step size of Adam", minimum=1e-8)
    weight_decay: float = parameter(0.0, "of AdamW; 0 is Adam", minimum=0)
    label_smoothing: float = parameter(
        0.0, "share of a label given to all emotions", minimum=0, maximum=0.9
    )
    class_weight: str = parameter("none", "weights of emotions", choices=("none", "balanced"))
    monitor: str = parameter(
        "loss", "what the best epoch is best in", choices=("loss", "uar", "accuracy")
    )
    patience: int = parameter(0, "epochs without a better one before it stops; 0 never", minimum=0)

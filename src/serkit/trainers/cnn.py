"""A residual convolutional net over log-mel, pooled by attention over live frames."""

from __future__ import annotations

from serkit.models.keras.nets.cnn import CnnParameters, build
from serkit.models.keras.trainer import keras_trainer
from serkit.models.selection import INNER_ACTORS
from serkit.models.trainer import Preset

TRAINER = keras_trainer(
    "cnn",
    "residual convolutional net over mel bands and time",
    CnnParameters,
    build,
    presets={
        "best": Preset(
            "log-mel in true length, attention pooling, SpecAugment, tempo, moved bands",
            CnnParameters(
                epochs=30,
                batch_size=16,
                learning_rate=2e-3,
                label_smoothing=0.1,
                weight_decay=0.02,
                gain=0.2,
                tempo=0.15,
                shift=3,
                time_masks=1,
                band_masks=1,
            ),
            INNER_ACTORS,
        ),
    },
)

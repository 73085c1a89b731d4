"""A residual convolutional net over log-mel, pooled by attention over live frames."""

from __future__ import annotations

from serkit.models.keras.trainer import keras_trainer
from serkit.models.selection import INNER_ACTORS
from serkit.models.trainer import Preset
from serkit.parameters import Parameter

TRAINER = keras_trainer(
    "cnn",
    "residual convolutional net over mel bands and time",
    net={
        "channels": Parameter("24,48,96", "channels of each stage, separated by commas"),
        "blocks": Parameter(1, "residual blocks a stage", minimum=1),
        "dropout": Parameter(0.3, "share of values dropped in training", minimum=0, maximum=0.95),
        "attention": Parameter(64, "width of the layer that attends", minimum=1),
    },
    presets={
        "best": Preset(
            "log-mel in true length, attention pooling, SpecAugment, tempo, moved bands",
            {
                "epochs": 30,
                "batch_size": 16,
                "learning_rate": 2e-3,
                "label_smoothing": 0.1,
                "weight_decay": 0.02,
                "gain": 0.2,
                "tempo": 0.15,
                "shift": 3,
                "time_masks": 1,
                "band_masks": 1,
            },
            INNER_ACTORS,
        ),
    },
    padding=Parameter("crop", "clips have their true length", choices=("crop",)),
)

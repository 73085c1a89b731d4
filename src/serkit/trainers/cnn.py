"""A residual convolutional net over log-mel, pooled by attention over live frames."""

from __future__ import annotations

from dataclasses import replace

from serkit.models.copies import CHANNEL_COPIES
from serkit.models.keras.nets.cnn import CnnParameters, build
from serkit.models.keras.trainer import keras_trainer
from serkit.models.selection import INNER_ACTORS
from serkit.models.trainer import Preset

_BEST = CnnParameters(
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
)

TRAINER = keras_trainer(
    "cnn",
    "residual convolutional net over mel bands and time",
    CnnParameters,
    build,
    presets={
        "best": Preset(
            "log-mel in true length, attention pooling, SpecAugment, tempo, moved bands",
            _BEST,
            INNER_ACTORS,
        ),
        "robust": Preset(
            "the same, fitted also on copies in white noise, a murmur and the telephone's band",
            replace(_BEST, copies=CHANNEL_COPIES, epochs=10),
            INNER_ACTORS,
        ),
    },
)

"""Convolutions over time on frame tracks: the quickest of the nets, and small."""

from __future__ import annotations

from serkit.models.keras.nets.tcn import TcnParameters, build
from serkit.models.keras.trainer import SMALL_LOOP, TRACKS_INPUT, keras_trainer
from serkit.models.selection import PROBED_OUTSIDE
from serkit.models.trainer import Preset

TRAINER = keras_trainer(
    "tcn",
    "residual convolutions over time",
    TcnParameters,
    build,
    presets={
        "best": Preset(
            "frame tracks, training clips in three voices, L2 in Adam's gradient, small batches",
            TcnParameters(**TRACKS_INPUT, **SMALL_LOOP),
            PROBED_OUTSIDE,
        ),
    },
)

"""Convolutions over time on frame tracks: the quickest of the nets, and small."""

from __future__ import annotations

from serkit.models.keras.trainer import SMALL_LOOP, TRACKS_INPUT, keras_trainer
from serkit.models.selection import PROBED_OUTSIDE
from serkit.models.trainer import Preset
from serkit.parameters import Parameter

TRAINER = keras_trainer(
    "tcn",
    "residual convolutions over time",
    net={
        "width": Parameter(64, "values of a frame inside", minimum=1),
        "layers": Parameter(3, "convolutions, one behind the other", minimum=1),
        "kernel": Parameter(5, "frames that each of them sees", minimum=1),
        "dropout": Parameter(0.4, "share of values dropped in training", minimum=0, maximum=0.95),
        "attention": Parameter(64, "width of the layer that attends", minimum=1),
    },
    presets={
        "best": Preset(
            "frame tracks, training clips in three voices, L2 in Adam's gradient, small batches",
            {**TRACKS_INPUT, **SMALL_LOOP},
            PROBED_OUTSIDE,
        ),
    },
    padding=Parameter("crop", "clips have their true length", choices=("crop",)),
)

"""Convolutions over time on frame tracks: the quickest of the nets, and small."""

from __future__ import annotations

from dataclasses import replace

from serkit.models.keras.nets.tcn import TcnParameters, build
from serkit.models.keras.trainer import (
    LINEAR_BESIDE,
    SMALL_LOOP,
    TRACKS_INPUT,
    WITH_FUNCTIONALS,
    keras_trainer,
)
from serkit.models.selection import INNER_AND_PROBED, PROBED_OUTSIDE
from serkit.models.trainer import Preset

_TRACKS = TcnParameters(**TRACKS_INPUT, **SMALL_LOOP)


TRAINER = keras_trainer(
    "tcn",
    "residual convolutions over time",
    TcnParameters,
    build,
    presets={
        "best": Preset(
            "frame tracks, a linear layer on whitened functionals beside them, training clips in "
            "three voices, L2 in Adam's gradient, small batches, averaged weights",
            replace(_TRACKS, **LINEAR_BESIDE),
            INNER_AND_PROBED,
        ),
        "branch": Preset(
            "the same with a hidden layer on functionals, weights not averaged",
            replace(_TRACKS, **WITH_FUNCTIONALS),
            INNER_AND_PROBED,
        ),
        "tracks": Preset(
            "the same without functionals",
            _TRACKS,
            PROBED_OUTSIDE,
        ),
    },
)

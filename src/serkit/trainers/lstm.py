"""An LSTM with attention over log-mel frames, or the study's on raw mel power."""

from __future__ import annotations

from serkit.models.keras.trainer import (
    SMALL_LOOP,
    STUDY_INPUT,
    STUDY_LOOP,
    TRACKS_INPUT,
    keras_trainer,
)
from serkit.models.selection import INNER_ACTORS, PROBED_OUTSIDE, TEST_CLIPS
from serkit.models.trainer import Preset
from serkit.parameters import Parameter, Scalar


def _study(summary: str, **others: Scalar) -> Preset:
    values: dict[str, Scalar] = {
        **STUDY_INPUT,
        "padding": "short",
        **STUDY_LOOP,
        "units": "512,512",
        "dense": "64",
        "noise": 0.1,
        "dropout": 0.2,
        "pool": 1,
        "epochs": 100,
        "batch_size": 16,
        "patience": 15,
    }
    return Preset(summary, {**values, **others}, TEST_CLIPS)


TRAINER = keras_trainer(
    "lstm",
    "stacked LSTM layers over mel frames",
    net={
        "units": Parameter("128,128", "units of each LSTM layer, separated by commas"),
        "norm": Parameter(False, "batch norm behind each of them"),
        "residual": Parameter(False, "add a layer's input to its output where their sizes agree"),
        "dense": Parameter("64", "units of each layer behind them, separated by commas"),
        "noise": Parameter(0.0, "Gaussian noise added to the input in training", minimum=0),
        "dropout": Parameter(0.4, "share of values dropped in training", minimum=0, maximum=0.95),
        "pool": Parameter(4, "frames that are averaged into one", minimum=1),
        "attention": Parameter(64, "width of the layer that attends", minimum=1),
    },
    presets={
        "best": Preset(
            "log-mel in true length, attention over live frames",
            {
                "epochs": 40,
                "batch_size": 16,
                "label_smoothing": 0.1,
                "weight_decay": 0.01,
                "clip_norm": 1.0,
                "gain": 0.2,
                "tempo": 0.15,
                "shift": 3,
                "band_masks": 1,
            },
            INNER_ACTORS,
        ),
        "tracks": Preset(
            "two small layers on frame tracks, training clips in three voices",
            {
                **TRACKS_INPUT,
                **SMALL_LOOP,
                "units": "64,64",
                "norm": True,
                "residual": True,
                "dense": "",
                "pool": 1,
            },
            PROBED_OUTSIDE,
        ),
        "notebook": _study("the study's: two layers of 512 on raw mel power, padded in front"),
        "notebook-4-layer": _study(
            "its variant of four layers, 0.15 to 0.17 there",
            units="512,512,256,256",
            dense="128,64",
        ),
        "notebook-3-layer": _study("its variant of three layers, 0.46 there", units="512,512,512"),
        "notebook-1024": _study(
            "its variant with a first layer of 1024, 0.50 there", units="1024,512"
        ),
        "notebook-small": _study(
            "its variant of four layers from 512 to 128, 0.52 there",
            units="512,256,256,128",
            epochs=250,
        ),
    },
    padding=Parameter(
        "crop",
        "true length, or padded in front: to the recipe's length, or to their batch's",
        choices=("crop", "front", "short"),
    ),
)

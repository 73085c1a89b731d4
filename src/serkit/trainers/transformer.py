"""A transformer encoder with learned relative positions, or the study's."""

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
from serkit.parameters import Parameter

TRAINER = keras_trainer(
    "transformer",
    "transformer encoder over mel frames",
    net={
        "width": Parameter(128, "values of a frame inside", minimum=1),
        "blocks": Parameter(3, "blocks of attention and feed-forward layers", minimum=1),
        "heads": Parameter(4, "attention heads", minimum=1),
        "key_dim": Parameter(32, "values of a head (padding=front or masked)", minimum=1),
        "hidden": Parameter(256, "units of a feed-forward layer", minimum=1),
        "noise": Parameter(0.0, "Gaussian noise added to the input in training", minimum=0),
        "dropout": Parameter(0.2, "share of values dropped in training", minimum=0, maximum=0.95),
        "reach": Parameter(32, "greatest distance with a bias of its own (padding=crop)", 0),
        "stride": Parameter(4, "frames that become one (padding=crop)", minimum=1),
        "attention": Parameter(64, "width of the layer that sums up (padding=crop)", minimum=1),
    },
    presets={
        "best": Preset(
            "log-mel in true length, learned relative positions, pre-norm, attention pooling",
            {
                "epochs": 40,
                "batch_size": 16,
                "label_smoothing": 0.1,
                "weight_decay": 0.05,
                "clip_norm": 1.0,
                "gain": 0.2,
                "tempo": 0.15,
                "shift": 3,
                "band_masks": 1,
            },
            INNER_ACTORS,
        ),
        "tracks": Preset(
            "two small blocks on frame tracks, training clips in three voices",
            {
                **TRACKS_INPUT,
                **SMALL_LOOP,
                "width": 64,
                "blocks": 2,
                "hidden": 128,
                "stride": 1,
                "dropout": 0.4,
                "learning_rate": 1e-3,
                "clip_norm": 1.0,
            },
            PROBED_OUTSIDE,
        ),
        "notebook": Preset(
            "the study's: bands scaled on training clips, constant position term, post-norm",
            {
                **STUDY_INPUT,
                "padding": "masked",
                **STUDY_LOOP,
                "features": "mel256",
                "standardise": "all",
                "width": 50,
                "heads": 10,
                "key_dim": 50,
                "hidden": 192,
                "noise": 0.1,
                "schedule": "exponential",
                "epochs": 200,
                "patience": 20,
            },
            TEST_CLIPS,
        ),
    },
    padding=Parameter(
        "crop",
        "true length, or padded in front: to the recipe's length, or masked",
        choices=("crop", "front", "masked"),
    ),
)

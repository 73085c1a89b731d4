"""A feed-forward net on statistics of log-mel, on functionals, or the study's on mel power."""

from __future__ import annotations

from serkit.models.keras.trainer import STUDY_INPUT, STUDY_LOOP, keras_trainer
from serkit.models.selection import INNER_ACTORS, TEST_CLIPS
from serkit.models.trainer import Preset
from serkit.parameters import Parameter

TRAINER = keras_trainer(
    "ffnn",
    "feed-forward net",
    net={
        "units": Parameter(256, "units of a hidden layer", minimum=1),
        "layers": Parameter(2, "hidden layers", minimum=1),
        "dropout": Parameter(0.5, "share of units dropped in training", minimum=0, maximum=0.95),
        "l1": Parameter(0.0, "L1 penalty of weights and biases", minimum=0),
    },
    presets={
        "best": Preset(
            "mean and deviation of log-mel bands and of their change over live frames",
            {"label_smoothing": 0.1, "weight_decay": 0.01, "mixup": 0.2, "gain": 0.1},
            INNER_ACTORS,
        ),
        "functionals": Preset(
            "the functionals of each clip, that logreg and svm read, too",
            {
                "features": "functionals",
                "padding": "none",
                "layers": 1,
                "epochs": 30,
                "monitor": "last",
                "label_smoothing": 0.1,
                "weight_decay": 0.01,
                "mixup": 0.2,
                "noise": 0.5,
            },
            INNER_ACTORS,
        ),
        "notebook": Preset(
            "the study's: the whole padded spectrogram of raw mel power, L1 0.015",
            {
                **STUDY_INPUT,
                **STUDY_LOOP,
                "units": 500,
                "l1": 0.015,
                "epochs": 100,
                "batch_size": 16,
                "patience": 10,
                "jit": True,
            },
            TEST_CLIPS,
        ),
    },
    padding=Parameter(
        "crop",
        "clips in their true length, padded in front to the recipe's, or a table's row",
        choices=("crop", "front", "none"),
    ),
)

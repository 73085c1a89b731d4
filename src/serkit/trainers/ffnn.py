"""A feed-forward net on statistics of log-mel, on functionals, or the study's on mel power."""

from __future__ import annotations

from serkit.models.copies import ROBUST_FEATURES, SCENE_COPIES
from serkit.models.keras.nets.ffnn import FfnnParameters, build
from serkit.models.keras.trainer import STUDY, keras_trainer
from serkit.models.selection import INNER_ACTORS, TEST_CLIPS
from serkit.models.trainer import Preset

TRAINER = keras_trainer(
    "ffnn",
    "feed-forward net",
    FfnnParameters,
    build,
    presets={
        "best": Preset(
            "mean and deviation of log-mel bands and of their change over live frames",
            FfnnParameters(label_smoothing=0.1, weight_decay=0.01, mixup=0.2, gain=0.1),
            INNER_ACTORS,
        ),
        "functionals": Preset(
            "the functionals of each clip, that logreg and svm read, too",
            FfnnParameters(
                features="functionals",
                padding="none",
                layers=1,
                epochs=30,
                monitor="last",
                label_smoothing=0.1,
                weight_decay=0.01,
                mixup=0.2,
                noise=0.5,
            ),
            INNER_ACTORS,
        ),
        "robust": Preset(
            "functionals, and those that change little with level, band and noise, whitened, read "
            "by a hidden and a linear layer; fitted also on copies in four drawn scenes (tempo, "
            "room, noise, level, band) and in a murmur",
            FfnnParameters(
                features=ROBUST_FEATURES,
                copies=SCENE_COPIES,
                padding="none",
                wide=True,
                layers=1,
                epochs=8,
                monitor="last",
                class_weight="balanced",
                l2=0.04,
                invariance=0.25,
            ),
            INNER_ACTORS,
        ),
        "scenes": Preset(
            "the same features and copies, standardised, read by a hidden layer",
            FfnnParameters(
                features=ROBUST_FEATURES,
                copies=SCENE_COPIES,
                padding="none",
                layers=1,
                epochs=12,
                monitor="last",
                label_smoothing=0.1,
                weight_decay=0.01,
                mixup=0.2,
                noise=0.5,
            ),
            INNER_ACTORS,
        ),
        "notebook": Preset(
            "the study's: the whole padded spectrogram of raw mel power, L1 0.015",
            FfnnParameters(
                **STUDY,
                standardise="none",
                padding="front",
                schedule="constant",
                units=500,
                l1=0.015,
                epochs=100,
                batch_size=16,
                patience=10,
                jit=True,
            ),
            TEST_CLIPS,
            is_study=True,
        ),
    },
)

"""A transformer encoder with learned relative positions, or the study's."""

from __future__ import annotations

from dataclasses import replace

from serkit.models.keras.nets.transformer import TransformerParameters, build
from serkit.models.keras.trainer import (
    SMALL_LOOP,
    STUDY,
    TRACKS_INPUT,
    WITH_FUNCTIONALS,
    keras_trainer,
)
from serkit.models.selection import INNER_ACTORS, INNER_AND_PROBED, PROBED_OUTSIDE, TEST_CLIPS
from serkit.models.trainer import Preset

_TRACKS = TransformerParameters(
    **TRACKS_INPUT,
    **{**SMALL_LOOP, "learning_rate": 1e-3},
    width=64,
    blocks=2,
    hidden=128,
    stride=1,
    dropout=0.4,
    clip_norm=1.0,
)


TRAINER = keras_trainer(
    "transformer",
    "transformer encoder over frames",
    TransformerParameters,
    build,
    presets={
        "best": Preset(
            "two small blocks on frame tracks, functionals beside them, training clips in three "
            "voices",
            replace(_TRACKS, **WITH_FUNCTIONALS),
            INNER_AND_PROBED,
        ),
        "tracks": Preset("the same without functionals", _TRACKS, PROBED_OUTSIDE),
        "mel": Preset(
            "log-mel in true length, learned relative positions, pre-norm, attention pooling",
            TransformerParameters(
                epochs=40,
                batch_size=16,
                label_smoothing=0.1,
                weight_decay=0.05,
                clip_norm=1.0,
                gain=0.2,
                tempo=0.15,
                shift=3,
                band_masks=1,
            ),
            INNER_ACTORS,
        ),
        "notebook": Preset(
            "the study's: bands scaled on training clips, constant position term, post-norm",
            TransformerParameters(
                **STUDY,
                features="mel256",
                standardise="all",
                padding="masked",
                width=50,
                heads=10,
                key_dim=50,
                hidden=192,
                noise=0.1,
                schedule="exponential",
                epochs=200,
                patience=20,
            ),
            TEST_CLIPS,
            is_study=True,
        ),
    },
)

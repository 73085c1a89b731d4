"""An LSTM with attention over log-mel frames, or the study's on raw mel power."""

from __future__ import annotations

from dataclasses import replace

from serkit.models.copies import TEMPO_COPIES
from serkit.models.keras.nets.lstm import LstmParameters, build
from serkit.models.keras.trainer import (
    SMALL_LOOP,
    STUDY,
    TRACKS_INPUT,
    WITH_FUNCTIONALS,
    keras_trainer,
)
from serkit.models.selection import INNER_ACTORS, INNER_AND_PROBED, PROBED_OUTSIDE, TEST_CLIPS
from serkit.models.trainer import Preset

_STUDY = LstmParameters(
    **STUDY,
    standardise="none",
    padding="short",
    schedule="constant",
    units="512,512",
    dense="64",
    noise=0.1,
    dropout=0.2,
    pool=1,
    epochs=100,
    batch_size=16,
    patience=15,
)


_TRACKS = LstmParameters(
    **TRACKS_INPUT,
    **{**SMALL_LOOP, "epochs": 16},
    units="64,64",
    norm=True,
    residual=True,
    dense="",
    pool=1,
)


def _of_the_study(summary: str, parameters: LstmParameters) -> Preset[LstmParameters]:
    return Preset(summary, parameters, TEST_CLIPS, is_study=True)


TRAINER = keras_trainer(
    "lstm",
    "stacked LSTM layers over frames",
    LstmParameters,
    build,
    presets={
        "best": Preset(
            "two small layers on frame tracks, functionals beside them, training clips in three "
            "voices, L2 in Adam's gradient, small batches",
            replace(_TRACKS, **WITH_FUNCTIONALS),
            INNER_AND_PROBED,
        ),
        "tracks": Preset("the same without functionals", _TRACKS, PROBED_OUTSIDE),
        "robust": Preset(
            "as tracks, training clips also in white noise, a murmur and the telephone's band",
            replace(_TRACKS, copies=TEMPO_COPIES, epochs=8),
            PROBED_OUTSIDE,
        ),
        "mel": Preset(
            "log-mel in true length, attention over live frames",
            LstmParameters(
                epochs=40,
                batch_size=16,
                label_smoothing=0.1,
                weight_decay=0.01,
                clip_norm=1.0,
                gain=0.2,
                tempo=0.15,
                shift=3,
                band_masks=1,
            ),
            INNER_ACTORS,
        ),
        "notebook": _of_the_study(
            "the study's: two layers of 512 on raw mel power, padded in front", _STUDY
        ),
        "notebook-4-layer": _of_the_study(
            "its variant of four layers, 0.15 to 0.17 there",
            replace(_STUDY, units="512,512,256,256", dense="128,64"),
        ),
        "notebook-3-layer": _of_the_study(
            "its variant of three layers, 0.46 there", replace(_STUDY, units="512,512,512")
        ),
        "notebook-1024": _of_the_study(
            "its variant with a first layer of 1024, 0.50 there", replace(_STUDY, units="1024,512")
        ),
        "notebook-small": _of_the_study(
            "its variant of four layers from 512 to 128, 0.52 there",
            replace(_STUDY, units="512,256,256,128", epochs=250),
        ),
    },
)

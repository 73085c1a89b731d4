"""Fine-tuning a pretrained speech encoder (Wav2Vec2, XLS-R, HuBERT, WavLM, ...)."""

from __future__ import annotations

from pathlib import Path

from serkit.encoders.checkpoint import open_checkpoint
from serkit.encoders.machine import pick_device, require_transformers
from serkit.errors import UsageError
from serkit.models.clips import FoldData
from serkit.models.selection import TEST_CLIPS
from serkit.models.speech.augment import require_augmentation
from serkit.models.speech.parameters import SpeechParameters
from serkit.models.tracking import require_trackers
from serkit.models.trainer import FitContext, Fitted, Preset, Trainer


def _check(parameters: SpeechParameters) -> None:
    if not parameters.checkpoint:
        raise UsageError(
            "checkpoint = '' names no encoder", hint="give one with --checkpoint NAME_OR_FOLDER"
        )
    if parameters.precision == "float16" and pick_device(parameters.device) == "cpu":
        raise UsageError(
            "precision = 'float16' needs a GPU", hint="use --set precision=bfloat16 on a CPU"
        )
    require_augmentation(parameters)
    open_checkpoint(parameters.checkpoint)


def _fit(fold: FoldData, parameters: SpeechParameters, context: FitContext) -> Fitted:
    from serkit.models.speech.finetune import fit

    return fit(fold, parameters, context)


def _load(folder: Path) -> Fitted:
    require_transformers()
    from serkit.models.speech.model import load

    return load(folder)


TRAINER = Trainer(
    name="wav2vec2",
    summary="a pretrained speech encoder, fine-tuned (any of its kind by --checkpoint)",
    parameters=SpeechParameters,
    presets={
        "best": Preset(
            "mixture of layers, convolutions frozen, a faster head, balanced, trimmed",
            SpeechParameters(
                trim_db=30.0,
                cut_ms=100,
                pooling="layers",
                freeze="convolutions",
                epochs=20,
                accumulation=1,
                head_rate=30.0,
                weight_decay=0.01,
                label_smoothing=0.1,
                class_weight="balanced",
                monitor="uar",
                patience=6,
            ),
        ),
        "notebook": Preset(
            "the study's: whole encoder trained, mean of the last layer; right labels, no padding",
            SpeechParameters(),
            TEST_CLIPS,
            is_study=True,
        ),
    },
    features=lambda parameters: (parameters.features,),
    fit=_fit,
    load=_load,
    require=lambda: require_transformers("accelerate"),
    check=_check,
    track=require_trackers,
    true_length=lambda _parameters: True,
    shares_fit=True,
)

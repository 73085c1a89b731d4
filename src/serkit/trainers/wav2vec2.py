"""Fine-tuning a pretrained speech encoder (Wav2Vec2, XLS-R, HuBERT, WavLM, ...)."""

from __future__ import annotations

from pathlib import Path

from serkit.encoders.checkpoint import open_checkpoint
from serkit.encoders.machine import DEVICES, pick_device, require_transformers
from serkit.errors import UsageError
from serkit.models.clips import FoldData
from serkit.models.selection import TEST_CLIPS
from serkit.models.speech.augment import WAVE_AUGMENTATION, require_augmentation
from serkit.models.tracking import require_trackers
from serkit.models.trainer import FitContext, Fitted, Preset, Trainer
from serkit.parameters import Parameter, Parameters, text

PRECISIONS = ("float32", "bfloat16", "float16")

INPUT = {
    "checkpoint": Parameter(
        "facebook/wav2vec2-base", "the pretrained encoder: a name on the hub, or a folder"
    ),
    "features": Parameter("raw", "signals to read"),
    "trim_db": Parameter(
        0.0, "cut silence this many dB below the loudest frame off both ends; 0 cuts none", 0
    ),
    "cut_ms": Parameter(
        0, "training clips are cut to a multiple of this, so that more are of one length", 0
    ),
}
"""What is read of a clip."""

NET = {
    "pooling": Parameter(
        "last",
        "mean over time of the last layer, or of a learned mixture of all",
        choices=("last", "layers"),
    ),
    "freeze": Parameter(
        "none",
        "what is not trained: nothing, the convolutions, or the whole encoder",
        choices=("none", "convolutions", "encoder"),
    ),
}
"""The head, and what is trained."""

LOOP = {
    "epochs": Parameter(10, "most passes over the training clips", minimum=1),
    "batch_size": Parameter(32, "clips in a batch", minimum=1),
    "accumulation": Parameter(4, "batches in a step", minimum=1),
    "micro_batch": Parameter(16, "most clips in the encoder at once; less takes less memory", 1),
    "learning_rate": Parameter(3e-5, "step size of AdamW", minimum=1e-9),
    "head_rate": Parameter(1.0, "step size of the head, as a multiple of that", minimum=0),
    "schedule": Parameter(
        "linear",
        "of the learning rate after it has risen",
        choices=("linear", "cosine", "constant"),
    ),
    "warm_up": Parameter(0.1, "share of the steps in which it rises", minimum=0, maximum=0.9),
    "weight_decay": Parameter(0.0, "of AdamW", minimum=0),
    "label_smoothing": Parameter(
        0.0, "share of a label given to all emotions", minimum=0, maximum=0.9
    ),
    "class_weight": Parameter("none", "weights of emotions", choices=("none", "balanced")),
    "monitor": Parameter(
        "accuracy", "what the best epoch is best in", choices=("loss", "uar", "accuracy")
    ),
    "patience": Parameter(0, "epochs without a better one before it stops; 0 never", minimum=0),
}
"""How it is trained."""

MACHINE = {
    "device": Parameter("auto", "what it is trained on", choices=DEVICES),
    "precision": Parameter(
        "float32", "of the computation; the weights are float32", choices=PRECISIONS
    ),
}
"""Where it is trained."""


def _check(parameters: Parameters) -> None:
    if not text(parameters, "checkpoint"):
        raise UsageError(
            "checkpoint = '' names no encoder", hint="give one with --checkpoint NAME_OR_FOLDER"
        )
    if parameters["precision"] == "float16" and pick_device(text(parameters, "device")) == "cpu":
        raise UsageError(
            "precision = 'float16' needs a GPU", hint="use --set precision=bfloat16 on a CPU"
        )
    require_augmentation(parameters)
    open_checkpoint(text(parameters, "checkpoint"))


def _fit(fold: FoldData, parameters: Parameters, context: FitContext) -> Fitted:
    from serkit.models.speech.finetune import fit

    return fit(fold, parameters, context)


def _load(folder: Path) -> Fitted:
    require_transformers()
    from serkit.models.speech.model import load

    return load(folder)


TRAINER = Trainer(
    name="wav2vec2",
    summary="a pretrained speech encoder, fine-tuned (any of its kind by --checkpoint)",
    parameters={**INPUT, **NET, **LOOP, **WAVE_AUGMENTATION, **MACHINE},
    presets={
        "best": Preset(
            "mixture of layers, convolutions frozen, a faster head, balanced, trimmed",
            {
                "trim_db": 30.0,
                "cut_ms": 100,
                "pooling": "layers",
                "freeze": "convolutions",
                "epochs": 20,
                "accumulation": 1,
                "head_rate": 30.0,
                "weight_decay": 0.01,
                "label_smoothing": 0.1,
                "class_weight": "balanced",
                "monitor": "uar",
                "patience": 6,
            },
        ),
        "notebook": Preset(
            "the study's: all of it trained, the last layer's mean; labels right, nothing padded",
            selected_on=TEST_CLIPS,
        ),
    },
    features=lambda parameters: (text(parameters, "features"),),
    fit=_fit,
    load=_load,
    require=lambda: require_transformers("accelerate"),
    check=_check,
    track=require_trackers,
    true_length=lambda _parameters: True,
    shares_fit=True,
)

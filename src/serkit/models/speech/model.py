"""A fine-tuned encoder: input, predictions and files.

Imports torch, so it is imported inside functions only.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoModelForAudioClassification

from serkit.encoders.checkpoint import Checkpoint, refuse_made_up
from serkit.encoders.machine import pick_device, quiet_transformers
from serkit.errors import RunError, TrainingError
from serkit.labels import LabelSet
from serkit.models.clips import ClipData
from serkit.models.facts import FACTS, read_facts, write_facts
from serkit.models.speech.waves import InputSpec, Waves, by_length, ordered_waves, stack
from serkit.models.training import TrainedInEpochs

_TOGETHER = 16
"""Most clips of one length that are predicted at once."""


@dataclass(frozen=True)
class SpeechModel(TrainedInEpochs):
    """A fine-tuned encoder with its head.

    Attributes:
        model: The ``...ForSequenceClassification``.
        hearing: Its input.
        trainable: How many numbers were trained.
    """

    model: Any
    hearing: InputSpec
    trainable: int

    @property
    def parameters(self) -> int:
        """Trained numbers."""
        return self.trainable

    def predict(self, data: ClipData) -> npt.NDArray[np.float64]:
        """Return probabilities, shape ``(n, classes)``; no clip is padded."""
        return predict(self.model, Waves(data, self.hearing))

    def save(self, folder: Path) -> None:
        """Write ``config.json``, ``model.safetensors``, and its input as JSON."""
        with quiet_transformers():
            self.model.save_pretrained(folder)
        facts = {
            "hearing": asdict(self.hearing),
            "trainable": self.trainable,
            "chosen": dict(self.chosen),
        }
        write_facts(folder / FACTS, facts)


def load(folder: Path) -> SpeechModel:
    """Read a model that :meth:`SpeechModel.save` wrote; code in the folder is never run.

    Raises:
        RunError: A file is missing or damaged, or the weights are not those of the configuration.
    """
    try:
        facts = read_facts(folder / FACTS)
        model, missing = _pretrained(folder, use_safetensors=True)
        hearing = InputSpec(**facts["hearing"])
    except Exception as error:  # transformers, safetensors and JSON raise a dozen kinds
        raise RunError(f"the model in {folder} cannot be loaded: {_first_line(error)}") from error
    if missing:
        raise RunError(f"the model in {folder} cannot be loaded: {missing[0]} is missing in it")
    model.eval().to(pick_device("auto"))
    return SpeechModel(model, hearing, facts["trainable"], chosen=facts["chosen"])


def make_model(checkpoint: Checkpoint, labels: LabelSet, *, mixes_layers: bool) -> Any:
    """Load a checkpoint with a new head for these emotions.

    Raises:
        TrainingError: transformers has no classifier for this kind of encoder.
        UsageError: Weights of the encoder are missing in the files.
    """
    # A mixture needs every layer; a layer that is dropped in training leaves no hidden state.
    options = {"use_weighted_layer_sum": True, "layerdrop": 0.0} if mixes_layers else {}
    try:
        model, missing = _pretrained(
            checkpoint.folder,
            num_labels=len(labels),
            id2label=dict(enumerate(labels)),
            label2id={name: number for number, name in enumerate(labels)},
            ignore_mismatched_sizes=True,  # a head for other labels is replaced
            **options,
        )
    except Exception as error:
        raise TrainingError(
            f"the checkpoint {checkpoint.folder} cannot be fine-tuned: {_first_line(error)}"
        ) from error
    refuse_made_up(checkpoint, (n for n in missing if n.startswith(f"{model.base_model_prefix}.")))
    if mixes_layers:
        # transformers leaves them as the memory was for Wav2Vec2 and WavLM: they are in no
        # checkpoint, and its way of setting new weights passes over them.
        torch.nn.init.constant_(model.layer_weights, 1 / len(model.layer_weights))
    return model


def predict(model: Any, waves: Waves) -> npt.NDArray[np.float64]:
    """Return a model's probabilities of clips, in their order; each batch holds one length."""
    out = np.zeros((len(waves), int(model.config.num_labels)))
    was_training = model.training
    model.eval()
    with torch.inference_mode():
        for positions, heard in ordered_waves(waves):
            for group in by_length([len(wave) for wave in heard], _TOGETHER):
                given, _ = stack([heard[each] for each in group])
                logits = model(torch.from_numpy(given).to(model.device)).logits
                found = torch.softmax(logits.double(), dim=-1).cpu().numpy()
                out[[positions[each] for each in group]] = found
    model.train(was_training)
    return out


def _pretrained(folder: Path, **options: Any) -> tuple[Any, list[str]]:
    """Load a classifier and the names of weights that the files do not hold."""
    with quiet_transformers():
        model, loading = AutoModelForAudioClassification.from_pretrained(
            folder,
            trust_remote_code=False,
            local_files_only=True,
            dtype="float32",
            output_loading_info=True,
            **options,
        )
    return model, sorted(loading["missing_keys"])


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]

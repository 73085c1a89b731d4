"""transformers' Trainer with the methods that fine-tuning here replaces.

Imports torch, so it is imported inside functions only.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import transformers
from accelerate.utils import broadcast
from torch.nn import functional
from torch.utils.data import DataLoader

from serkit.models.speech.batches import WaveBatches, only
from serkit.models.speech.job import Job
from serkit.models.speech.model import predict
from serkit.models.speech.waves import Waves
from serkit.models.training import Epoch, EpochStats, emotion_weights, require_finite

_SMALLER = "lower learning_rate or head_rate, or train in float32"


@dataclass
class _Tally:
    """Sums over an epoch's batches, on the device to avoid synchronisation."""

    counts: torch.Tensor
    loss: float = 0.0
    clips: int = 0
    started: float = field(default_factory=time.perf_counter)


class FineTuner(transformers.Trainer):  # type: ignore[misc]
    """The Trainer with batches in parts, class weights, and a history of every epoch."""

    optimizer: Any  # the Trainer's own, which comes without types
    control: Any

    def __init__(
        self,
        model: Any,
        arguments: transformers.TrainingArguments,
        batches: WaveBatches,
        job: Job,
        callbacks: list[Any],
    ) -> None:
        super().__init__(
            model,
            arguments,
            train_dataset=batches,
            eval_dataset=job.fold.validation,
            callbacks=[_Keeper(job), *callbacks],
        )
        self.remove_callback(transformers.PrinterCallback)  # it prints to stdout
        self._job = job
        self._classes = len(job.fold.labels)
        self._validation = Waves(job.fold.validation, job.hearing)
        self._class_weights = torch.from_numpy(
            emotion_weights(
                job.fold.train.labels,
                len(job.fold.labels),
                job.parameters.class_weight,
            )
        ).to(arguments.device)
        self._said = ""
        self._batch = 0
        self._tally = self._new_tally()

    def get_train_dataloader(self) -> Any:
        """Return the batches in their own order."""
        loader = DataLoader(self.train_dataset, batch_size=1, collate_fn=only)
        return self.accelerator.prepare(loader)

    def get_batch_samples(
        self, epoch_iterator: Iterator[Any], num_batches: int, device: Any
    ) -> tuple[list[Any], int]:
        """Also count the clips of a step, so that each has the same weight."""
        batches, _ = super().get_batch_samples(epoch_iterator, num_batches, device)
        return batches, sum(batch["count"] for batch in batches)

    def create_optimizer(self, *_arguments: Any) -> Any:
        """Give the randomly initialised head its own learning rate."""
        if self.optimizer is None:
            rate, decaying = self.args.learning_rate, self.get_decay_parameter_names(self.model)
            groups = _groups(self.model, decaying)
            head = rate * self._job.parameters.head_rate
            self.optimizer = torch.optim.AdamW(
                [
                    {
                        "params": each,
                        "lr": head if is_head else rate,
                        "weight_decay": self.args.weight_decay if decays else 0.0,
                    }
                    for (is_head, decays), each in groups.items()
                ]
            )
        return self.optimizer

    def training_step(
        self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """Add up the gradients of a batch's parts: that of the mean over the step's clips."""
        model.train()
        self._batch += 1
        # dropout, masks and dropped layers depend only on the step
        state = [self.args.seed, self.state.global_step, self._batch, self.args.process_index]
        transformers.set_seed(int(np.random.SeedSequence(state).generate_state(1)[0]))
        inputs, total = self._prepare_inputs(inputs), torch.zeros((), device=self.args.device)
        clips = int(num_items_in_batch or inputs["count"])
        for index, part in enumerate(inputs["parts"]):
            is_last = index + 1 == len(inputs["parts"])
            with nullcontext() if is_last else self.accelerator.no_sync(model):
                total += self._part(model, part, clips)
        self._report(float(total) * clips / inputs["count"], inputs["count"])
        return total

    def evaluate(self, *_args: Any, **_options: Any) -> dict[str, float]:
        """Record an epoch: training and validation scores."""
        trained = self._trained()
        epoch = len(self._job.course.rows) + 1
        logs = {"train_uar": trained.uar, "train_accuracy": trained.accuracy}
        validated = None
        if len(self._validation):
            probabilities = predict(self.model, self._validation)
            validated = EpochStats.of(probabilities, self._job.fold.validation.labels)
            require_finite(validated.loss, epoch, "on the validation clips", hint=_SMALLER)
            logs |= {f"eval_{key}": getattr(validated, key) for key in ("loss", "accuracy", "uar")}
        labels, monitor = self._job.fold.labels, self._job.parameters.monitor
        judged = Epoch.of(epoch, trained, validated, labels, monitor)
        self._said = judged.said
        row = judged.row | {"seconds": time.perf_counter() - self._tally.started}
        score = self._agreed(judged.score)
        self._job.course.note_step(row, score, self.state.global_step, self.model)
        self._job.context.progress(
            epoch, int(self.args.num_train_epochs), f"loss {trained.loss:.3f}{self._said}"
        )
        if validated is not None:
            self._job.context.judged(epoch / int(self.args.num_train_epochs), validated.uar)
        self._tally, self._batch = self._new_tally(), 0
        self.log(logs)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, logs)
        return logs

    def floating_point_ops(self, _inputs: Any) -> int:
        """Count nothing."""
        return 0

    def _part(self, model: Any, part: Mapping[str, torch.Tensor], clips: int) -> torch.Tensor:
        labels = part["labels"]
        given = {key: value for key, value in part.items() if key != "labels"}
        with self.compute_loss_context_manager():
            logits = model(**given).logits.float()
        losses = functional.cross_entropy(
            logits,
            labels,
            reduction="none",
            label_smoothing=self._job.parameters.label_smoothing,
        )
        loss = (losses * self._class_weights[labels]).sum() / clips
        self.accelerator.backward(loss)
        places = labels * self._classes + logits.argmax(dim=-1)
        self._tally.counts += torch.bincount(places, minlength=self._classes**2)
        return loss.detach()

    def _report(self, loss: float, clips: int) -> None:
        epoch = len(self._job.course.rows) + 1
        require_finite(loss, epoch, f"batch {self._batch}", hint=_SMALLER)
        self._tally.loss += loss * clips
        self._tally.clips += clips
        world = self.args.world_size
        self._job.context.batches(
            self._batch,
            math.ceil(len(self.train_dataset) / world),
            f"epoch {epoch}, loss {self._tally.loss / self._tally.clips:.3f}{self._said}",
        )

    def _trained(self) -> EpochStats:
        """Return the training predictions of this epoch from all processes."""
        sums = torch.tensor([self._tally.loss, self._tally.clips], device=self.args.device)
        counts = self.accelerator.reduce(self._tally.counts, "sum").reshape(
            self._classes, self._classes
        )
        loss, clips = self.accelerator.reduce(sums, "sum").tolist()
        return EpochStats(loss / max(clips, 1), counts.cpu().numpy())

    def _agreed(self, score: float) -> float:
        """Return the first process's score: they must all stop at the same epoch."""
        given = torch.tensor(score, dtype=torch.float64, device=self.args.device)
        return float(broadcast(given))

    def _new_tally(self) -> _Tally:
        counts = torch.zeros(self._classes**2, dtype=torch.int64, device=self.args.device)
        return _Tally(counts)


class _Keeper(transformers.TrainerCallback):  # type: ignore[misc]
    """Stops when patience runs out, and marks complete checkpoints."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def on_evaluate(self, _args: Any, _state: Any, control: Any, **_more: Any) -> None:
        """Stop where no better epoch came for long enough."""
        if self._job.course.exhausted(self._job.parameters.patience):
            control.should_training_stop = True

    def on_save(self, args: Any, state: Any, _control: Any, **_more: Any) -> None:
        """Write the course with the Trainer's checkpoint."""
        if args.should_save:
            self._job.course.commit(self._job.folder, state.global_step)


def _groups(model: Any, decaying: list[str]) -> dict[tuple[bool, bool], list[Any]]:
    """Group trained parameters by head and weight decay."""
    groups: dict[tuple[bool, bool], list[Any]] = {}
    for name, each in model.named_parameters():
        if each.requires_grad:
            is_head = not name.startswith(f"{model.base_model_prefix}.")
            groups.setdefault((is_head, name in decaying), []).append(each)
    return groups

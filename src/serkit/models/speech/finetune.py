"""Fine-tuning by transformers' Trainer: one process, or several by torchrun.

Imports torch, so it is imported inside functions only.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import numpy as np
import torch
import transformers
from accelerate.utils import broadcast
from torch.nn import functional
from torch.utils.data import DataLoader

from serkit.encoders.checkpoint import Checkpoint, open_checkpoint
from serkit.encoders.machine import pick_device, process_count, quiet_transformers
from serkit.models.clips import FoldData
from serkit.models.memory import fitting_in_memory
from serkit.models.mlflow import mlflow_run
from serkit.models.speech.augment import WaveAugmentation
from serkit.models.speech.batches import WaveBatches, only
from serkit.models.speech.checkpoint import SpeechCourse, resume
from serkit.models.speech.model import SpeechModel, make_model, predict
from serkit.models.speech.parameters import SpeechParameters
from serkit.models.speech.waves import InputSpec, Waves
from serkit.models.trainer import FitContext, Tracking
from serkit.models.training import (
    Epoch,
    EpochStats,
    emotion_weights,
    history_frame,
    require_finite,
    training_key,
)

_SMALLER = "lower learning_rate or head_rate, or train in float32"

_SCHEDULES = {"linear": "linear", "cosine": "cosine", "constant": "constant_with_warmup"}


def fit(fold: FoldData, parameters: SpeechParameters, context: FitContext) -> SpeechModel:
    """Fine-tune a checkpoint on a fold's training side.

    Args:
        fold: The training side; the best epoch is chosen on its validation speakers.
        parameters: Parameters of input, model and training.
        context: Seed, progress, folder of checkpoints, tracking.

    Raises:
        NotFoundError: The checkpoint is not to be had.
        TrainingError: A loss is not finite, a clip is too short, or the memory is.
    """
    checkpoint = open_checkpoint(parameters.checkpoint)
    device = pick_device(parameters.device)
    hearing = InputSpec(
        parameters.features,
        checkpoint.sample_rate,
        checkpoint.normalises,
        parameters.trim_db,
        checkpoint.masks,
        checkpoint.fewest_samples,
    )
    transformers.set_seed(context.seed)
    model = make_model(checkpoint, fold.labels, mixes_layers=parameters.pooling == "layers")
    _freeze(model, parameters.freeze)
    trainable = sum(each.numel() for each in model.parameters() if each.requires_grad)
    with _folder(context.workdir) as folder, quiet_transformers():
        key = _key(fold, parameters, context.seed, checkpoint)
        course, last = resume(context.workdir and folder, key)
        earlier = sum(float(row["seconds"]) for row in course.rows)
        job = _Job(fold, parameters, context, hearing, course, folder)
        if not course.exhausted(parameters.patience):
            _train(model, job, device, last)
    model.load_state_dict(course.weights)
    model.to(device).eval()
    return SpeechModel(
        model,
        hearing,
        trainable,
        chosen={"epoch": course.best} if len(fold.validation) else {},
        history=history_frame(course.rows, course.best),
        earlier_seconds=earlier,
        fitted_clips=len(fold.train),
        settings_tried=len(course.rows),
    )


@dataclass(frozen=True)
class _Job:
    """All that one fit is about."""

    fold: FoldData
    parameters: SpeechParameters
    context: FitContext
    hearing: InputSpec
    course: SpeechCourse
    folder: Path

    @property
    def keeps(self) -> bool:
        """Whether checkpoints are to outlive the process."""
        return self.context.workdir is not None

    @property
    def accumulation(self) -> int:
        """Batches that each process takes of a step."""
        return self.parameters.accumulation // self._sharing

    @property
    def batch_size(self) -> int:
        """Clips of a batch: a step stays as large with several processes as with one."""
        return max(1, self.parameters.batch_size * self._sharing // process_count())

    @property
    def _sharing(self) -> int:
        """How far the processes can share a step by taking whole batches of it."""
        return math.gcd(self.parameters.accumulation, process_count())

    def batches(self) -> WaveBatches:
        """Return the training side."""
        cut = self.parameters.cut_ms * self.hearing.sample_rate // 1000
        return WaveBatches(
            Waves(self.fold.train, self.hearing),
            self.fold.train.labels,
            self.batch_size,
            self.parameters.micro_batch,
            cut,
            WaveAugmentation.of(self.parameters, self.hearing.sample_rate),
            self.context.seed,
        )


def _train(model: Any, job: _Job, device: str, last: Path | None) -> None:
    batches = job.batches()
    arguments = _arguments(job, len(batches), device)
    with ExitStack() as stack:
        callbacks = list(_trackers(job.context.tracking, stack))
        trainer = _FineTuner(model, arguments, batches, job, callbacks)
        try:
            with fitting_in_memory(
                "the encoder", "lower micro_batch, or freeze=encoder, or take a smaller checkpoint"
            ):
                trainer.train(resume_from_checkpoint=str(last) if last else None)
        finally:
            # free the GPU memory of a failed training for the next fold
            trainer.accelerator.free_memory()


def _arguments(job: _Job, batches: int, device: str) -> transformers.TrainingArguments:
    values, epochs = job.parameters, job.parameters.epochs
    steps = math.ceil(math.ceil(batches / process_count()) / job.accumulation) * epochs
    return transformers.TrainingArguments(
        output_dir=str(job.folder),
        run_name=job.context.tracking.name or None,
        num_train_epochs=epochs,
        gradient_accumulation_steps=job.accumulation,
        learning_rate=values.learning_rate,
        lr_scheduler_type=_SCHEDULES[values.schedule],
        warmup_steps=math.ceil(values.warm_up * steps),
        weight_decay=values.weight_decay,
        seed=job.context.seed,
        use_cpu=device == "cpu",
        bf16=values.precision == "bfloat16",
        fp16=values.precision == "float16",
        eval_strategy="epoch",
        logging_strategy="epoch",
        save_strategy="epoch" if job.keeps else "no",
        logging_nan_inf_filter=False,
        remove_unused_columns=False,
        disable_tqdm=True,
        report_to="none",
        log_level="error",
    )


@dataclass
class _Tally:
    """Sums over an epoch's batches, on the device to avoid synchronisation."""

    counts: torch.Tensor
    loss: float = 0.0
    clips: int = 0
    started: float = field(default_factory=time.perf_counter)


class _FineTuner(transformers.Trainer):  # type: ignore[misc]
    """The Trainer with batches in parts, weights of emotions, and a history of every epoch."""

    optimizer: Any  # the Trainer's own, which comes without types
    control: Any

    def __init__(
        self,
        model: Any,
        arguments: transformers.TrainingArguments,
        batches: WaveBatches,
        job: _Job,
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

    # Trainer interface

    def get_train_dataloader(self) -> Any:
        """Draw batches in the order that they give themselves."""
        loader = DataLoader(self.train_dataset, batch_size=1, collate_fn=only)
        return self.accelerator.prepare(loader)

    def get_batch_samples(
        self, epoch_iterator: Iterator[Any], num_batches: int, device: Any
    ) -> tuple[list[Any], int]:
        """Also count the clips of a step: each is to weigh the same."""
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
        """Leave them uncounted."""
        return 0

    # Parts

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
        """Return the first process's score: a last digit must not part them where one stops."""
        given = torch.tensor(score, dtype=torch.float64, device=self.args.device)
        return float(broadcast(given))

    def _new_tally(self) -> _Tally:
        counts = torch.zeros(self._classes**2, dtype=torch.int64, device=self.args.device)
        return _Tally(counts)


class _Keeper(transformers.TrainerCallback):  # type: ignore[misc]
    """Stops when patience runs out, and marks complete checkpoints."""

    def __init__(self, job: _Job) -> None:
        self._job = job

    def on_evaluate(self, _args: Any, _state: Any, control: Any, **_more: Any) -> None:
        """Stop where no better epoch came for long enough."""
        if self._job.course.exhausted(self._job.parameters.patience):
            control.should_training_stop = True

    def on_save(self, args: Any, state: Any, _control: Any, **_more: Any) -> None:
        """Write the course with the Trainer's checkpoint."""
        if args.should_save:
            self._job.course.commit(self._job.folder, state.global_step)


@contextmanager
def _folder(workdir: Path | None) -> Iterator[Path]:
    """Yield the Trainer's folder: the given one, or a temporary one."""
    if workdir is None:
        with TemporaryDirectory(prefix="serkit-finetune-") as name:
            yield Path(name)
        return
    workdir.mkdir(parents=True, exist_ok=True)
    yield workdir


def _trackers(tracking: Tracking, stack: ExitStack) -> Iterator[Any]:
    """Yield transformers' TensorBoard and MLflow callbacks, if requested."""
    if tracking.tensorboard is not None:
        if sys.modules.get("tensorflow") is None:
            # TensorBoard would load it wherever it is installed; this name tells it not to. Where
            # it is loaded already, Keras's callback needs TensorBoard to know of it.
            sys.modules.setdefault("tensorboard.compat.notf", ModuleType("notf"))
        from torch.utils.tensorboard import SummaryWriter
        from transformers.integrations import TensorBoardCallback

        writer = SummaryWriter(str(tracking.tensorboard / tracking.name))
        stack.callback(writer.close)
        yield TensorBoardCallback(writer)
    if tracking.mlflow is not None:
        # Transformers' callback logs the parameters itself.
        stack.enter_context(mlflow_run(tracking.mlflow, tracking.name, {}))
        from transformers.integrations import MLflowCallback

        yield MLflowCallback()


def _freeze(model: Any, what: str) -> None:
    if what == "convolutions":
        model.freeze_feature_encoder()
    elif what == "encoder":
        model.base_model.requires_grad_(False)


def _groups(model: Any, decaying: list[str]) -> dict[tuple[bool, bool], list[Any]]:
    """Group trained parameters by head and weight decay."""
    groups: dict[tuple[bool, bool], list[Any]] = {}
    for name, each in model.named_parameters():
        if each.requires_grad:
            is_head = not name.startswith(f"{model.base_model_prefix}.")
            groups.setdefault((is_head, name in decaying), []).append(each)
    return groups


def _key(fold: FoldData, parameters: SpeechParameters, seed: int, checkpoint: Checkpoint) -> str:
    """Return a digest of all that a training depends on."""
    values = parameters.to_json() | {"checkpoint": checkpoint.identity}
    return training_key(fold, [values, seed])

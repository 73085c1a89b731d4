"""Fine-tuning by transformers' Trainer: one process, or several by torchrun.

Imports torch, so it is imported inside functions only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import transformers

from serkit.encoders.checkpoint import Checkpoint, open_checkpoint
from serkit.encoders.machine import pick_device, process_count, quiet_transformers
from serkit.models.clips import FoldData
from serkit.models.memory import fitting_in_memory
from serkit.models.mlflow import mlflow_run
from serkit.models.speech.checkpoint import resume
from serkit.models.speech.job import Job
from serkit.models.speech.loop import FineTuner
from serkit.models.speech.model import SpeechModel, make_model
from serkit.models.speech.parameters import SpeechParameters
from serkit.models.speech.waves import InputSpec
from serkit.models.trainer import FitContext, Tracking
from serkit.models.training import history_frame, training_key

_SCHEDULES = {"linear": "linear", "cosine": "cosine", "constant": "constant_with_warmup"}


def fit(fold: FoldData, parameters: SpeechParameters, context: FitContext) -> SpeechModel:
    """Fine-tune a checkpoint on a fold's training side.

    Args:
        fold: The training side; the best epoch is chosen on its validation speakers.
        parameters: Parameters of input, model and training.
        context: Seed, progress, folder of checkpoints, tracking.

    Raises:
        NotFoundError: The checkpoint cannot be found.
        TrainingError: A loss is not finite, a clip is too short, or memory runs out.
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
        job = Job(fold, parameters, context, hearing, course, folder)
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


def _train(model: Any, job: Job, device: str, last: Path | None) -> None:
    batches = job.batches()
    arguments = _arguments(job, len(batches), device)
    with ExitStack() as stack:
        callbacks = list(_trackers(job.context.tracking, stack))
        trainer = FineTuner(model, arguments, batches, job, callbacks)
        try:
            with fitting_in_memory(
                "the encoder", "lower micro_batch, or freeze=encoder, or take a smaller checkpoint"
            ):
                trainer.train(resume_from_checkpoint=str(last) if last else None)
        finally:
            # free the GPU memory of a failed training for the next fold
            trainer.accelerator.free_memory()


def _arguments(job: Job, batches: int, device: str) -> transformers.TrainingArguments:
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


def _key(fold: FoldData, parameters: SpeechParameters, seed: int, checkpoint: Checkpoint) -> str:
    """Return a digest of all that a training depends on."""
    values = parameters.to_json() | {"checkpoint": checkpoint.identity}
    return training_key(fold, [values, seed])

"""The training loop: epochs over random batches, the best one by inner validation speakers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from serkit.models.distillation import mixed_targets
from serkit.models.keras.augment import Augmentation
from serkit.models.keras.averaging import Average, Weights
from serkit.models.keras.batches import Inputs, assemble, assemble_beside, random_batches
from serkit.models.keras.checkpoint import Checkpoints
from serkit.models.keras.compiled import CompiledNet
from serkit.models.keras.network import predict
from serkit.models.keras.optimisation import learning_rate
from serkit.models.keras.parameters import KerasParameters
from serkit.models.keras.rows import ReadyRows
from serkit.models.keras.scaling import Scaling
from serkit.models.keras.spectra import Spectra
from serkit.models.stacking import Probabilities
from serkit.models.tracking import tracked
from serkit.models.trainer import FitContext
from serkit.models.training import Course, Epoch, EpochStats, emotion_weights, require_finite

_SMALLER = "lower learning_rate, or scale the input (scale=db, standardise=live)"


def train(
    net: CompiledNet,
    clips: Spectra,
    validation: Spectra,
    scaling: Scaling,
    parameters: KerasParameters,
    context: FitContext,
    checkpoints: Checkpoints | None = None,
    last: int | None = None,
    soft: Probabilities | None = None,
) -> Course[Weights]:
    """Train a net, and leave it with the weights of its best epoch.

    Args:
        net: The net, in the state of a new one.
        clips: The training clips.
        validation: Clips for choosing the best epoch; without any the last epoch is kept.
        scaling: How clips are scaled.
        parameters: Of the loop, the augmentation and the machine.
        context: Seed, progress and tracking.
        checkpoints: Checkpoints from which an interrupted training resumes with an identical
            result.
        last: The epoch to end with, on the schedule of all ``epochs``; None is the last of them.
        soft: Soft labels of the training clips, shape ``(n, classes)``; None learns from the
            labels alone.

    Raises:
        TrainingError: A loss is not finite.
    """
    checkpoints = checkpoints or Checkpoints()
    model, epochs, size = net.model, parameters.epochs, parameters.batch_size
    rate = learning_rate(parameters, epochs, math.ceil(len(clips) / size))
    augmentation = Augmentation(parameters, clips.edges)
    weights = emotion_weights(clips.labels, len(clips.label_set), parameters.class_weight)
    targets = mixed_targets(clips.labels, len(weights), soft, parameters.teacher_weight)
    ready = ReadyRows.of(clips, scaling, augmentation.changes_clips)
    feed = Feed(clips, scaling, augmentation, weights, targets, ready)
    random = np.random.default_rng([context.seed, len(clips)])
    average = Average(parameters.average)
    course = checkpoints.load(model, random, average)
    lesson = _Lesson(net, feed, size, random, rate, average, context)
    ends = last or epochs
    context.progress(len(course.rows), ends, "training" if last is None else "fitting again")
    with tracked(model, parameters.to_json(), context.tracking) as log_epoch:
        while len(course.rows) < ends and not course.exhausted(parameters.patience):
            epoch, started = len(course.rows) + 1, time.perf_counter()
            trained = lesson.epoch(epoch)
            validated = None
            with average.applied(model):
                if len(validation):
                    found = predict(model, validation, scaling)
                    validated = EpochStats.of(found, validation.labels)
                    require_finite(validated.loss, epoch, "on the validation clips", hint=_SMALLER)
                judged = Epoch.of(epoch, trained, validated, clips.label_set, parameters.monitor)
                row = judged.row | {"seconds": time.perf_counter() - started}
                course.note(row, judged.score, model.get_weights)
            log_epoch(row)
            context.progress(epoch, ends, f"loss {trained.loss:.3f}{judged.said}")
            if validated is not None:
                context.judged(epoch / ends, validated.uar)
            checkpoints.save_if_due(model, random, course, average)
    model.set_weights(course.weights)
    return course


@dataclass(frozen=True)
class _Lesson:
    """One epoch over all training clips."""

    net: CompiledNet
    feed: Feed
    size: int
    random: np.random.Generator
    rate: Callable[[int], float]
    average: Average
    context: FitContext

    def epoch(self, number: int) -> EpochStats:
        """Train on every clip once; return how the net stood on them meanwhile."""
        tally, model = Tally.of(len(self.feed.weights)), self.net.model
        batches = random_batches(self.feed.clips, self.size, self.random)
        before = (number - 1) * len(batches) - 1
        for step, positions in enumerate(batches, start=1):
            inputs, targets, weights = self.feed.batch(positions, self.random)
            model.optimizer.learning_rate = self.rate(before + step)
            # it resets metrics first, so the result covers only this batch
            found = model.train_on_batch(inputs, targets, weights, return_dict=True)
            self.average.note(model)
            loss = require_finite(float(found["loss"]), number, f"step {step}", hint=_SMALLER)
            tally.add(loss, self.net.confusion)
            self.context.batches(step, len(batches), f"epoch {number}, loss {tally.loss:.3f}")
        return EpochStats(tally.loss, tally.counts)


@dataclass
class Tally:
    """Sums over an epoch's batches.

    Attributes:
        counts: Clips by true emotion and predicted one, shape ``(classes, classes)``.
    """

    counts: npt.NDArray[np.int64]
    _total: float = 0.0

    @classmethod
    def of(cls, classes: int) -> Tally:
        """Begin to count."""
        return cls(np.zeros((classes, classes), np.int64))

    def add(self, loss: float, confusion: Any) -> None:
        """Add a batch: mean loss and counts."""
        import keras

        counted = np.rint(keras.ops.convert_to_numpy(confusion.counts)).astype(np.int64)
        self._total += loss * int(counted.sum())
        self.counts += counted

    @property
    def loss(self) -> float:
        """Mean loss of a clip."""
        return self._total / max(int(self.counts.sum()), 1)


@dataclass(frozen=True)
class Feed:
    """Convert positions to a training step's inputs.

    Attributes:
        clips: The clips.
        scaling: How they are scaled.
        augmentation: How they are changed.
        weights: Class weights, shape ``(classes,)``.
        targets: Probabilities that each clip is trained towards, shape ``(n, classes)``.
        ready: Rows of tables that are scaled already.
    """

    clips: Spectra
    scaling: Scaling
    augmentation: Augmentation
    weights: npt.NDArray[np.float32]
    targets: npt.NDArray[np.float32]
    ready: ReadyRows

    def batch(self, positions: npt.NDArray[np.intp], random: np.random.Generator) -> Any:
        """Return inputs, targets and weights."""
        labels = self.clips.labels[positions]
        inputs = self._frames(positions, random) | self._beside(positions)
        inputs, targets = self.augmentation.mix(inputs, self.targets[positions], random)
        return inputs, targets, self.weights[labels]

    def _frames(self, positions: npt.NDArray[np.intp], random: np.random.Generator) -> Inputs:
        if self.ready.frames is not None:
            return {"frames": self.ready.frames[positions, np.newaxis]}
        scaled = [self.scaling(clip) for clip in self.clips.take(positions)]
        changed = self.augmentation.clips(scaled, random)
        return assemble(changed, self.clips.source, self.scaling)

    def _beside(self, positions: npt.NDArray[np.intp]) -> Inputs:
        if self.ready.beside is not None:
            return {"beside": self.ready.beside[positions]}
        return assemble_beside(self.clips.rows(positions), self.scaling)

"""One fine-tuning, and how its processes share a step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from serkit.encoders.machine import process_count
from serkit.models.clips import FoldData
from serkit.models.speech.augment import WaveAugmentation
from serkit.models.speech.batches import WaveBatches
from serkit.models.speech.checkpoint import SpeechCourse
from serkit.models.speech.parameters import SpeechParameters
from serkit.models.speech.waves import InputSpec, Waves
from serkit.models.trainer import FitContext


@dataclass(frozen=True)
class Job:
    """One fine-tuning: its data, parameters and course.

    Attributes:
        fold: The training side.
        parameters: Parameters of input, model and training.
        context: Seed, progress, checkpoint folder and tracking.
        hearing: The input that the encoder expects.
        course: The epochs so far; filled while training.
        folder: Where the Trainer keeps its checkpoints.
    """

    fold: FoldData
    parameters: SpeechParameters
    context: FitContext
    hearing: InputSpec
    course: SpeechCourse
    folder: Path

    @property
    def keeps(self) -> bool:
        """Whether checkpoints outlive the process."""
        return self.context.workdir is not None

    @property
    def accumulation(self) -> int:
        """Number of batches of a step that each process takes."""
        return self.parameters.accumulation // self._sharing

    @property
    def batch_size(self) -> int:
        """Clips per batch; a step has the same size with any number of processes."""
        return max(1, self.parameters.batch_size * self._sharing // process_count())

    @property
    def _sharing(self) -> int:
        """Into how many shares of whole batches the processes can divide a step."""
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

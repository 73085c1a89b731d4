"""One policy for all models: once everything is chosen, fit on training and validation clips.

Validation clips are held out for choosing hyperparameters. They are a tenth of the training data,
so after the choice models are refitted on them too, unless disabled. If the study's selection on
its test clips is reproduced, there is no refit.
"""

from __future__ import annotations

from dataclasses import dataclass

from serkit.models.clips import FoldData, TrainingClips
from serkit.parameters import Parameters, parameter


@dataclass(frozen=True)
class RefitParameters(Parameters):
    """Which clips the final model is fitted on."""

    refit: bool = parameter(
        True,
        "refit on training and validation clips after selection",
    )

    def fitted_side(self, fold: FoldData) -> TrainingClips:
        """Return the clips that the final model is fitted on."""
        return fold.everything if self.refit else fold.train

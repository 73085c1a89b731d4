"""One policy for all models: once everything is chosen, fit on training and validation clips.

The clips of the validation actors are set aside to choose on. They are a tenth of what there is to
learn from, so a model that has chosen learns from them, too, unless it is asked not to. Where the
study's choice on its test clips is reproduced, there is nothing to add.
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
        "fit on training and validation clips once all is chosen, or on the training clips alone",
    )

    def fitted_side(self, fold: FoldData) -> TrainingClips:
        """Return the clips that the final model is fitted on."""
        return fold.everything if self.refit else fold.train

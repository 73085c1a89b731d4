"""One policy for all models: once everything is chosen, fit on training and validation clips.

The clips of the validation actors are set aside to choose on. They are a tenth of what there is to
learn from, so a model that has chosen learns from them, too, unless it is asked not to. Where the
study's choice on its test clips is reproduced, there is nothing to add.
"""

from __future__ import annotations

from serkit.models.clips import FoldData, TrainingClips
from serkit.parameters import Parameter, Parameters

REFIT = {
    "refit": Parameter(
        True,
        "fit on training and validation clips once all is chosen, or on the training clips alone",
    )
}
"""What :func:`fitted_side` reads."""


def fitted_side(fold: FoldData, parameters: Parameters) -> TrainingClips:
    """Return the clips that the final model is fitted on."""
    return fold.everything if parameters["refit"] else fold.train

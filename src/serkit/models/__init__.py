"""Shared code of all models: the trainer contract, histories, tracking, and machinery by kind.

Models themselves are plug-ins in :mod:`serkit.trainers`.
"""

from serkit.models.clips import ClipData, FeatureValues, FoldData, TrainingClips
from serkit.models.trainer import (
    TRAINERS,
    FitContext,
    Fitted,
    Preset,
    Tracking,
    Trainer,
    earlier_seconds,
    fitted_clips,
    history_of,
    notes_of,
    settings_tried,
)

__all__ = [
    "TRAINERS",
    "ClipData",
    "FeatureValues",
    "FitContext",
    "Fitted",
    "FoldData",
    "Preset",
    "Tracking",
    "Trainer",
    "TrainingClips",
    "earlier_seconds",
    "fitted_clips",
    "history_of",
    "notes_of",
    "settings_tried",
]

"""What every model shares: the trainer contract, histories, tracking, and the machinery by kind.

Models themselves are plug-ins in :mod:`serkit.trainers`.
"""

from serkit.models.trainer import (
    TRAINERS,
    ClipData,
    FitContext,
    Fitted,
    FoldData,
    Preset,
    Tracking,
    Trainer,
    earlier_seconds,
    history_of,
)

__all__ = [
    "TRAINERS",
    "ClipData",
    "FitContext",
    "Fitted",
    "FoldData",
    "Preset",
    "Tracking",
    "Trainer",
    "earlier_seconds",
    "history_of",
]

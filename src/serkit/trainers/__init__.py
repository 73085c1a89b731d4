"""The models, one trainer a module; see :class:`serkit.trainers._trainer.Trainer`."""

from serkit.trainers._trainer import (
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

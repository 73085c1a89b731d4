"""Argument and return types of the use cases, for annotations."""

from serkit.audio import Audio
from serkit.audio.playing import Player
from serkit.experiments.listening.session import Question, Reply
from serkit.experiments.progress import Progress
from serkit.extraction.compare_audio import AudioComparison
from serkit.extraction.estimate import Preview
from serkit.extraction.extract import ExtractReport
from serkit.ingest.audit_report import AuditReport
from serkit.prediction.live import Heard
from serkit.prediction.picture import SoundPicture
from serkit.prediction.predictions import Predictions
from serkit.prediction.predictor import Predictor
from serkit.prediction.timeline import Timelines
from serkit.store.manifest import Failure
from serkit.store.verify import VerifyReport

__all__ = [
    "Audio",
    "AudioComparison",
    "AuditReport",
    "ExtractReport",
    "Failure",
    "Heard",
    "Player",
    "Predictions",
    "Predictor",
    "Preview",
    "Progress",
    "Question",
    "Reply",
    "SoundPicture",
    "Timelines",
    "VerifyReport",
]

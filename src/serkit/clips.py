"""What a clip is: one recording of one sentence by one actor, and the emotion in it.

The vocabulary of emotions is shared by all corpora; a corpus maps its own labels onto it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

EMOTIONS: tuple[str, ...] = (
    "neutral",
    "calm",
    "happy",
    "sad",
    "angry",
    "fearful",
    "disgust",
    "surprised",
)
"""The emotion names in the order of their numbers, ``emotion_id`` 0 to 7."""

EMOTION_IDS: dict[str, int] = {name: i for i, name in enumerate(EMOTIONS)}

SAMPLE_RATE = 48_000
"""Rate in Hz that every signal is brought to before a feature sees it."""

UNKNOWN: Final = "unknown"
"""What stands for an emotion, a sex and the like where nobody has said it."""

NO_EMOTION = -1
"""The ``emotion_id`` of a clip whose emotion is unknown; no class of any model."""

Sex = Literal["male", "female", "unknown"]


@dataclass(frozen=True, slots=True)
class ClipName:
    """What a file's name (and place) says about a clip.

    Attributes:
        clip_id: The key of the clip inside its corpus: the file name's stem.
        modality: ``audio-only``, ``full-av`` or ``video-only``.
        vocal_channel: ``speech`` or ``song``.
        emotion: A name out of :data:`EMOTIONS`; :data:`UNKNOWN` in audio without labels.
        intensity: ``normal`` or ``strong``.
        statement: The sentence that is spoken.
        repetition: 1 for the first take, 2 for the second.
        actor: The actor's number; 0 where the speaker is unknown.
        sex: ``male`` or ``female``; :data:`UNKNOWN` in audio without labels.
    """

    clip_id: str
    modality: str
    vocal_channel: str
    emotion: str
    intensity: str
    statement: str
    repetition: int
    actor: int
    sex: Sex

    @property
    def emotion_id(self) -> int:
        """The emotion's number, 0 to 7; :data:`NO_EMOTION` where it is unknown."""
        return NO_EMOTION if self.emotion == UNKNOWN else EMOTION_IDS[self.emotion]

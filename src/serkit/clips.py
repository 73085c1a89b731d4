"""What a clip is: one recording of one utterance by one speaker, and the emotion in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from serkit.labels import UNKNOWN

SAMPLE_RATE = 48_000
"""Rate in Hz that every signal is brought to before a feature sees it."""

Sex = Literal["male", "female", "unknown"]


@dataclass(frozen=True, slots=True)
class ClipName:
    """What a file's name and place, or a row of a table, says about a clip.

    Attributes:
        clip_id: The clip's key inside its corpus: most often the file name's stem.
        emotion: One of the corpus's labels; :data:`~serkit.labels.UNKNOWN` in audio without.
        speaker: Who speaks, by any name; :data:`~serkit.labels.UNKNOWN` where nobody has said.
        sex: ``male`` or ``female``, or unknown.
        intensity: ``normal``, ``strong``, or the corpus's own word.
        statement: The sentence that is spoken, or the corpus's own code for it.
        repetition: 1 for the first take, 2 for the second; 0 where nobody counts.
        modality: ``audio-only``, ``full-av`` or ``video-only``.
        vocal_channel: ``speech`` or ``song``.
        actor: The speaker's number, in corpora that number their actors.

    Example:
        >>> ClipName("a01", emotion="angry", speaker="anna", sex="female").intensity
        'unknown'
    """

    clip_id: str
    emotion: str
    speaker: str
    sex: Sex = UNKNOWN
    intensity: str = UNKNOWN
    statement: str = UNKNOWN
    repetition: int = 0
    modality: str = "audio-only"
    vocal_channel: str = "speech"
    actor: int | None = None


def natural_order(name: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Return the key by which names are sorted as people do: numbers in them by their value.

    Example:
        >>> sorted(["10", "9", "spk2", "spk10", "anna"], key=natural_order)
        ['9', '10', 'anna', 'spk2', 'spk10']
    """
    parts = re.split(r"(\d+)", name)
    return tuple(_part(part) for part in parts if part), name


def _part(part: str) -> tuple[int, int, str]:
    return (0, int(part), "") if part.isdecimal() else (1, 0, part)

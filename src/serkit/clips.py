"""Clips: recordings of one utterance by one speaker, with one emotion."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from serkit.labels import UNKNOWN

SAMPLE_RATE = 48_000
"""Sample rate in Hz to which all audio is resampled before extraction."""

Sex = Literal["male", "female", "unknown"]


@dataclass(frozen=True, slots=True)
class ClipName:
    """A clip's metadata, from its file name, its folder or a table.

    Attributes:
        clip_id: The clip's key in its corpus, usually the stem of the file name.
        emotion: One of the corpus's labels; :data:`~serkit.labels.UNKNOWN` for unlabelled audio.
        speaker: The speaker's name; :data:`~serkit.labels.UNKNOWN` if not known.
        sex: ``male`` or ``female``, or unknown.
        intensity: ``normal``, ``strong``, or the corpus's own word.
        statement: The spoken sentence, or the corpus's code for it.
        repetition: 1 for the first take, 2 for the second; 0 if not numbered.
        modality: ``audio-only``, ``full-av`` or ``video-only``.
        vocal_channel: ``speech`` or ``song``.
        actor: The speaker's number, in corpora that number their actors.
        age: The speaker's age in years, where somebody has said it.
        split: The part of a published split that the clip belongs to; empty where there is none.

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
    age: int | None = None
    split: str = ""


def natural_order(name: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Return a sort key that orders numbers in names by value.

    Example:
        >>> sorted(["10", "9", "spk2", "spk10", "anna"], key=natural_order)
        ['9', '10', 'anna', 'spk2', 'spk10']
    """
    parts = re.split(r"(\d+)", name)
    return tuple(_part(part) for part in parts if part), name


def _part(part: str) -> tuple[int, int, str]:
    return (0, int(part), "") if part.isdecimal() else (1, 0, part)

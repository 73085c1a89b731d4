"""RAVDESS: 24 actors speak two sentences in eight emotions.

File names are ``MM-VC-EE-II-SS-RR-AA``: modality, vocal channel, emotion, intensity, statement,
repetition, actor.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath

from serkit.clips import ClipName
from serkit.ingest.archive import Archive
from serkit.ingest.corpus import Corpus, UnparsedNameError
from serkit.labels import LabelSet

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
"""The emotion names in the order of their numbers in file names, and of ``emotion_id`` 0 to 7."""

LABELS = LabelSet(EMOTIONS)
STATEMENTS = ("Kids are talking by the door", "Dogs are sitting by the door")
MODALITIES = ("full-av", "video-only", "audio-only")
VOCAL_CHANNELS = ("speech", "song")
REASONS = ("song", "full-av", "video-only")
"""Why :func:`leave_out` leaves clips out."""
INTENSITIES = ("normal", "strong")
ACTORS = 24

_NAME = re.compile(r"[0-9]{2}(?:-[0-9]{2}){6}")
_FIELDS = (
    ("modality", 3),
    ("vocal channel", 2),
    ("emotion", len(EMOTIONS)),
    ("intensity", 2),
    ("statement", 2),
    ("repetition", 2),
    ("actor", ACTORS),
)


def parse(path: PurePosixPath) -> ClipName:
    """Read a RAVDESS file name.

    Raises:
        UnparsedNameError: The stem is not seven two-digit numbers, or one is out of its range.
    """
    stem = path.stem
    if not _NAME.fullmatch(stem):
        raise UnparsedNameError(
            f"{path.name} is not a RAVDESS name", allowed="MM-VC-EE-II-SS-RR-AA is"
        )
    numbers = [int(part) for part in stem.split("-")]
    for number, (field, highest) in zip(numbers, _FIELDS, strict=True):
        if not 1 <= number <= highest:
            raise UnparsedNameError(
                f"{path.name} has {field} {number:02d}", allowed=f"01 to {highest:02d} are allowed"
            )
    modality, channel, emotion, intensity, statement, repetition, actor = numbers
    return ClipName(
        clip_id=stem,
        emotion=EMOTIONS[emotion - 1],
        speaker=str(actor),
        sex="male" if actor % 2 else "female",
        intensity=INTENSITIES[intensity - 1],
        statement=STATEMENTS[statement - 1],
        repetition=repetition,
        modality=MODALITIES[modality - 1],
        vocal_channel=VOCAL_CHANNELS[channel - 1],
        actor=actor,
    )


def leave_out(name: ClipName) -> str | None:
    """Leave out song, and the sound tracks of the videos: they are the same recordings."""
    if name.modality != "audio-only":
        return name.modality
    return "song" if name.vocal_channel == "song" else None


@cache
def published() -> Mapping[str, str]:
    """Return the SHA-256 of each of the 1,440 published speech clips' samples, by clip id."""
    table = files("serkit.corpora") / "data" / "ravdess-pcm-sha256.tsv"
    rows = (line.split("\t") for line in table.read_text().splitlines()[1:])
    return {row[0]: row[4] for row in rows}


CORPUS = Corpus(
    name="ravdess",
    title="Ryerson Audio-Visual Database of Emotional Speech and Song",
    citation=(
        "Livingstone SR, Russo FA (2018) The Ryerson Audio-Visual Database of Emotional Speech "
        "and Song (RAVDESS). PLoS ONE 13(5): e0196391"
    ),
    licence="CC-BY-NC-SA-4.0",
    url="https://zenodo.org/records/1188976",
    labels=LABELS,
    parse=parse,
    leave_out=leave_out,
    reasons=REASONS,
    published=published,
    archives=(
        Archive(
            file_name="Audio_Speech_Actors_01-24.zip",
            url=(
                "https://zenodo.org/records/1188976/files/Audio_Speech_Actors_01-24.zip?download=1"
            ),
            checksum="md5:bc696df654c87fed845eb13823edef8a",
            size=208_468_073,
            unpacked_size=600_000_000,
        ),
    ),
    default_protocol="luna5",
)

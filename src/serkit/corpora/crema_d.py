"""CREMA-D: 91 actors speak twelve sentences in six emotions.

File names are ``AAAA_SSS_EEE_II``, such as ``1001_DFA_ANG_XX``: actor, sentence, emotion,
intensity.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from serkit.clips import ClipName, Sex
from serkit.errors import CorpusError
from serkit.ingest.corpus import Corpus, Person, UnparsedNameError
from serkit.ingest.table import read_table
from serkit.labels import UNKNOWN, LabelSet

EMOTIONS = {
    "ANG": "angry",
    "DIS": "disgust",
    "FEA": "fearful",
    "HAP": "happy",
    "NEU": "neutral",
    "SAD": "sad",
}
INTENSITIES = {"LO": "low", "MD": "medium", "HI": "high", "XX": "unspecified", "X": "unspecified"}
"""One published file ends in a single X."""

SENTENCES = {
    "IEO": "It's eleven o'clock",
    "TIE": "That is exactly what happened",
    "IOM": "I'm on my way to the meeting",
    "IWW": "I wonder what this is about",
    "TAI": "The airplane is almost full",
    "MTI": "Maybe tomorrow it will be cold",
    "IWL": "I would like a new alarm clock",
    "ITH": "I think I have a doctor's appointment",
    "DFA": "Don't forget a jacket",
    "ITS": "I think I've seen this before",
    "TSI": "The surface is slick",
    "WSI": "We'll stop in a couple of minutes",
}

FIRST, LAST = 1001, 1091

_CLIPS_OF_AN_ACTOR = 82
_CLIPS_OF_OTHERS = {"1002": 81, "1008": 76, "1009": 76, "1019": 76, "1076": 81}
"""Actors with fewer: three lack a sentence in all six emotions, two a neutral one."""

TABLE = "VideoDemographics.csv"
"""The corpus's table of its actors: ``ActorID,Age,Sex,Race,Ethnicity``."""

_SEXES: dict[str, Sex] = {"male": "male", "female": "female"}

_NAME = re.compile(r"([0-9]{4})_([A-Z]{3})_([A-Z]{3})_(LO|MD|HI|XX|X)")


def parse(path: PurePosixPath) -> ClipName:
    """Read a CREMA-D file name.

    Raises:
        UnparsedNameError: It is not one, or a part of it is unknown.

    Example:
        >>> parse(PurePosixPath("AudioWAV/1001_DFA_ANG_XX.wav")).emotion
        'angry'
    """
    found = _NAME.fullmatch(path.stem)
    if not found:
        raise UnparsedNameError(f"{path.name} is not a CREMA-D name", allowed="1001_DFA_ANG_XX is")
    actor, sentence, emotion, intensity = found.groups()
    for what, given, known in (("sentence", sentence, SENTENCES), ("emotion", emotion, EMOTIONS)):
        if given not in known:
            raise UnparsedNameError(
                f"{path.name} has the {what} {given}", allowed=f"{', '.join(known)} are allowed"
            )
    if not FIRST <= int(actor) <= LAST:
        raise UnparsedNameError(
            f"{path.name} has actor {actor}", allowed=f"{FIRST} to {LAST} are allowed"
        )
    return ClipName(
        clip_id=path.stem,
        emotion=EMOTIONS[emotion],
        speaker=actor,
        intensity=INTENSITIES[intensity],
        statement=SENTENCES[sentence],
        repetition=1,
    )


def people(folder: Path) -> dict[str, Person]:
    """Read the actors' sex and age from the corpus's own table, if it is beside the clips.

    Args:
        folder: The folder that was scanned: the corpus's, or ``AudioWAV`` in it.

    Raises:
        CorpusError: The table is damaged.
    """
    found = next((p for p in (folder / TABLE, folder.parent / TABLE) if p.is_file()), None)
    if found is None:
        return {}
    table = read_table(found)
    if missing := {"ActorID", "Age", "Sex"} - set(table.columns):
        raise CorpusError(
            f"{found} has no column {' and '.join(sorted(missing))}",
            allowed=f"it has {', '.join(table.columns)}",
            hint="take the table away, or put back the published one",
        )
    columns = zip(*(table.column(name) for name in ("ActorID", "Sex", "Age")), strict=True)
    return {
        actor: Person(_SEXES.get(sex.lower(), UNKNOWN), int(age) if age.isdecimal() else None)
        for actor, sex, age in columns
    }


CORPUS = Corpus(
    name="crema-d",
    title="Crowd-sourced Emotional Multimodal Actors Dataset (CREMA-D)",
    citation=(
        "Cao H, Cooper DG, Keutmann MK, Gur RC, Nenkova A, Verma R (2014) CREMA-D: Crowd-sourced "
        "Emotional Multimodal Actors Dataset. IEEE Transactions on Affective Computing 5(4): "
        "377-390"
    ),
    licence="ODbL-1.0",
    url="https://github.com/CheyneyComputerScience/CREMA-D",
    labels=LabelSet.of(EMOTIONS.values()),
    parse=parse,
    people=people,
    counted_by="Cao et al. (2014), 7,442 clips; by speaker: the corpus's SentenceFilenames.csv",
    expected={
        "emotion": {
            "angry": 1271,
            "disgust": 1271,
            "fearful": 1271,
            "happy": 1271,
            "neutral": 1087,
            "sad": 1271,
        },
        "speaker": {
            actor: _CLIPS_OF_OTHERS.get(actor, _CLIPS_OF_AN_ACTOR)
            for actor in map(str, range(FIRST, LAST + 1))
        },
    },
)

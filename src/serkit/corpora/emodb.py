"""EMO-DB: ten actors speak ten German sentences in seven emotions.

File names are ``SSTTTEV``, such as ``03a01Fa``: speaker, sentence, emotion, version.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from serkit.clips import ClipName
from serkit.ingest.corpus import Corpus, UnparsedNameError
from serkit.labels import LabelSet

EMOTIONS = {
    "W": "angry",
    "L": "boredom",
    "E": "disgust",
    "A": "fearful",
    "F": "happy",
    "N": "neutral",
    "T": "sad",
}
"""By the first letter of the emotion's German name."""

WOMEN = frozenset({"08", "09", "13", "14", "16"})
MEN = frozenset({"03", "10", "11", "12", "15"})

_NAME = re.compile(r"([0-9]{2})([ab][0-9]{2})([WLEAFTN])([a-z]?)")


def parse(path: PurePosixPath) -> ClipName:
    """Read an EMO-DB file name.

    Raises:
        UnparsedNameError: It is not one, or no speaker has this number.

    Example:
        >>> parse(PurePosixPath("wav/03a01Fa.wav")).emotion
        'happy'
    """
    found = _NAME.fullmatch(path.stem)
    if not found:
        raise UnparsedNameError(f"{path.name} is not an EMO-DB name", allowed="03a01Fa is")
    speaker, sentence, emotion, version = found.groups()
    if speaker not in WOMEN | MEN:
        raise UnparsedNameError(
            f"{path.name} has speaker {speaker}",
            allowed=f"{', '.join(sorted(WOMEN | MEN))} are allowed",
        )
    return ClipName(
        clip_id=path.stem,
        emotion=EMOTIONS[emotion],
        speaker=speaker,
        sex="female" if speaker in WOMEN else "male",
        statement=sentence,
        repetition=ord(version) - ord("a") + 1 if version else 1,
    )


CORPUS = Corpus(
    name="emodb",
    title="Berlin Database of Emotional Speech (EMO-DB)",
    citation=(
        "Burkhardt F, Paeschke A, Rolfes M, Sendlmeier W, Weiss B (2005) A database of German "
        "emotional speech. Interspeech 2005, 1517-1520"
    ),
    licence="CC0-1.0",
    url="https://zenodo.org/records/7447302",
    labels=LabelSet.of(EMOTIONS.values()),
    parse=parse,
    # Per emotion as data/emodb/data.seg.wrd.freq of https://github.com/emo-box/EmoBox has them.
    counted_by="Burkhardt et al. (2005), 535 clips; EmoBox (Ma et al. 2024)",
    expected={
        "emotion": {
            "angry": 127,
            "boredom": 81,
            "disgust": 46,
            "fearful": 69,
            "happy": 71,
            "neutral": 79,
            "sad": 62,
        },
        "speaker": {
            "03": 49,
            "08": 58,
            "09": 43,
            "10": 38,
            "11": 55,
            "12": 35,
            "13": 61,
            "14": 69,
            "15": 56,
            "16": 71,
        },
    },
)

"""SAVEE: four men speak in seven emotions.

Files are ``DC_a01.wav``, or ``DC/a01.wav`` in the original: the stem alone names no clip there, so
the speaker's folder is part of the name.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from serkit.clips import ClipName
from serkit.ingest.corpus import Corpus, UnparsedNameError
from serkit.labels import LabelSet

SPEAKERS = ("DC", "JE", "JK", "KL")
EMOTIONS = {
    "a": "angry",
    "d": "disgust",
    "f": "fearful",
    "h": "happy",
    "n": "neutral",
    "sa": "sad",
    "su": "surprised",
}

_NAME = re.compile(r"(?:(DC|JE|JK|KL)_)?(sa|su|[adfhn])([0-9]{2})")


def parse(path: PurePosixPath) -> ClipName:
    """Read a SAVEE file name, with its folder where that names the speaker.

    Raises:
        UnparsedNameError: It is not one, or nothing names the speaker.

    Example:
        >>> parse(PurePosixPath("DC/sa01.wav")).clip_id
        'DC_sa01'
    """
    found = _NAME.fullmatch(path.stem)
    speaker = (found[1] if found else None) or path.parent.name
    if not found or speaker not in SPEAKERS:
        raise UnparsedNameError(
            f"{path.name} is not a SAVEE name", allowed="DC_a01, or a01 in the folder DC, is"
        )
    emotion, sentence = EMOTIONS[found[2]], found[3]
    return ClipName(
        clip_id=f"{speaker}_{found[2]}{sentence}",
        emotion=emotion,
        speaker=speaker,
        sex="male",
        statement=f"{emotion} sentence {int(sentence)}",
        repetition=1,
    )


CORPUS = Corpus(
    name="savee",
    title="Surrey Audio-Visual Expressed Emotion database (SAVEE)",
    citation=(
        "Haq S, Jackson PJB (2010) Multimodal Emotion Recognition. In: Wang W (ed) Machine "
        "Audition: Principles, Algorithms and Systems. IGI Global, 398-423"
    ),
    licence="research only, on registration",
    url="https://kahlan.eps.surrey.ac.uk/savee/",
    labels=LabelSet.of(EMOTIONS.values()),
    parse=parse,
    # Per emotion as data/savee/data.seg.wrd.freq of https://github.com/emo-box/EmoBox has them.
    counted_by="Haq and Jackson (2010), 480 clips; EmoBox (Ma et al. 2024)",
    expected={
        "emotion": {
            emotion: 120 if emotion == "neutral" else 60 for emotion in sorted(EMOTIONS.values())
        },
        "speaker": dict.fromkeys(SPEAKERS, 120),
    },
)

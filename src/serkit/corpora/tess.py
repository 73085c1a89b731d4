"""TESS: two women speak 200 words in seven emotions, each after "Say the word".

File names are ``SPEAKER_WORD_EMOTION``, such as ``OAF_back_angry``. The common copy contains every
file twice; the folder does not matter.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from serkit.clips import ClipName
from serkit.ingest.corpus import Corpus, UnparsedNameError
from serkit.labels import LabelSet

EMOTIONS = {
    "angry": "angry",
    "disgust": "disgust",
    "fear": "fearful",
    "happy": "happy",
    "neutral": "neutral",
    "ps": "surprised",
    "sad": "sad",
}
"""By their words in the file names; ps is pleasant surprise."""

_NAME = re.compile(r"(OAF?|YAF)_([a-z]+)_(angry|disgust|fear|happy|neutral|ps|sad)")
_SPEAKERS = {"OA": "OAF", "OAF": "OAF", "YAF": "YAF"}
"""One published file of the older woman begins with OA."""


def parse(path: PurePosixPath) -> ClipName:
    """Read a TESS file name.

    Raises:
        UnparsedNameError: It is not one.

    Example:
        >>> parse(PurePosixPath("OAF_Fear/OAF_back_fear.wav")).emotion
        'fearful'
    """
    found = _NAME.fullmatch(path.stem)
    if not found:
        raise UnparsedNameError(f"{path.name} is not a TESS name", allowed="OAF_back_angry is")
    speaker, word, emotion = found.groups()
    return ClipName(
        clip_id=path.stem,
        emotion=EMOTIONS[emotion],
        speaker=_SPEAKERS[speaker],
        sex="female",
        statement=f"Say the word {word}",
        repetition=1,
    )


CORPUS = Corpus(
    name="tess",
    title="Toronto Emotional Speech Set (TESS)",
    citation=(
        "Pichora-Fuller MK, Dupuis K (2020) Toronto emotional speech set (TESS). Borealis, "
        "doi:10.5683/SP2/E8H2MF"
    ),
    licence="CC-BY-NC-ND-4.0",
    url="https://doi.org/10.5683/SP2/E8H2MF",
    labels=LabelSet.of(EMOTIONS.values()),
    parse=parse,
    # Per emotion as data/tess/data.seg.wrd.freq of https://github.com/emo-box/EmoBox has them.
    counted_by="Pichora-Fuller and Dupuis (2020), 2,800 clips; EmoBox (Ma et al. 2024)",
    expected={
        "emotion": dict.fromkeys(sorted(EMOTIONS.values()), 400),
        "speaker": {"OAF": 1400, "YAF": 1400},
    },
)

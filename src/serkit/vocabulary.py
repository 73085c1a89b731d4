"""The words that corpora use for the same emotion, so that labels of two corpora can be joined.

A corpus keeps its own words. Only where several corpora are trained or tested on together are they
compared, and then by this table: ``fear``, ``fearful`` and ``anxiety`` are one label, called
``fearful``. Words that are not in the table are joined where they are the same but for case and
blanks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from serkit.errors import UsageError

SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = {
    "angry": ("anger", "ang", "mad", "wut", "ärger", "zorn", "colère", "ira", "rabbia"),
    "bored": ("boredom", "langeweile", "ennui"),
    "calm": ("calmness", "ruhe"),
    "contempt": ("contemptuous", "verachtung"),
    "disgust": ("disgusted", "dis", "ekel", "dégoût", "disgusto", "asco"),
    "excited": ("excitement", "exc"),
    "fearful": (
        *("fear", "fea", "anxiety", "anxious", "afraid", "scared", "angst", "peur", "paura"),
        "miedo",
    ),
    "frustrated": ("frustration", "fru"),
    "happy": (
        *("happiness", "hap", "joy", "joyful", "freude", "joie", "gioia", "alegría"),
        *("felicidad", "amusement"),
    ),
    "neutral": ("neutrality", "neu", "no emotion", "neutre", "neutrale", "neutralität"),
    "sad": ("sadness", "trauer", "traurigkeit", "tristesse", "tristezza", "tristeza"),
    "surprised": (
        *("surprise", "sur", "pleasant surprise", "pleasant_surprise", "pleasantly surprised"),
        *("überraschung", "sorpresa"),
    ),
}
"""Each shared name, and other words for it. ``calm`` is no synonym of ``neutral``: ask for it."""


def plain(label: str) -> str:
    """Return a label without differences of case and blanks.

    Example:
        >>> plain(" No  Emotion ")
        'no emotion'
    """
    return " ".join(label.split()).casefold()


_SHARED = {plain(word): name for name, words in SYNONYMS.items() for word in (name, *words)}


@dataclass(frozen=True)
class Vocabulary:
    """How the labels of several corpora are joined.

    Attributes:
        joined: Labels that count as another one beyond the synonyms: ``{"calm": "neutral"}``.

    Raises:
        UsageError: A label is to be joined with itself or with a label that is itself joined.

    Example:
        >>> Vocabulary().name("Anxiety"), Vocabulary().name("calm")
        ('fearful', 'calm')
        >>> Vocabulary({"calm": "neutral"}).name("calm")
        'neutral'
    """

    joined: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for old, new in self.joined.items():
            if _named(old) == _named(new):
                raise UsageError(
                    f"{old!r} and {new!r} are one label already", hint=f"leave out {old}={new}"
                )
            if _named(new) in map(_named, self.joined):
                raise UsageError(
                    f"{old!r} is counted as {new!r}, which is itself counted as another label",
                    hint="name the label that both count as",
                )

    def name(self, label: str) -> str:
        """Return the name under which all corpora share a label."""
        own = _named(label)
        for old, new in self.joined.items():
            if _named(old) == own:
                return _named(new)
        return own

    def shared(self, *corpora: Iterable[str]) -> frozenset[str]:
        """Return the shared names of labels that every corpus has.

        Args:
            corpora: The labels of each.

        Example:
            >>> sorted(Vocabulary().shared(["fear", "joy", "calm"], ["anxiety", "Happy"]))
            ['fearful', 'happy']
        """
        named = [frozenset(map(self.name, labels)) for labels in corpora]
        return frozenset.intersection(*named) if named else frozenset()


def _named(label: str) -> str:
    return _SHARED.get(plain(label), plain(label))

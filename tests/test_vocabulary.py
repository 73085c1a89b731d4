"""Labels of several corpora, joined by name."""

import pytest

from serkit.errors import UsageError
from serkit.vocabulary import SYNONYMS, Vocabulary, plain


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("fear", "fearful"),
        ("Fearful ", "fearful"),
        ("anxiety", "fearful"),
        ("boredom", "bored"),
        ("pleasant_surprise", "surprised"),
        ("Wut", "angry"),
        ("schadenfreude", "schadenfreude"),
        ("My  Label", "my label"),
    ],
)
def test_synonyms_share_a_name(label: str, name: str) -> None:
    assert Vocabulary().name(label) == name


def test_every_word_maps_to_one_label() -> None:
    words = [plain(word) for name, others in SYNONYMS.items() for word in (name, *others)]
    assert len(words) == len(set(words))


def test_calm_is_neutral_only_on_request() -> None:
    assert Vocabulary().name("calm") == "calm"
    asked = Vocabulary({"Calm": "Neutral"})
    assert asked.name("calm") == asked.name("neutral") == "neutral"


def test_labels_that_are_one_cannot_be_joined() -> None:
    with pytest.raises(UsageError, match="'fear' and 'anxiety' are one label already"):
        Vocabulary({"fear": "anxiety"})


def test_a_chain_of_joins_is_refused() -> None:
    with pytest.raises(UsageError, match="'neutral', which is itself counted as another label"):
        Vocabulary({"calm": "neutral", "neutral": "bored"})


def test_shared_labels_are_those_of_every_corpus() -> None:
    shared = Vocabulary().shared(["anger", "fear", "calm"], ["angry", "anxiety", "bored"])
    assert shared == {"angry", "fearful"}

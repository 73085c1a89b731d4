"""The catalogue: features, models, protocols and corpora to choose from.

The functions are called ``list_...`` because ``serkit.features`` is a package: importing it would
replace a function of that name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serkit.api.infos import (
    CorpusInfo,
    CorpusList,
    FeatureDetails,
    FeatureInfo,
    FeatureList,
    ModelInfo,
    ModelList,
    ParameterInfo,
    ProtocolInfo,
    ProtocolList,
)
from serkit.errors import MissingDependencyError, NotFoundError

if TYPE_CHECKING:
    from serkit.features import Column, Extractor, FeatureSpec, Recipes
    from serkit.ingest.corpus import Corpus
    from serkit.models import Trainer


def list_features(
    *, definitions: str | Path | None = None, say: Callable[[str], None] | None = None
) -> FeatureList:
    """List the features that can be extracted: serkit's and the project's.

    Args:
        definitions: Folder with the project's recipes; None uses the setting.
        say: Called with a message for each recipe skipped because it needs something that
            is not installed.

    Raises:
        UsageError: A recipe is invalid; the message says where.

    Example:
        >>> "mel128" in [feature.name for feature in serkit.list_features()]
        True
    """
    recipes = _recipes(definitions)
    found = []
    for name in recipes.names():
        try:
            found.append(FeatureInfo(**_facts(recipes.get(name))))
        except (NotFoundError, MissingDependencyError) as error:
            if say:
                say(f"the recipe {name} is skipped: {error}")
    return FeatureList(found)


def describe_feature(name: str, *, definitions: str | Path | None = None) -> FeatureDetails:
    """Describe a feature: its parameters and columns.

    Args:
        name: Its name, or the path of a recipe.
        definitions: Folder with the project's recipes; None uses the setting.

    Raises:
        UnknownNameError: No such feature.
        UsageError: The recipe is invalid; the message says where.

    Example:
        >>> serkit.describe_feature("mel128").parameters["n_mels"]
        128
    """
    from serkit.features import EXTRACTORS
    from serkit.features.voices import voice_meaning

    spec = _recipes(definitions).get(name)
    extractor = EXTRACTORS.get(spec.extractor)
    columns, missing = _columns(extractor, spec)
    declared = extractor.parameters.declared()
    meanings = {
        key: declared[key].help if key in declared else voice_meaning(key)
        for key in (*spec.parameters, *spec.options)
    }
    return FeatureDetails(**_facts(spec), meanings=meanings, columns=columns, missing=missing)


def list_models() -> ModelList:
    """List the models that can be trained; no framework is imported.

    Example:
        >>> "logreg" in [model.model for model in serkit.list_models()]
        True
    """
    from serkit.models import TRAINERS

    return ModelList(_model(TRAINERS.get(name)) for name in TRAINERS.names())


def describe_model(name: str) -> ModelInfo:
    """Describe a model: its presets and parameters.

    Raises:
        UnknownNameError: No such model.

    Example:
        >>> "best" in serkit.describe_model("logreg").presets
        True
    """
    from serkit.models import TRAINERS

    return _model(TRAINERS.get(name))


def list_protocols() -> ProtocolList:
    """List the protocols, which decide on training and test clips.

    Example:
        >>> names = [each.protocol for each in serkit.list_protocols()]
        >>> [name for name in names if name.startswith("random")]
        ['random10', 'random5']
    """
    from serkit.evaluation.across import across
    from serkit.evaluation.given import given_split
    from serkit.evaluation.splits import PROTOCOLS

    named = (PROTOCOLS.get(name) for name in PROTOCOLS.names())
    known = (*named, given_split(()), *across())
    return ProtocolList(
        ProtocolInfo(each.name, each.summary, each.source, each.speaker_independent, each.corpora)
        for each in known
    )


def list_corpora() -> CorpusList:
    """List the corpora that serkit recognises by their file names.

    Example:
        >>> [corpus.corpus for corpus in list_corpora() if corpus.downloadable]
        ['ravdess']
    """
    from serkit.ingest.corpus import CORPORA

    return CorpusList(_corpus(CORPORA.get(name)) for name in CORPORA.names())


def describe_corpus(name: str) -> CorpusInfo:
    """Describe a corpus: its licence and citation.

    Raises:
        UnknownNameError: No such corpus.
    """
    from serkit.ingest.corpus import CORPORA

    return _corpus(CORPORA.get(name))


def _corpus(corpus: Corpus) -> CorpusInfo:
    return CorpusInfo(
        corpus.name,
        corpus.title,
        corpus.licence,
        corpus.citation,
        corpus.url,
        corpus.default_protocol,
        bool(corpus.archives),
    )


def _recipes(definitions: str | Path | None) -> Recipes:
    from serkit.features import Recipes
    from serkit.settings import resolve

    return Recipes(Path(resolve({"definitions": definitions}).definitions))


def _facts(spec: FeatureSpec) -> dict[str, Any]:
    from serkit.features import DEFAULT_FEATURES, EXTRACTORS

    return {
        **spec.to_json(),
        "options": dict(spec.options),
        "voice": dict(spec.voice),
        "fingerprint": spec.fingerprint,
        "licence": EXTRACTORS.get(spec.extractor).licence,
        "default": spec.name in DEFAULT_FEATURES,
    }


def _columns(extractor: Extractor[Any], spec: FeatureSpec) -> tuple[tuple[Column, ...], str]:
    """Return a feature's columns, or none and the missing package."""
    try:
        return extractor.describe(spec.settings), ""
    except MissingDependencyError as error:
        return (), str(error)


def _model(trainer: Trainer[Any]) -> ModelInfo:
    return ModelInfo(
        trainer.name,
        trainer.summary,
        {name: preset.summary for name, preset in trainer.presets.items()},
        {name: preset.selected_on for name, preset in trainer.presets.items()},
        dict(_parameters(trainer)),
    )


def _parameters(trainer: Trainer[Any]) -> Iterator[tuple[str, ParameterInfo]]:
    settled = {preset: each.parameters.to_json() for preset, each in trainer.presets.items()}
    for name, parameter in trainer.parameters.declared().items():
        values = {preset: settled[preset][name] for preset in settled}
        searched = "" if parameter.search is None else str(parameter.search)
        yield name, ParameterInfo(parameter.help, values, searched)

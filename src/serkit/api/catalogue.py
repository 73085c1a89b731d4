"""What there is to choose from: features, models, protocols.

The functions are called ``list_...``, because ``serkit.features`` is a package: a function of that
name would be one thing before and another after somebody imported it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serkit.errors import MissingDependencyError, NotFoundError
from serkit.parameters import Scalar

if TYPE_CHECKING:
    from serkit.features import Column, Extractor, FeatureSpec, Recipes
    from serkit.models import Trainer


@dataclass(frozen=True)
class FeatureInfo:
    """A feature that can be extracted.

    Attributes:
        name: Its name.
        summary: One line.
        extractor: What computes it.
        version: The extractor's version.
        parameters: Every resolved parameter that the numbers depend on.
        options: Where and how it is computed; no part of its identity.
        voice: How the voice is changed first; empty for the voice as recorded.
        fingerprint: Its identity (SHA-256).
        licence: The terms of what computes it, where they are not serkit's own.
        default: Whether ``extract`` computes it unless told otherwise.
    """

    name: str
    summary: str
    extractor: str
    version: int
    parameters: dict[str, Scalar]
    options: dict[str, Scalar]
    voice: dict[str, Scalar]
    fingerprint: str
    licence: str
    default: bool


@dataclass(frozen=True)
class FeatureDetails(FeatureInfo):
    """A feature whole.

    Attributes:
        meanings: What each parameter means.
        columns: Names and meanings of its columns; none for arrays.
        missing: Which package is missing to tell the columns; empty where none is.
    """

    meanings: dict[str, str] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    missing: str = ""


@dataclass(frozen=True)
class ParameterInfo:
    """A parameter of a model.

    Attributes:
        help: What it means.
        presets: Its value in each preset.
    """

    help: str
    presets: dict[str, Scalar]


@dataclass(frozen=True)
class ModelInfo:
    """A model that can be trained.

    Attributes:
        model: Its name.
        summary: One line.
        presets: Each preset's summary.
        parameters: What can be set.
    """

    model: str
    summary: str
    presets: dict[str, str]
    parameters: dict[str, ParameterInfo]


@dataclass(frozen=True)
class ProtocolInfo:
    """A protocol that can be tested by.

    Attributes:
        protocol: Its name.
        summary: One line.
        source: Who uses it.
        speaker_independent: Whether no actor is on both sides.
    """

    protocol: str
    summary: str
    source: str
    speaker_independent: bool


def list_features(
    *, definitions: str | Path | None = None, say: Callable[[str], None] | None = None
) -> tuple[FeatureInfo, ...]:
    """List the features that can be extracted, serkit's own and the project's.

    Args:
        definitions: Folder of the project's own recipes; None is the setting.
        say: Told which recipes are left out, since they name what is not on this machine.

    Raises:
        UsageError: A recipe is not right; the message says where.
    """
    recipes = _recipes(definitions)
    found = []
    for name in recipes.names():
        try:
            found.append(FeatureInfo(**_facts(recipes.get(name))))
        except (NotFoundError, MissingDependencyError) as error:
            if say:
                say(f"the recipe {name} is left out: {error}")
    return tuple(found)


def describe_feature(name: str, *, definitions: str | Path | None = None) -> FeatureDetails:
    """Describe one feature: what its parameters mean, and its columns.

    Args:
        name: Its name, or the path of a recipe.
        definitions: Folder of the project's own recipes; None is the setting.

    Raises:
        UnknownNameError: No such feature.
        UsageError: The recipe is not right; the message says where.
    """
    from serkit.features import EXTRACTORS

    spec = _recipes(definitions).get(name)
    extractor = EXTRACTORS.get(spec.extractor)
    columns, missing = _columns(extractor, spec)
    meanings = {key: extractor.parameters[key].help for key in spec.settings}
    return FeatureDetails(**_facts(spec), meanings=meanings, columns=columns, missing=missing)


def list_models() -> tuple[ModelInfo, ...]:
    """List the models that can be trained; no framework is imported."""
    from serkit.models import TRAINERS

    return tuple(_model(TRAINERS.get(name)) for name in TRAINERS.names())


def describe_model(name: str) -> ModelInfo:
    """Describe one model: its presets and parameters.

    Raises:
        UnknownNameError: No such model.
    """
    from serkit.models import TRAINERS

    return _model(TRAINERS.get(name))


def list_protocols() -> tuple[ProtocolInfo, ...]:
    """List the protocols: which clips are trained on and which are tested on."""
    from serkit.evaluation.splits import PROTOCOLS

    known = (PROTOCOLS.get(name) for name in PROTOCOLS.names())
    return tuple(
        ProtocolInfo(each.name, each.summary, each.source, each.speaker_independent)
        for each in known
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


def _columns(extractor: Extractor, spec: FeatureSpec) -> tuple[tuple[Column, ...], str]:
    """Return a feature's columns, or none and what is missing to tell them."""
    try:
        return extractor.describe(spec.settings), ""
    except MissingDependencyError as error:
        return (), str(error)


def _model(trainer: Trainer) -> ModelInfo:
    return ModelInfo(
        trainer.name,
        trainer.summary,
        {name: preset.summary for name, preset in trainer.presets.items()},
        dict(_parameters(trainer)),
    )


def _parameters(trainer: Trainer) -> Iterator[tuple[str, ParameterInfo]]:
    settled = {preset: trainer.settle(preset, {}) for preset in trainer.presets}
    for name, parameter in trainer.parameters.items():
        values = {preset: settled[preset][name] for preset in settled}
        yield name, ParameterInfo(parameter.help, values)

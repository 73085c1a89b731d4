"""What serkit ships: features, models, protocols. Plug-ins of other packages are not listed."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from serkit.evaluation.across import across
from serkit.evaluation.given import given_split
from serkit.evaluation.splits import PROTOCOLS, Protocol, SplitClip
from serkit.features import (
    DEFAULT_FEATURES,
    EXTRACTORS,
    ArrayLayout,
    Extractor,
    FeatureSpec,
    Recipes,
)
from serkit.features.voices import voice_meaning
from serkit.models import TRAINERS, Trainer
from serkit.registry import Registry

from . import markdown

_FEATURES = """# Features

A feature is a recipe: an extractor and its parameters.
`serkit features` lists them with your own, `serkit features NAME` shows one.
To add one, see [your own feature recipe](../howto/own-feature-recipe.md).
The fingerprint is the feature's identity: extractor, its version, every parameter.
"""

_MODELS = """# Models

`serkit models` lists them, `serkit models NAME` shows one.
A preset is a named set of parameters; `--set KEY=VALUE` changes one of them.
"""

_PROTOCOLS = """# Protocols

A protocol says which clips are trained on and which are tested on.
In a speaker-independent one no speaker, and no recording under two names, is on both sides;
a split that breaks this is an error, never a result.
With fewer speakers than the protocol names, the folds keep those that are there, and the run says
so. Within a fold two kinds of clips are for training: some to fit on, and those of the validation
speakers to choose on (C, rounds, ...). Nothing is fitted or chosen on test clips, except with
`--preset notebook` on a notebook protocol, which repeats the study's choice and is stamped
`selected-on-test`.

`split` follows the column `split` of [a table](../howto/my-own-recordings.md), and keeps speakers
apart where the table does. The last two are over [several stores](../howto/across-corpora.md).

Published protocols name the corpus that they divide and refuse others. `speaker5` and `loso` work
for every corpus with named speakers: EMO-DB, CREMA-D, TESS, SAVEE and tables of your own. TESS has
two speakers and SAVEE four, so there `speaker5` has as many folds as `loso`.

EmoBox publishes folds for 32 corpora. Those of RAVDESS (`emobox6`) and SAVEE (the same as `loso`)
keep speakers apart. Those of EMO-DB (five folds), CREMA-D and TESS (a quarter of each emotion's
clips is tested) have the same speakers on both sides: there `speaker5` and `loso` are the grouped
folds. To reproduce a figure on EmoBox's own folds,
download its fold files, write them into a column `split` of a `metadata.csv`, and train with
`--protocol split`: the run says which speakers are on both sides.
"""


_FIXED = ("luna5", "emobox6", "audeering")
"""Protocols that name their actors; those of the others follow from the clips."""

_MOST_LISTED, _SOME_LISTED = 2_000, 4
"""Columns that a page lists; where there are more, how many stand for all."""


def own_names(registry: Registry[Any]) -> list[str]:
    """Return the names of serkit's own plug-ins of a kind."""
    modules = iter_modules(import_module(registry.package).__path__)
    names = (module.name.replace("_", "-") for module in modules)
    return sorted(name for name in names if not name.startswith("-"))


def features_page() -> str:
    recipes = Recipes(Path("no-recipes-but-our-own"))
    specs = [recipes.get(name) for name in recipes.names()]
    rows = [
        (
            f"[{spec.name}](#{spec.name})",
            "yes" if spec.name in DEFAULT_FEATURES else "",
            markdown.code(spec.fingerprint[:8]),
            spec.summary,
        )
        for spec in specs
    ]
    listed = markdown.table(("feature", "default", "fingerprint", "what"), rows)
    return "\n\n".join([_FEATURES, listed, *map(_feature, specs), _extractors()])


def models_page() -> str:
    trainers = [TRAINERS.get(name) for name in own_names(TRAINERS)]
    return "\n\n".join([_MODELS, *map(_model, trainers)])


def protocols_page() -> str:
    named = (PROTOCOLS.get(name) for name in own_names(PROTOCOLS))
    protocols = [*named, given_split(()), *across()]
    rows = [
        (
            markdown.code(each.name),
            "yes" if each.speaker_independent else "**no**",
            ", ".join(each.corpora) or "any",
            each.summary,
            each.source,
        )
        for each in protocols
    ]
    head = ("protocol", "speaker-independent", "corpora", "folds", "source")
    fixed = [_actors(PROTOCOLS.get(name)) for name in _FIXED]
    return "\n\n".join([_PROTOCOLS, markdown.table(head, rows), *fixed])


def _feature(spec: FeatureSpec) -> str:
    extractor = EXTRACTORS.get(spec.extractor)
    declared = extractor.parameters.declared()
    parts = [
        f"## {spec.name}",
        f"{_sentence(spec.summary)} Extractor `{spec.extractor}`, version {spec.version}.",
        extractor.licence and f"Licence: {extractor.licence}.",
        markdown.table(
            ("parameter", "value", "meaning"),
            (
                (markdown.code(name), f"`{value}`", declared[name].help)
                for name, value in spec.parameters.items()
            ),
        ),
        _voice(spec) if spec.voice else _shape(spec),
    ]
    return "\n\n".join(part for part in parts if part)


def _voice(spec: FeatureSpec) -> str:
    changes = (
        (markdown.code(name), f"`{value}`", voice_meaning(name))
        for name, value in spec.voice.items()
    )
    listed = markdown.table(("change of voice", "value", "meaning"), changes)
    return f"{listed}\n\nOne clip has the shape of the same feature in the voice as recorded."


def _shape(spec: FeatureSpec) -> str:
    extractor = EXTRACTORS.get(spec.extractor)
    if extractor.licence:  # its columns are named by an optional package
        return f"`serkit features {spec.name}` lists its columns, if openSMILE is installed."
    layout = spec.layout()
    if isinstance(layout, ArrayLayout):
        shape = (*map(str, layout.item), str(layout.length or layout.axis))
        power = ' Powers: `scale="db"` reads them in decibels.' if layout.is_power else ""
        clip = f"One clip: `({', '.join(shape)})` {layout.dtype}, padded in front on read.{power}"
        return "\n\n".join(filter(None, (clip, _listed(extractor, spec, "row"))))
    count = len(layout.columns)
    clip = f"One clip: {count:,} column{'s' * (count > 1)}, {layout.dtype}."
    return f"{clip}\n\n{_listed(extractor, spec, 'column')}"


def _listed(extractor: Extractor, spec: FeatureSpec, what: str) -> str:
    columns = extractor.describe(spec.settings)
    shown = columns if len(columns) <= _MOST_LISTED else columns[:_SOME_LISTED]
    rows = [(markdown.code(column.name), column.description) for column in shown]
    listed = markdown.table((what, "meaning"), rows) if rows else ""
    if len(shown) < len(columns):
        listed += f"\n\nAnd so on; `serkit features {spec.name}` lists all."
    return listed


def _extractors() -> str:
    parts = ["## Extractors", "Parameters that a recipe may set, with defaults."]
    for name in own_names(EXTRACTORS):
        extractor = EXTRACTORS.get(name)
        rows = (
            (
                markdown.code(key),
                f"`{parameter.default}`",
                parameter.help + _choices(parameter.choices),
            )
            for key, parameter in extractor.parameters.declared().items()
        )
        parts.append(f"### Extractor {name}\n\n{_sentence(extractor.summary)}")
        parts.append(
            markdown.table(("parameter", "default", "meaning"), rows) or "It has no parameters."
        )
    return "\n\n".join(parts)


def _model(trainer: Trainer) -> str:
    presets = (
        (markdown.code(name), each.summary, each.selected_on or "-")
        for name, each in trainer.presets.items()
    )
    values = {preset: each.parameters.to_json() for preset, each in trainer.presets.items()}
    rows = (
        (
            markdown.code(key),
            *(f"`{values[preset][key]}`" if values[preset][key] != "" else "" for preset in values),
            parameter.help + _choices(parameter.choices) + _searched(parameter.search),
        )
        for key, parameter in trainer.parameters.declared().items()
    )
    parts = [
        f"## {trainer.name}",
        _sentence(trainer.summary),
        markdown.table(("preset", "what", "chosen on"), presets),
        markdown.table(("parameter", *values, "meaning"), rows),
    ]
    return "\n\n".join(part for part in parts if part)


def _choices(choices: tuple[Any, ...] | None) -> str:
    return f" ({', '.join(map(str, choices))})" if choices else ""


def _searched(search: object) -> str:
    return f" (tune: {search})" if search else ""


def _actors(protocol: Protocol) -> str:
    """Return who is in which role, from the split of a clip an emotion of each RAVDESS actor."""
    clips = [
        SplitClip(
            f"{actor:02d}-{emotion}",
            str(actor),
            ("female", "male")[actor % 2],
            emotion,
            f"{actor}",
            "ravdess",
        )
        for actor in range(1, 25)
        for emotion in range(8)
    ]
    rows = [
        (fold.name, *map(_numbers, (fold.train, fold.validation, fold.test)))
        for fold in protocol.split(clips).folds
    ]
    head = ("fold", "train", "validation", "test")
    return f"## Actors of {protocol.name}\n\n" + markdown.table(head, rows)


def _numbers(clip_ids: tuple[str, ...]) -> str:
    return ", ".join(map(str, sorted({int(each[:2]) for each in clip_ids})))


def _sentence(text: str) -> str:
    plain = text.partition(" ")[0].isalpha() and text.partition(" ")[0].islower()
    return (text[:1].upper() if plain else text[:1]) + text[1:] + "."

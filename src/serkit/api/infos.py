"""Catalogue entries: features, models, protocols and corpora, shown as tables."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from serkit.parameters import Scalar
from serkit.shown import Shown

if TYPE_CHECKING:
    from rich.console import RenderableType

    from serkit.features import Column


@dataclass(frozen=True)
class FeatureInfo:
    """A feature that can be extracted.

    Attributes:
        name: Its name.
        summary: One line.
        extractor: The extractor that computes it.
        version: The extractor's version.
        parameters: Every resolved parameter that affects the values.
        options: Execution options that do not affect the values.
        voice: Changes to the voice before extraction; empty for the voice as recorded.
        fingerprint: Its identity (SHA-256).
        licence: Licence of the extractor, if it differs from serkit's.
        default: Whether ``extract`` computes it by default.
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
class FeatureDetails(FeatureInfo, Shown):
    """Everything about one feature.

    Attributes:
        meanings: What each parameter means.
        columns: Names and meanings of its columns; empty for arrays.
        missing: The package needed to list the columns, if it is missing; else empty.
    """

    meanings: dict[str, str] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    missing: str = ""

    def __rich__(self) -> RenderableType:
        """Return its parameters and columns."""
        from rich.console import Group
        from rich.text import Text

        from serkit.features.voices import voice_meaning
        from serkit.printable import printable
        from serkit.tables import table

        title = f"{self.name}: {self.summary}"
        made = table(title, {"parameter": "left", "value": "left", "meaning": "left"})
        for name, value in {**self.parameters, **self.options}.items():
            made.add_row(name, str(value), self.meanings[name])
        for name, value in self.voice.items():
            made.add_row(f"voice: {name}", str(value), voice_meaning(name))
        computed = f"extractor {self.extractor} {self.version}, {self.fingerprint}"
        lines = filter(None, (computed, self.licence, self.missing))
        head = made if made.row_count else Text(title)
        parts: list[RenderableType] = [head, *(Text(printable(line)) for line in lines)]
        if self.columns:
            heading = f"{len(self.columns):,} columns"
            listed = table(heading, {"column": "left", "meaning": "left"})
            for column in self.columns:
                listed.add_row(column.name, column.description)
            parts.append(listed)
        return Group(*parts)


@dataclass(frozen=True)
class ParameterInfo:
    """A parameter of a model.

    Attributes:
        help: What it means.
        presets: Its value in each preset.
        search: The range that ``serkit tune`` searches; empty where it declares none.
    """

    help: str
    presets: dict[str, Scalar]
    search: str = ""

    def elsewhere(self) -> str:
        """Return where other presets differ from the first, one line per value."""
        (_, usual), *others = self.presets.items()
        groups: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in others:
            if value != usual:
                groups[str(value) or "none"].append(name)
        return "\n".join(
            f"{_folded(value)} in "
            f"{'all others' if len(names) == len(others) > 1 else ', '.join(names)}"
            for value, names in groups.items()
        )


def _folded(value: str, width: int = 36) -> str:
    """Break a long list of names after its commas, so that it leaves room for other columns."""
    lines = [""]
    for part in re.findall(r"[^,]*,?", value):
        if lines[-1] and len(lines[-1] + part) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


@dataclass(frozen=True)
class ModelInfo(Shown):
    """A model that can be trained.

    Attributes:
        model: Its name.
        summary: One line.
        presets: Each preset's summary.
        selected_on: Data that each preset's values were tuned on; empty if they were not tuned.
        parameters: The parameters.
    """

    model: str
    summary: str
    presets: dict[str, str]
    selected_on: dict[str, str]
    parameters: dict[str, ParameterInfo]

    def __rich__(self) -> RenderableType:
        """Return its presets and its parameters."""
        from rich.console import Group

        from serkit.tables import table

        named = {"preset": "left", "what": "left", "chosen on": "left"}
        presets = table(f"{self.model}: {self.summary}", named)
        for name, summary in self.presets.items():
            presets.add_row(name, summary, self.selected_on[name])
        first, *others = self.presets
        columns = {"key": "left", first: "left", **({"elsewhere": "left"} if others else {})}
        parameters = table("parameters (--set KEY=VALUE)", {**columns, "what": "left"})
        parameters.columns[0].no_wrap = True
        for name, parameter in self.parameters.items():
            elsewhere = [parameter.elsewhere()] if others else []
            parameters.add_row(name, str(parameter.presets[first]), *elsewhere, parameter.help)
        searched = {name: each.search for name, each in self.parameters.items() if each.search}
        if not searched:
            return Group(presets, parameters)
        ranges = table("searched by 'serkit tune'", {"key": "left", "range": "left"})
        for name, search in searched.items():
            ranges.add_row(name, search)
        return Group(presets, parameters, ranges)


@dataclass(frozen=True)
class CorpusInfo:
    """A corpus that serkit recognises.

    Attributes:
        corpus: Its name.
        title: Its full name.
        licence: Its licence.
        citation: How to cite it.
        url: Its home page.
        default_protocol: The protocol that ``train`` uses by default.
        downloadable: Whether ``serkit download`` fetches it.
    """

    corpus: str
    title: str
    licence: str
    citation: str
    url: str
    default_protocol: str
    downloadable: bool


@dataclass(frozen=True)
class ProtocolInfo:
    """A protocol for training and testing.

    Attributes:
        protocol: Its name.
        summary: One line.
        source: Publication or project that uses it.
        speaker_independent: Whether no actor is in both training and test data.
        corpora: The corpora that it was published for; empty if it works for any.
    """

    protocol: str
    summary: str
    source: str
    speaker_independent: bool
    corpora: tuple[str, ...] = ()


class FeatureList(tuple[FeatureInfo, ...], Shown):
    """Features, shown as a table."""

    def __rich__(self) -> RenderableType:
        """Return one row for each feature."""
        from serkit.tables import table

        columns = {"feature": "left", "default": "left", "fingerprint": "left", "what": "left"}
        made = table("features", columns)
        for each in self:
            terms = f" [{each.licence.split(':')[0]} licence]" if each.licence else ""
            default = "yes" if each.default else ""
            made.add_row(each.name, default, each.fingerprint[:8], each.summary + terms)
        return made


class ModelList(tuple[ModelInfo, ...], Shown):
    """Models, shown as a table."""

    def __rich__(self) -> RenderableType:
        """Return one row for each model."""
        from serkit.tables import table

        made = table("models", {"model": "left", "presets": "left", "what": "left"})
        for model in self:
            made.add_row(model.model, ", ".join(model.presets), model.summary)
        return made


class ProtocolList(tuple[ProtocolInfo, ...], Shown):
    """Protocols, shown as a table."""

    def __rich__(self) -> RenderableType:
        """Return one row for each protocol."""
        from serkit.tables import table

        columns = ("protocol", "speaker-independent", "corpora", "what", "source")
        made = table("protocols", dict.fromkeys(columns, "left"))
        for each in self:
            independent = "yes" if each.speaker_independent else "NO"
            corpora = ", ".join(each.corpora) or "any"
            made.add_row(each.protocol, independent, corpora, each.summary, each.source)
        return made


class CorpusList(tuple[CorpusInfo, ...], Shown):
    """Corpora, shown as a table."""

    def __rich__(self) -> RenderableType:
        """Return one row for each corpus."""
        from serkit.tables import table

        columns = {"corpus": "left", "licence": "left", "protocol": "left", "what": "left"}
        made = table("corpora", columns)
        for each in self:
            made.add_row(each.corpus, each.licence, each.default_protocol, each.title)
        return made

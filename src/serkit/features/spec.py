"""A feature's identity: its extractor, that extractor's version, and every parameter."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from serkit.errors import UsageError
from serkit.features.extractor import EXTRACTORS, Extractor, Layout
from serkit.features.voices import settle_voice, voice_options
from serkit.parameters import Parameters, Scalar, settle


@dataclass(frozen=True)
class FeatureSpec:
    """A feature with every parameter resolved.

    Attributes:
        name: The name; not part of the identity.
        extractor: Name of the extractor.
        version: The extractor's version.
        parameters: Every parameter with its value, sorted by name.
        summary: One line; not part of the identity.
        options: Execution options; not part of the identity.
        voice: Changes to the voice before extraction, see
            :func:`serkit.features.voices.settle_voice`; empty for the voice as recorded.

    Example:
        >>> spec = serkit.FeatureStore("features/store").spec("functionals")
        >>> spec.extractor, len(spec.fingerprint)
        ('functionals', 64)
    """

    name: str
    extractor: str
    version: int
    parameters: Mapping[str, Scalar]
    summary: str = ""
    options: Mapping[str, Scalar] = field(default_factory=dict)
    voice: Mapping[str, Scalar] = field(default_factory=dict)

    @cached_property
    def settings(self) -> Parameters:
        """The extractor's arguments: parameters and options, in its own type."""
        values = {**self.parameters, **self.options}
        kind: type[Parameters] = EXTRACTORS.get(self.extractor).parameters
        return kind.from_json(values)

    def whole(self, name: str) -> int | None:
        """Return a parameter that is a whole number; None where the extractor has none."""
        value = self.parameters.get(name)
        return value if isinstance(value, int) else None

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of everything that the values depend on, and nothing else."""
        return hashlib.sha256(canonical_json(self._identity()).encode()).hexdigest()

    def layout(self) -> Layout:
        """Return the shape of one clip's values."""
        return EXTRACTORS.get(self.extractor).layout(self.settings)

    def to_json(self) -> dict[str, Any]:
        """Return the spec as JSON, from which :meth:`from_json` rebuilds it."""
        data = {"name": self.name, "summary": self.summary, **self._identity()}
        return data | {"options": dict(self.options)} if self.options else data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> FeatureSpec:
        """Rebuild a spec from :meth:`to_json`."""
        return cls(
            data["name"],
            data["extractor"],
            data["version"],
            data["parameters"],
            data["summary"],
            data.get("options", {}),
            data.get("voice", {}),
        )

    def differences(self, other: FeatureSpec) -> Iterator[str]:
        """Yield the differences from this spec to another, such as ``n_mels 128 -> 256``."""
        if self.extractor != other.extractor:
            yield f"extractor {self.extractor} -> {other.extractor}"
        elif self.version != other.version:
            yield f"extractor {self.version} -> {other.version}"
        for name in sorted({*self.parameters, *other.parameters}):
            old, new = (spec.parameters.get(name, "absent") for spec in (self, other))
            if old != new:
                yield f"{name} {old} -> {new}"
        for name in sorted({*self.voice, *other.voice}):
            old, new = (spec.voice.get(name, "as recorded") for spec in (self, other))
            if old != new:
                yield f"voice {name} {old} -> {new}"

    def _identity(self) -> dict[str, Any]:
        facts = {
            "extractor": self.extractor,
            "version": self.version,
            "parameters": dict(self.parameters),
        }
        # Omitted for the voice as recorded, so that features stored before voices existed stay
        # valid.
        return facts | {"voice": dict(self.voice)} if self.voice else facts


def resolve(
    name: str,
    extractor: Extractor[Any],
    given: Mapping[str, object],
    summary: str = "",
    voice: Mapping[str, object] | None = None,
) -> FeatureSpec:
    """Check a recipe's parameters against its extractor and fill in the defaults.

    Args:
        name: The feature's name.
        extractor: The extractor.
        given: The parameters that the recipe sets.
        summary: One line; empty takes the extractor's.
        voice: The voice changes that the recipe sets.

    Raises:
        UnknownNameError: There is no such parameter or voice change.
        UsageError: A value has the wrong type or out of range, or the parameters do not go
            together.
    """
    settled = settle(f"{name} ({extractor.name})", extractor.parameters(), given)
    extractor.check(settled)
    complete = extractor.complete(settled).to_json()
    declared = extractor.parameters.declared()
    hidden = {key for key, each in declared.items() if not each.is_identity}
    return FeatureSpec(
        name,
        extractor.name,
        extractor.version,
        {key: value for key, value in complete.items() if key not in hidden},
        summary or extractor.summary,
        {
            **{key: value for key, value in complete.items() if key in hidden},
            **voice_options(voice or {}),
        },
        settle_voice(name, voice or {}),
    )


def canonical_json(value: object) -> str:
    """Return the canonical JSON text of a value: sorted keys, no whitespace.

    Raises:
        UsageError: The value is not JSON, or is NaN.
    """
    try:
        return json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
        )
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"{value!r} cannot be fingerprinted ({error})", allowed="JSON values can"
        ) from error

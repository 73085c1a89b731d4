"""Settings as the use cases need them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from serkit.errors import UsageError
from serkit.settings import Settings, resolve

if TYPE_CHECKING:
    from serkit.features import FeatureSpec, Recipes

PathLike = str | Path


def recipes(settings: Settings) -> Recipes:
    """Return the recipes by name."""
    from serkit.features import Recipes

    return Recipes(Path(settings.definitions))


def wanted_specs(settings: Settings) -> tuple[FeatureSpec, ...]:
    """Resolve the features to extract.

    Raises:
        UnknownNameError: There is no such feature.
        UsageError: None is named.
    """
    from serkit.features import DEFAULT_FEATURES

    names = _names(settings.features) if settings.features else DEFAULT_FEATURES
    return recipes(settings).get_all(names)


def settings_of(
    store: PathLike | None,
    features: Sequence[str] | str | None,
    workers: int | None,
    definitions: PathLike | None,
    wait: float | None,
) -> Settings:
    """Resolve the settings of an extraction; None leaves one to the environment or its default.

    Raises:
        UsageError: The list of features names none.
    """
    listed = features if features is None or isinstance(features, str) else ",".join(features)
    if listed is not None:  # an empty setting means the defaults; an empty list is a mistake
        _names(listed)
    return resolve(
        {
            "store": store,
            "features": listed,
            "workers": workers,
            "definitions": definitions,
            "wait": wait,
        }
    )


def _names(features: str) -> list[str]:
    """Split a list of features.

    Raises:
        UsageError: None is named.
    """
    names = [name.strip() for name in features.split(",") if name.strip()]
    if not names:
        raise UsageError(f"features = {features!r} names no feature", hint="see 'serkit features'")
    return names

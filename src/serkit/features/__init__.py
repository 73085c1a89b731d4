"""Features: an extractor, its parameters, and the resulting identity."""

from serkit.features.extractor import (
    EXTRACTORS,
    ArrayLayout,
    Column,
    Cost,
    Extractor,
    Layout,
    TableLayout,
    Values,
)
from serkit.features.recipes import DEFAULT_FEATURES, Recipes, stored_name
from serkit.features.spec import FeatureSpec, resolve

__all__ = [
    "DEFAULT_FEATURES",
    "EXTRACTORS",
    "ArrayLayout",
    "Column",
    "Cost",
    "Extractor",
    "FeatureSpec",
    "Layout",
    "Recipes",
    "TableLayout",
    "Values",
    "resolve",
    "stored_name",
]

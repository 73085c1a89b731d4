"""Show predictions under other names than those of the files that were read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from serkit.prediction.predictions import Prediction, Predictions
from serkit.prediction.timeline import Timelines
from serkit.store.manifest import Failure


def renamed(found: Predictions | Timelines, names: Mapping[str, str]) -> Predictions | Timelines:
    """Replace the paths of files, also in messages.

    Args:
        found: The predictions.
        names: The name to show for each path, such as ``-`` for a temporary file that holds
            standard input.
    """

    def text(value: str) -> str:
        for path, name in names.items():
            value = value.replace(path, name)
        return value

    def row(each: Prediction | Failure) -> Prediction | Failure:
        return failure(each) if isinstance(each, Failure) else replace(each, path=text(each.path))

    def failure(each: Failure) -> Failure:
        path, message, clip_id = map(text, (each.path, each.message, each.clip_id))
        return replace(each, path=path, message=message, clip_id=clip_id)

    warnings = tuple(map(text, found.warnings))
    if isinstance(found, Predictions):
        return replace(found, rows=tuple(map(row, found.rows)), warnings=warnings)
    return replace(
        found,
        timelines=tuple(replace(each, path=text(each.path)) for each in found.timelines),
        failed=tuple(map(failure, found.failed)),
        warnings=warnings,
    )

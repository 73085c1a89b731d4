"""The original and the inverted clip to listen to, in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serkit.reports.embed import data_uri, flac
from serkit.reports.markup import Markup, join, tag

if TYPE_CHECKING:
    from serkit.reports.inversion.clip import Inversion, Samples


def players(found: Inversion) -> Markup:
    """Return two players and the distance."""
    rate = found.settings.sample_rate
    return join(
        (
            tag("p", f"{found.clip_id} from {found.feature}: {found.distance:.2f} dB apart"),
            _player("original", found.original, rate),
            _player("inverted", found.samples, rate),
        )
    )


def _player(name: str, samples: Samples, sample_rate: int) -> Markup:
    source = data_uri(flac(samples, sample_rate), "audio/flac")
    return tag("p", f"{name} ", tag("audio", controls=True, src=source, aria_label=f"Play {name}"))

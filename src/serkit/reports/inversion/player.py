"""The original and the inverted clip to listen to, in a notebook."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from serkit.reports.embed import data_uri, flac
from serkit.reports.markup import Markup, join, tag


def player(name: str, samples: npt.NDArray[np.int16], sample_rate: int) -> Markup:
    """Return a player of samples, with its name before it."""
    source = data_uri(flac(samples, sample_rate), "audio/flac")
    return tag("p", f"{name} ", tag("audio", controls=True, src=source, aria_label=f"Play {name}"))


def players(
    about: str,
    original: npt.NDArray[np.int16],
    inverted: npt.NDArray[np.int16],
    sample_rate: int,
) -> Markup:
    """Return a line of text and a player of each."""
    both = (("original", original), ("inverted", inverted))
    return join((tag("p", about), (player(name, own, sample_rate) for name, own in both)))

"""Figures and sounds inside a page, so that it is one file that needs no network."""

from __future__ import annotations

import re
from base64 import b64encode
from html import escape
from io import BytesIO, StringIO
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from serkit.reports.figures.style import INK, PAPER, QUIET, TRAIN
from serkit.reports.markup import Markup
from serkit.reports.palette import GRID

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_VARIABLES = {INK: "--ink", PAPER: "--paper", QUIET: "--quiet", GRID: "--grid", TRAIN: "--series"}
"""Colours that follow the page's light or dark dress."""


def png(figure: Figure) -> bytes:
    """Render a figure as PNG; deterministic."""
    file = BytesIO()
    # The highest compression takes a third of all the time to draw and saves a tenth.
    options = {"compress_level": 4}
    figure.savefig(file, format="png", metadata={"Software": None}, pil_kwargs=options)
    return file.getvalue()


def svg(figure: Figure) -> bytes:
    """Render a figure as SVG whose text stays text; deterministic."""
    from matplotlib import rc_context

    file = StringIO()
    # Text as text is a third of the size, and can be searched, copied and read aloud.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "serkit"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue().encode()


def inline(drawing: bytes, name: str, description: str) -> Markup:
    """Turn an SVG file into an element of a page.

    Ink and paper become the page's own, so that the picture is dark where the page is.

    Args:
        drawing: From :func:`svg`.
        name: Unique in the page; the ids inside the picture are prefixed with it.
        description: Alternative text for screen readers.
    """
    text = drawing.decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', text))
    text = re.sub(r' id="([^"]+)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", text)
    text = re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", text)
    for colour, variable in _VARIABLES.items():
        text = re.sub(re.escape(colour), f"var({variable})", text, flags=re.IGNORECASE)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    label = escape(description)
    return Markup(text.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1))


def flac(samples: npt.NDArray[np.int16], sample_rate: int) -> bytes:
    """Return samples as a FLAC file, which every browser plays."""
    import soundfile

    file = BytesIO()
    soundfile.write(file, samples, sample_rate, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def data_uri(content: bytes, kind: str) -> str:
    """Return bytes as an address that needs no file, such as ``data:audio/flac;base64,...``."""
    return f"data:{kind};base64,{b64encode(content).decode('ascii')}"

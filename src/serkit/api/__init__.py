"""The use cases, one function each: what the command line and a notebook both call.

Every function takes plain values and returns a frozen report; nothing is printed. Settings that
are not given come from ``SERKIT_*`` and ``serkit.toml`` (see :mod:`serkit.settings`).
"""

from serkit.api.corpora import check, download, synth
from serkit.api.exploring import eda, invert, losses
from serkit.api.features import estimate, extract, preview
from serkit.api.results import (
    analyse,
    compare,
    compare_pair,
    figure,
    figures,
    load,
    predict,
    show,
)
from serkit.api.stores import compare_audio, export, gc, ls, repair, verify, why
from serkit.api.training import train

__all__ = [
    "analyse",
    "check",
    "compare",
    "compare_audio",
    "compare_pair",
    "download",
    "eda",
    "estimate",
    "export",
    "extract",
    "figure",
    "figures",
    "gc",
    "invert",
    "load",
    "losses",
    "ls",
    "predict",
    "preview",
    "repair",
    "show",
    "synth",
    "train",
    "verify",
    "why",
]

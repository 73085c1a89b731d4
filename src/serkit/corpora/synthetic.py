"""The synthetic corpus of ``serkit synth``: RAVDESS names, no human voice."""

from __future__ import annotations

from serkit.corpora.ravdess import LABELS, REASONS, leave_out, parse
from serkit.ingest.corpus import Corpus

MARKER = "serkit-synthetic.json"
"""The file that marks a synthetic corpus."""

CORPUS = Corpus(
    name="synthetic",
    title="serkit's synthetic speech in the shape of RAVDESS",
    citation="Made by 'serkit synth'; no recordings of people",
    licence="CC0-1.0",
    url="",
    labels=LABELS,
    parse=parse,
    leave_out=leave_out,
    reasons=REASONS,
    default_protocol="luna5",
    synthetic=True,
    marker=MARKER,
)

"""How to read the labels of one's own recordings."""

from serkit.ingest.metadata import Labelling

__all__ = ["Labelling"]

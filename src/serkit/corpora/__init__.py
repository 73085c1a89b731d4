"""The corpora serkit knows, one module each; see :class:`serkit.corpora._corpus.Corpus`."""

from serkit.corpora._corpus import CORPORA, Corpus, UnparsedNameError, detect

__all__ = ["CORPORA", "Corpus", "UnparsedNameError", "detect"]

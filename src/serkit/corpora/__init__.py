"""Corpus plug-ins, one per file; the contract: :class:`serkit.ingest.corpus.Corpus`."""

"""The corpora serkit knows, one a file; the contract: :class:`serkit.ingest.corpus.Corpus`."""

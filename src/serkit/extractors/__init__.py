"""The extractors, one family a module; see :class:`serkit.features.extractor.Extractor`."""

"""The named protocols, one a module; see :class:`serkit.evaluation.splits.Protocol`."""

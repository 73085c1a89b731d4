"""The named protocols, one a module; see :class:`serkit.splits.Protocol`."""

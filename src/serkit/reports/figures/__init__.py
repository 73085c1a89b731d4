"""Figures, one subject a module; each is a pure function that returns a matplotlib figure."""

"""Honest evaluation: splits, the named protocols, metrics."""

"""Searching a model's parameters on inner folds of a training side."""

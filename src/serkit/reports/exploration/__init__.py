"""Exploratory analysis of a corpus: what its clips are like, before any model is fitted."""

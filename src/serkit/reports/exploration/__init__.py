"""Exploratory analysis of a corpus."""

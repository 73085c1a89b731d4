"""Predict new audio with trained models."""

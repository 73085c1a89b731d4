"""Hearing and measuring what a mel spectrogram has kept of a clip."""

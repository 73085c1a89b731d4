"""Reconstruct clips from mel spectrograms and measure the loss."""

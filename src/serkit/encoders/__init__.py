"""Pretrained speech encoders: finding, identifying and running checkpoints."""

"""Pretrained speech encoders: where a checkpoint lies, what it is, how it hears a clip."""

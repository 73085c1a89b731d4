"""Fine-tuning of pretrained speech encoders."""

"""What trained models say of new audio."""

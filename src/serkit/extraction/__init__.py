"""From audio files to a feature store: decide what is missing, compute that, commit it."""

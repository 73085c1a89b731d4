"""From audio files to a feature store: find missing features, compute and commit them."""

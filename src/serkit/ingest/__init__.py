"""From a folder or a download to a corpus in the feature store."""

"""Signal processing: pure functions from samples to arrays."""

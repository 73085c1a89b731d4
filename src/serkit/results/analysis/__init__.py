"""Where a run errs, and where two runs differ."""

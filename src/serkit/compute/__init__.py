"""Where work runs: this process, or processes beside it."""

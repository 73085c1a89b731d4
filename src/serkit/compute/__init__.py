"""Where work runs: processes on this machine, and what the machine is."""

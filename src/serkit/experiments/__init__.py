"""From a model and a protocol to a finished run: plan, execute, resume, distribute."""

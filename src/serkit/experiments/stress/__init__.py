"""How a run's models hold when its test clips are perturbed."""

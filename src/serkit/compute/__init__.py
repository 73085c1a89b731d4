"""Where work runs: worker processes, clusters, and facts about the machine."""

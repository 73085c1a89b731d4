"""Finished runs and the leaderboard: reading, scoring, ranking, published results."""

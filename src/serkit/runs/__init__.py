"""Runs: the evidence that a training leaves behind, and the leaderboard made from it."""

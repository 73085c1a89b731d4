"""Figures, pages and tables made from stores, runs and leaderboards."""

"""What people look at: figures, pages and tables made from stores, runs and leaderboards."""

"""serkit: from a folder of emotional speech to an honest leaderboard."""

"""What follows the log: counts, and news of commits."""

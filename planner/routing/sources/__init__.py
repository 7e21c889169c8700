"""Today's rules in: a system's own configuration, or what history shows."""

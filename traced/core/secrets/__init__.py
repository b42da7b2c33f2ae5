"""What gives a secret away: its own shape, the name before it, the place where it stands."""

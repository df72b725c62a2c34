"""What a run will take, and what fits on this machine."""

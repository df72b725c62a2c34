"""Results of a run: how they are committed."""

"""Models that find what an expression means."""

"""Simulated people working on runs of the production code, and the results."""

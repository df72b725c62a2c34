"""Simulated people at work on runs of the production code, and what comes of it."""

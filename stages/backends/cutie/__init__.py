"""Cutie as a propagator."""

"""The embedded propagator."""

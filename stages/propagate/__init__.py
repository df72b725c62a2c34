"""Propagation of masks through a video, both ways."""

"""Verified points in the formats of training libraries, a module each."""

"""Masks in the formats of other datasets and tools, a module each."""

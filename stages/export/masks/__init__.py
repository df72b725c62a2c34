"""Masks in the formats of other data sets and tools, a module each."""

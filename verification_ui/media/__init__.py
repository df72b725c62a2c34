"""Crops, clips and reference frames."""

"""Correction rounds: what a person says of one mask, carried to the frames around it."""

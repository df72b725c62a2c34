"""Training of the embedded segmenter, on scenes of our own making."""

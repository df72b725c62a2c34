"""Image features and linear-algebra pieces that the embedded segmenter and propagator share; shared ground."""

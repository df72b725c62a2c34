"""The embedded segmenter."""

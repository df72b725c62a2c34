"""Segment Anything as a segmenter."""

"""Correction rounds: what people said of masks, worked on video by video, for ``studio`` and ``refine`` alike."""

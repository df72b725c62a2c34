"""Overlay videos: the frames of a video with masks, points, verdicts and a strip of quality."""

"""The Point-VOS benchmark: train on verified points, test on other videos from each object's first points."""

"""Training VOS models on verified points: reading them, clip by clip."""

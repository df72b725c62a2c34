"""The models that need no download."""

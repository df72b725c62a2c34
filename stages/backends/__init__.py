"""Models behind protocols: segmenters, propagators, localizers, their registries and checkpoints. Shared ground."""

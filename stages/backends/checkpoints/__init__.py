"""Checkpoints: which there are, where they lie, whether they are whole, how they come. Needs no model package."""

from stages.backends.checkpoints.cache import require_checkpoint
from stages.backends.checkpoints.catalog import CHECKPOINTS, Checkpoint
from stages.backends.checkpoints.errors import CheckpointError
from stages.backends.checkpoints.hub import require_hub_model

__all__ = ["CHECKPOINTS", "Checkpoint", "CheckpointError", "require_checkpoint", "require_hub_model"]

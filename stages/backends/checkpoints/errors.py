"""What can be wrong with a checkpoint.

CheckpointError
├── MissingCheckpointError   it was never fetched
├── DamagedCheckpointError   it is there, but not what it should be
└── DownloadError            it could not be fetched
"""

from __future__ import annotations


class CheckpointError(Exception):
    """A checkpoint cannot be used; the message is one sentence that says what to do."""


class MissingCheckpointError(CheckpointError):
    """The checkpoint is not in the cache."""


class DamagedCheckpointError(CheckpointError):
    """The file in the cache, or the file that came, has another checksum or size than it should have."""


class DownloadError(CheckpointError):
    """The file could not be fetched: the server refused, lied about it, or broke off too often."""

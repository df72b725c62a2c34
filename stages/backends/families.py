"""The names of the SAM 2 family, which several registries share, and the packages that it needs."""

from __future__ import annotations

from importlib.util import find_spec

from stages.backends.checkpoints.errors import CheckpointError

SAM2_FAMILY = ("sam2.1_tiny", "sam2.1_small", "sam2.1_base_plus", "sam2.1_large", "edgetam", "sam3_tracker")
"""Models that segment and propagate with the same weights, through the packages of ``pointvos[video]``."""


def require_packages(name: str) -> None:
    """Make sure that the packages of ``pointvos[video]`` are here.

    Raises:
        CheckpointError: they are not.
    """
    if missing := [package for package in ("transformers", "timm") if find_spec(package) is None]:
        raise CheckpointError(
            f"{name} needs {' and '.join(missing)}; install what it needs with: pip install 'pointvos[video]'"
        )

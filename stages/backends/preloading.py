"""What models import, ahead of them, in a process that the ones which load them are forked from.

Nothing here may touch a GPU: CUDA does not survive a fork.
"""

from __future__ import annotations

_WITHOUT_TORCH = ("grabcut", "flow")


def import_packages(segmenter: str, propagator: str) -> None:
    """Import what a segmenter and a propagator, by their names, need in any case."""
    if {segmenter, propagator} <= set(_WITHOUT_TORCH):
        return
    import stages.backends.torch_import

    if segmenter.startswith("embedded"):
        import stages.backends.embedded.segmenter.embedded
    if propagator.startswith("embedded"):
        import stages.backends.embedded.propagator.embedded  # noqa: F401

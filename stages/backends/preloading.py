"""What models need, ahead of them, in a process that the ones which use them are forked from.

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


def load_on_cpu(segmenter: str, propagator: str, device: str) -> None:
    """Load the networks of the embedded models where they surely run on the CPU: all forks then share their weights."""
    if not (segmenter.startswith("embedded") and propagator.startswith("embedded")):
        return
    from stages.arithmetic import use_one_thread_an_operation
    from stages.backends.devices import is_surely_cpu
    from stages.backends.propagators import load_propagator
    from stages.backends.segmenters import load_segmenter

    if is_surely_cpu(device):
        use_one_thread_an_operation()
        load_segmenter(segmenter, device)
        load_propagator(propagator, device)

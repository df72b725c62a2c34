"""``python -m pipeline``: the same as ``pointvos``."""

from pipeline.cli import main

main()

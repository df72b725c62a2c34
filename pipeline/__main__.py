"""``pointvos`` and ``python -m pipeline``: Ctrl-C is answered while the modules are still being loaded, too."""

from __future__ import annotations

import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the command line."""
    try:
        from pipeline.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted. Run the same command again to continue.\n")
        raise SystemExit(_INTERRUPTED) from None


if __name__ == "__main__":
    main()

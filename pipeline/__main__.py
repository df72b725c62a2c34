"""``pointvos`` and ``python -m pipeline``: Ctrl-C is answered while the modules are still being loaded, too."""

from __future__ import annotations

import signal
import sys
from types import FrameType

_INTERRUPTED = 130


def main() -> None:
    """Run the command line; SIGTERM and SIGHUP end it as Ctrl-C does, so that locks and temporary files go."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores one of them
            signal.signal(number, _exit)
    try:
        if sys.argv[1:2] == ["annotate"] and not {"-h", "--help", "--"} & set(sys.argv):
            from pipeline.runners.spawning import start_early

            start_early()
        from pipeline.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted. Run the same command again to continue.\n")
        raise SystemExit(_INTERRUPTED) from None


def _exit(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    main()

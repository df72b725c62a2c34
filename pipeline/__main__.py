"""``pointvos`` and ``python -m pipeline``: Ctrl-C is answered while the modules are still being loaded, too."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

_INTERRUPTED = 130
_ENDING = (signal.SIGTERM, signal.SIGHUP)


def main() -> None:
    """Run the command line; SIGTERM and SIGHUP end it as Ctrl-C does, so that locks and temporary files go."""
    _open_standard_streams()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # where it is ignored, nobody learns how a process of ours has ended
    for number in _ENDING:
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


def _open_standard_streams() -> None:
    """Open those that are closed, to nowhere: otherwise the next file or pipe gets the number of one of them."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8")  # gets the lowest number
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)


def _exit(number: int, _: FrameType | None) -> None:
    """End once: ``timeout`` sends SIGTERM twice, to the command and to its group, and cleaning up takes a moment."""
    for other in _ENDING:
        signal.signal(other, signal.SIG_IGN)
    raise SystemExit(128 + number)


if __name__ == "__main__":
    main()

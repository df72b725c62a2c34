"""Commands that are killed just before one of their changes to the file system: a rename, a removal, a new file.

A process that has imported everything forks for every command, so that a kill costs a fraction of a second.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
_CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.link", "os.symlink"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Killer:
    """Runs ``pointvos`` commands below one folder."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, root: Path, *arguments: object, kill_at: int | None = None) -> tuple[int, int]:
        """Exit code (negative for a signal) and how many changes below ``root`` were made or begun.

        Args:
            root: only changes below it count.
            arguments: of ``pointvos``, or ``-c`` and Python code.
            kill_at: number of the change before which the command is killed.
        """
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([str(root), list(map(str, arguments)), kill_at]) + "\n")
        self._process.stdin.flush()
        code, n_changes = json.loads(self._process.stdout.readline())
        return code, n_changes

    def kills(self, root: Path, *arguments: object, at_most: int = 30) -> Iterator[int]:
        """Numbers of the changes at which to kill a command: all, or the first and last and some between.

        Runs it once to see how many there are.
        """
        code, n_changes = self.run(root, *arguments)
        assert code == 0
        assert n_changes > 0
        if n_changes <= at_most:
            return iter(range(1, n_changes + 1))
        ends, step = max(6, at_most // 3), n_changes // (at_most // 3)
        chosen = {*range(1, ends + 1), *range(1, n_changes + 1, step), *range(n_changes - ends + 1, n_changes + 1)}
        return iter(sorted(chosen))


@contextmanager
def killer() -> Iterator[Killer]:
    """What killed commands leave among the temporary files goes in the end."""
    command, pipe = [sys.executable, "-m", "tests.kills"], subprocess.PIPE
    with (
        TemporaryDirectory(prefix="killed-") as temporary,
        subprocess.Popen(
            command, cwd=REPOSITORY, env={**os.environ, "TMPDIR": temporary}, stdin=pipe, stdout=pipe, text=True
        ) as process,
    ):
        yield Killer(process)
        process.stdin.close()


def contents(folder: Path) -> dict[str, bytes]:
    """All files but locks and what a killed command left under temporary names, which readers pass over."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith((".tmp", ".lock"))
    }


def _serve() -> None:
    import pipeline.cli
    import pipeline.commands.compact
    import pipeline.commands.evaluate
    import pipeline.commands.export
    import pipeline.commands.merge
    import pipeline.commands.refine
    import pipeline.refining.transform
    import pipeline.runners.table_runner
    import pipeline.table_graphs.evaluate
    import pipeline.table_graphs.export
    import pipeline.table_graphs.merge
    import pipeline.table_graphs.review

    for line in sys.stdin:
        root, arguments, kill_at = json.loads(line)
        reading, writing = os.pipe()
        if (pid := os.fork()) == 0:
            _run(pipeline.cli.main, root, arguments, kill_at, writing)
        os.close(writing)
        _, status = os.waitpid(pid, 0)
        with os.fdopen(reading, "rb") as counted:
            n_changes = len(counted.read())
        print(json.dumps([os.waitstatus_to_exitcode(status), n_changes]), flush=True)


def _run(main: Any, root: str, arguments: list[str], kill_at: int | None, counter: int) -> None:
    """In the child: never returns."""
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        os.dup2(silence, stream)
    _watch(root, kill_at, counter)
    code: Any = 0
    try:
        if arguments[0] == "-c":
            exec(arguments[1], {})
        else:
            sys.argv = ["pointvos", *arguments]
            main()
    except SystemExit as leaving:
        code = leaving.code or 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 70
    sys.stderr.flush()
    os._exit(code)


def _watch(root: str, kill_at: int | None, counter: int) -> None:
    n_changes = 0

    def hook(event: str, details: tuple[Any, ...]) -> None:
        nonlocal n_changes
        is_change = event in _CHANGES or (
            event == "open" and isinstance(details[2], int) and bool(details[2] & _WRITING)
        )
        if not is_change or not isinstance(details[0], str | bytes | os.PathLike):
            return
        path = os.fsdecode(details[0])
        if path.startswith("/") and not path.startswith(root):
            return
        n_changes += 1
        os.write(counter, b".")
        if n_changes == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


if __name__ == "__main__":
    _serve()

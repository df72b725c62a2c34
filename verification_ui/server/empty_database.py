"""An empty database, made once beside Label Studio, so that a run's first start takes seconds instead of a minute.

It holds tables and no account, no secret, no task. ``python -m verification_ui.server.empty_database`` makes it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from schemas.whole_files import write_whole
from verification_ui.server.credentials import Credentials
from verification_ui.server.server import ServerProblem, environment, find_executable, template_file

DATABASE = "label_studio.sqlite3"
_TIMEOUT_S = 600.0


def make_template(executable: Path) -> Path:
    """Make the empty database of this Label Studio, or leave it when it is there.

    Raises:
        ServerProblem: Label Studio cannot make it; the message holds what it said.
    """
    target = template_file(executable)
    if target.exists():
        return target
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        variables = environment(folder, folder / "media", Credentials("", "", ""))
        given = {name: value for name, value in variables.items() if not name.startswith("LABEL_STUDIO_USER")}
        done = subprocess.run(
            [executable, "version"],
            env=given,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        made = folder / "data" / DATABASE
        if done.returncode or not made.exists():
            raise ServerProblem(f"{executable} cannot make a database: {done.stderr[-2000:]}")
        write_whole(target, made.read_bytes())
    return target


if __name__ == "__main__":
    try:
        make_template(find_executable())
    except ServerProblem as problem:
        sys.exit(str(problem))

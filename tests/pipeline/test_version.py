"""``pointvos --version``."""

from __future__ import annotations

import platform
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def run_pointvos(*arguments: str, then: str = "") -> list[str]:
    code = f"import sys; sys.argv = ['pointvos', *{arguments!r}]\nfrom pipeline.cli import app\n"
    code += f"try:\n    app()\nexcept SystemExit as end:\n    assert not end.code, end.code\n{then}"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=True)
    return answer.stdout.splitlines()


def test_version_names_pointvos_python_and_torch_without_importing_torch():
    loaded = "print([name for name in ('torch', 'apache_beam') if name in sys.modules])"
    with (REPOSITORY / "pyproject.toml").open("rb") as file:
        own = tomllib.load(file)["project"]["version"]
    assert run_pointvos("--version", then=loaded) == [
        f"pointvos {own}",
        f"Python {platform.python_version()}",
        f"torch {version('torch')}",
        "[]",
    ]


def test_version_comes_before_a_sub_command():
    assert run_pointvos("--version", "annotate") == run_pointvos("--version")

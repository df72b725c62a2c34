"""The list of commands is there at once, and says what the commands say of themselves."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from pipeline.cli import COMMANDS, app

REPOSITORY = Path(__file__).parents[2]
HEAVY = ("torch", "apache_beam", "cutie", "pyarrow", "pandas", "scipy", "cv2", "numpy", "httpx", "transformers", "av")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_of_a_command_is_the_first_line_of_its_own_help(name):
    command = get_command(app).commands[name]
    assert command.name == name
    assert COMMANDS[name].summary == " ".join(command.help.split("\n\n")[0].split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments):
    code = f"""
import sys
sys.argv = ["pointvos", *{arguments!r}]
from pipeline.__main__ import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print("imported:", [name for name in {HEAVY!r} if name in sys.modules])
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=True)
    assert answer.stdout.splitlines()[-1] == "imported: []"


def test_every_command_is_listed_in_order():
    lines = CliRunner().invoke(app, ["--help"]).output.splitlines()
    listed = [line.strip("│ ").split()[0] for line in lines if line.strip("│ ").split()[:1]]
    assert list(dict.fromkeys(name for name in listed if name in COMMANDS)) == list(COMMANDS)


@pytest.mark.parametrize("words", [["annotate", "--help"], ["review", "push", "--help"], ["models", "list", "--help"]])
def test_a_command_has_its_own_help(words):
    answer = CliRunner().invoke(app, words)
    assert answer.exit_code == 0
    assert f"Usage: pointvos {' '.join(words[:-1])} " in " ".join(answer.output.split())


def test_an_unknown_command_is_named():
    answer = CliRunner().invoke(app, ["anotate"])
    assert answer.exit_code == 2
    assert "No such command 'anotate'" in answer.output

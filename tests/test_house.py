"""The house: sizes, names, and that the packages which run are those of this repository."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGES = ("pipeline", "stages", "verification_ui", "schemas")
SOURCES = sorted(p for name in (*PACKAGES, "tests") for p in (REPOSITORY / name).rglob("*.py"))
MAX_LINES, MAX_STATEMENTS = 400, 30
GRAPHS = [
    p
    for name in PACKAGES
    for p in (REPOSITORY / name).rglob("*.py")
    if p.name == "transform.py" or "table_graphs" in p.parts
]
MAX_GRAPH_LINES, MAX_EXPAND_LINES = 70, 30


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def statements(function: ast.AST) -> int:
    return sum(isinstance(node, ast.stmt) for node in ast.walk(function)) - 1


def test_no_file_is_longer_than_400_lines():
    long = {str(p.relative_to(REPOSITORY)): n for p in SOURCES if (n := len(p.read_text().splitlines())) > MAX_LINES}
    assert not long


def test_no_function_has_more_than_30_statements():
    long = {
        f"{p.relative_to(REPOSITORY)}:{f.name}": n
        for p in SOURCES
        if "tests" not in p.parts
        for f in functions(p)
        if (n := statements(f)) > MAX_STATEMENTS
    }
    assert not long


def test_a_transform_is_a_thin_shell_over_a_tested_core():
    long = {
        str(p.relative_to(REPOSITORY)): n for p in GRAPHS if (n := len(p.read_text().splitlines())) > MAX_GRAPH_LINES
    }
    assert len(GRAPHS) > 20
    assert not long


def test_a_graph_fits_on_one_screen():
    long = {
        f"{p.relative_to(REPOSITORY)}:{f.lineno}": n
        for p in (*GRAPHS, REPOSITORY / "pipeline/graph.py")
        for f in functions(p)
        if f.name == "expand" and (n := (f.end_lineno or 0) - f.lineno + 1) > MAX_EXPAND_LINES
    }
    assert not long


def test_no_file_is_called_utils_or_helpers():
    assert not [p for p in SOURCES if p.stem in {"utils", "helpers", "common", "misc"}]


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_is_imported_from_this_repository(name):
    assert Path(importlib.import_module(name).__file__).parent == REPOSITORY / name


def test_help_needs_neither_torch_nor_beam():
    code = "import sys, pipeline.cli; print([m for m in ('torch', 'apache_beam', 'cutie') if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=True)
    assert answer.stdout.strip() == "[]"


def test_tests_are_no_packages():
    assert not list((REPOSITORY / "tests").rglob("__init__.py"))

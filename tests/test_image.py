"""The container image, as far as its recipe can be checked without building it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
RECIPE = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ARGUMENTS = dict(re.findall(r"^ARG (\w+)=(.*)$", RECIPE, flags=re.MULTILINE))
PAGES = [RECIPE, *(page.read_text(encoding="utf-8") for page in sorted((REPOSITORY / "docs").glob("*.md")))]


def test_bases_and_the_python_of_the_project_agree():
    assert ARGUMENTS["BASE"].startswith("python:3.11-")
    assert PROJECT["requires-python"].startswith(">=3.11")
    assert set(re.findall(r"python3\.\d+", RECIPE)) == {"python3.11"}


def test_what_a_stage_starts_from_is_defined_before_the_first_stage():
    before, _, _ = RECIPE.partition("\nFROM ")
    used = set(re.findall(r"^FROM \S*\$\{(\w+)\}", RECIPE, flags=re.MULTILINE))
    assert used == {"BASE", "BEAM"}
    assert all(f"ARG {name}=" in before for name in used)


@pytest.mark.parametrize("page", PAGES, ids=len)
def test_build_arguments_that_a_page_names_exist_with_values_that_work(page):
    for name, value in re.findall(r"--build-arg (\w+)=(\S+)", page):
        assert name in ARGUMENTS
        if name == "BASE":
            assert re.fullmatch(r"nvidia/cuda:[\d.]+-base-ubuntu22\.04", value)  # it has Python 3.11
        if name == "EXTRAS":
            assert value.strip("`.") in PROJECT["optional-dependencies"]


def test_packages_come_from_the_lock_with_their_hashes():
    assert "pip install --no-deps --require-hashes -r requirements.lock" in RECIPE
    assert (REPOSITORY / "requirements.lock").is_file()


def test_workers_use_the_image_s_own_packages_and_do_not_run_as_root():
    assert "RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT=1" in RECIPE
    assert RECIPE.index("USER pointvos") < RECIPE.index("ENTRYPOINT")
    assert re.findall(r"^WORKDIR (\S+)$", RECIPE, flags=re.MULTILINE)[-1] == "/home/pointvos"  # boot writes there
    copied = re.search(r"^COPY --from=beam (\S+) (\S+)$", RECIPE, flags=re.MULTILINE)
    assert f'ENTRYPOINT ["{copied[2]}/boot"]' in RECIPE


def test_environments_and_runs_of_this_checkout_stay_out_of_the_image():
    ignored = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").split()
    assert {".git", ".venv*", "build", "run*", "demo-run"} <= set(ignored)

"""What surrounds the code: package metadata, the CI workflow, pre-commit."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGES = ("pipeline", "stages", "verification_ui", "schemas")
WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))


@pytest.fixture(scope="module")
def pyproject() -> dict[str, Any]:
    with (REPOSITORY / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_that_it_is_typed(package, pyproject):
    assert (REPOSITORY / package / "py.typed").read_bytes() == b""
    assert "py.typed" in pyproject["tool"]["setuptools"]["package-data"]["*"]


def test_classifiers_name_every_python_that_is_supported(pyproject):
    project = pyproject["project"]
    lowest, above = (int(found) for found in re.fullmatch(r">=3\.(\d+),<3\.(\d+)", project["requires-python"]).groups())
    named = {f"Programming Language :: Python :: 3.{minor}" for minor in range(lowest, above)}
    assert named == {text for text in project["classifiers"] if re.search(r"Python :: 3\.\d", text)}
    assert "Typing :: Typed" in project["classifiers"]
    assert project["keywords"] == sorted(set(project["keywords"]))


def test_project_links_lead_to_safe_addresses(pyproject):
    assert all(url.startswith("https://") for url in pyproject["project"]["urls"].values())
    assert pyproject["project"]["urls"]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_pins_its_actions_and_may_only_read(workflow):
    found = yaml.safe_load(workflow.read_text(encoding="utf-8"))
    steps = [step for job in found["jobs"].values() for step in job["steps"]]
    actions = [step["uses"] for step in steps if "uses" in step]
    assert actions
    assert all(re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", action) for action in actions)
    assert found["permissions"] == {"contents": "read"}


def test_the_workflow_runs_what_the_local_check_runs():
    (workflow,) = WORKFLOWS
    found = yaml.safe_load(workflow.read_text(encoding="utf-8"))
    assert "push" in found[True]  # YAML 1.1 reads the key `on` as true
    commands = [step["run"] for job in found["jobs"].values() for step in job["steps"] if "run" in step]
    assert commands == [".ci/run"]
    assert (REPOSITORY / ".ci" / "run").stat().st_mode & 0o111
    script = (REPOSITORY / ".ci" / "run").read_text()
    assert re.search(r"^make check docs test check-cluster-quick$", script, flags=re.MULTILINE)


def test_pre_commit_runs_the_first_steps_of_make_check():
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", (REPOSITORY / "Makefile").read_text(), flags=re.MULTILINE)[1]
    steps = [line.strip("\t@").replace("$(BIN)/", "").removesuffix(" .") for line in recipe.splitlines()]
    config = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [hook["entry"] for repo in config["repos"] for hook in repo["hooks"]]
    own = [hook.removeprefix(".venv/bin/").removesuffix(" --force-exclude") for hook in hooks]
    assert own == [step.replace(" --check", "") for step in steps if not step.startswith("python")]


def test_the_changelog_has_the_groups_of_keep_a_changelog():
    text = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (.*)$", text, flags=re.MULTILINE)
    assert versions[0] == "Unreleased"
    assert all(re.fullmatch(r"\d+\.\d+\.\d+ - \d{4}-\d{2}-\d{2}", version) for version in versions[1:])
    for section in re.split(r"^## .*$", text, flags=re.MULTILINE)[1:]:
        groups = re.findall(r"^### (.*)$", section, flags=re.MULTILINE)
        order = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
        assert groups == [name for name in order if name in groups]

"""The way through the code that ``docs/architecture.md`` describes is there, and short; who may import whom."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = (REPOSITORY / "docs/architecture.md").read_text(encoding="utf-8")
STEPS = re.findall(r"^\d\. `(\S+\.py)`: (.*(?:\n   .*)*)", PAGE, flags=re.MULTILINE)


def test_from_a_click_to_its_row_there_are_eight_files_at_most_and_none_twice():
    files = [file for file, _ in STEPS]
    assert 1 < len(files) <= 8
    assert len(set(files)) == len(files)


def test_every_file_on_the_way_has_what_the_page_says_of_it():
    for file, text in STEPS:
        code = (REPOSITORY / file).read_text(encoding="utf-8")
        named = [name for name in re.findall(r"`(\w+)`", text) if name != "transform"]
        assert named, file
        assert not [name for name in named if not re.search(rf"\b{name}\b", code)], file


PACKAGES = ("pipeline", "stages", "verification_ui", "schemas")
BREACHES = {
    "stages.segment.negative_clicks": "stages.propagate.fusion",
    "stages.spool": "stages.segment.prompts",
    "stages.video.tears": "stages.segment.prompts",
    "stages.progress": "apache_beam",
    "pipeline.runs.folder": "apache_beam",
    "stages.resize": "torch",
    "stages.render.strip": "transformers",
    "stages.train.settings": "timm",
    "pipeline.kept_config": "torch",
    "schemas.masks": "cv2",
    "schemas.iou": "stages.memory",
    "verification_ui.page.html": "stages.arithmetic",
    "verification_ui.gate.origins": "label_studio_sdk",
}


def test_the_import_contracts_find_every_kind_of_breach(tmp_path):
    for package in PACKAGES:
        for file in (REPOSITORY / package).rglob("*.py"):
            copy = tmp_path / file.relative_to(REPOSITORY)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    for module, forbidden in BREACHES.items():
        with (tmp_path / f"{module.replace('.', '/')}.py").open("a", encoding="utf-8") as file:
            file.write(f"\nimport {forbidden}\n")
    lint = Path(sys.executable).with_name("lint-imports")
    found = subprocess.run([lint, "--no-cache"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert found.returncode == 1
    output = " ".join(found.stdout.split())
    assert [breach for breach in (" -> ".join(pair) for pair in BREACHES.items()) if breach not in output] == []


def test_every_stage_is_held_by_the_contracts():
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    by_name = {contract["name"]: contract for contract in contracts["contracts"]}
    shared = set(by_name["Shared ground knows no stage"]["source_modules"])
    stages = set(by_name["A stage never imports another stage"]["modules"])
    assert stages == set(by_name["Shared ground knows no stage"]["forbidden_modules"])
    there = {f"stages.{path.stem}" for path in (REPOSITORY / "stages").iterdir() if path.suffix in ("", ".py")}
    assert shared | stages == there - {"stages.__init__", "stages.__pycache__"}

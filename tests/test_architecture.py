"""The way through the code that ``docs/architecture.md`` describes is there, and short."""

from __future__ import annotations

import re
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

"""The documentation: it builds, its commands can be typed, its examples can be read, its links lead somewhere."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import typer
import yaml
from PIL import Image
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.config import load_config
from stages.ingest.detection import FORMATS
from stages.ingest.registry import read_localizations

REPOSITORY = Path(__file__).resolve().parents[1]
DOCS = REPOSITORY / "docs"
HISTORY = ("benchmarks.md", "changelog.md")
"""Pages that tell of the past: commands in them may be gone."""
OF_OTHERS = {
    "--build-arg",
    "--artifacts-dir",
    "--container_executable",
    "--dry_run",
    "--flink_master",
    "--parallelism",
    "--prism_location",
    "--temp_location",
    "--s3_endpoint_url",
    "--worker_pool",
}
"""Options of Beam's programs and of Docker that sentences name."""
PAGES = sorted(page for page in DOCS.glob("*.md") if page.name not in HISTORY)
TEXTS = [*PAGES, *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "stages/README.md"))]


def make_input(folder: Path) -> None:
    """What the first page needs: one clip of six frames with a bright square, a click on it, its true masks."""
    random = np.random.default_rng(0)
    ground = random.integers(0, 60, (96, 128, 3), dtype=np.uint8)
    square = random.integers(170, 255, (32, 32, 3), dtype=np.uint8)
    for name in ("clips", "masks"):
        (folder / name / "clip_a").mkdir(parents=True)
    for i in range(6):
        image, mask = ground.copy(), np.zeros((96, 128), np.uint8)
        image[30:62, 20 + 3 * i : 52 + 3 * i] = square
        mask[30:62, 20 + 3 * i : 52 + 3 * i] = 255
        Image.fromarray(image).save(folder / "clips" / "clip_a" / f"{i:05d}.jpg", quality=95)
        Image.fromarray(mask).save(folder / "masks" / "clip_a" / f"{i:05d}.png")
    click = {"object_id": "1", "x": 36, "y": 46}
    (folder / "clicks.json").write_text(json.dumps({"clip_a": {"frame": 0, "points": [click]}}))


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def command_lines(text: str) -> list[list[str]]:
    """The words of every line of a shell block that begins with pointvos."""
    lines = [shlex.split(line, comments=True) for block in blocks(text, "sh") for line in block.splitlines()]
    return [words for words in lines if words[:1] == ["pointvos"]]


def mentions(text: str) -> list[list[str]]:
    """The words of every `pointvos …` within a sentence, without what stands for the reader's own."""
    spans = re.findall(r"`(pointvos(?: [^`\n]*)?)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    return [[word for word in span.split() if word != "…"] for span in spans]


def resolve(words: list[str]) -> tuple[Any, list[str]]:
    """The command that a line names, and its arguments."""
    command, rest = typer.main.get_command(app), words[1:]
    while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
        assert rest[0] in command.commands, f"{shlex.join(words)}: no command {rest[0]!r}"
        command, rest = command.commands[rest[0]], rest[1:]
    return command, rest


def options_of(command: Any) -> set[str]:
    return {"-h", "--help"} | {name for p in command.params for name in (*p.opts, *p.secondary_opts)}


def all_options(command: Any) -> Iterator[str]:
    yield from options_of(command)
    for child in getattr(command, "commands", {}).values():
        yield from all_options(child)


@pytest.mark.parametrize("page", TEXTS, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_every_command_line_is_one_that_pointvos_understands(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words in command_lines(page.read_text(encoding="utf-8")):
        command, arguments = resolve(words)
        for option, folder in pairwise(arguments):
            if option in ("--ground-truth", "--gold-truth"):  # folders that must be there
                Path(folder).mkdir(parents=True, exist_ok=True)
        command.make_context(shlex.join(words), arguments)  # raises where an option, a value or an argument is wrong


@pytest.mark.parametrize("page", TEXTS, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_commands_that_a_sentence_names_exist_with_their_options(page):
    for words in mentions(page.read_text(encoding="utf-8")):
        command, arguments = resolve(words)
        given = [word for word in arguments[: (*arguments, "--").index("--")] if word.startswith("-")]
        assert set(given) <= options_of(command), shlex.join(words)


@pytest.mark.parametrize("page", [*PAGES, REPOSITORY / "README.md"], ids=lambda path: path.name)
def test_options_that_a_sentence_names_exist(page):
    known = set(all_options(typer.main.get_command(app)))
    named = re.findall(r"`(--[a-z][a-z0-9_-]*)[^`\n]*`", page.read_text(encoding="utf-8"))
    assert set(named) <= known | OF_OTHERS


def test_wrong_command_lines_would_be_found():
    command, arguments = resolve(["pointvos", "annotate", "clips/", "--localizations", "a.json", "--ruN", "x"])
    with pytest.raises(Exception, match="--ruN"):
        command.make_context("annotate", arguments)
    with pytest.raises(AssertionError, match="no command 'pusch'"):
        resolve(["pointvos", "review", "pusch"])


def test_the_pages_show_the_commands_of_the_whole_way():
    shown = {tuple(words[1:2]) for page in PAGES for words in command_lines(page.read_text(encoding="utf-8"))}
    whole_way = ("plan", "annotate", "review", "merge", "export", "evaluate", "simulate", "report", "doctor", "models")
    assert {(name,) for name in whole_way} <= shown


@pytest.mark.parametrize("fmt", [name for name in FORMATS if name not in ("vidln", "masks", "points", "tapvid")])
def test_the_example_of_a_format_can_be_read(fmt, tmp_path):
    section = re.search(rf"^### {fmt}\n(.*?)^##", (DOCS / "formats.md").read_text(), flags=re.DOTALL | re.MULTILINE)[1]
    fence = r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```'
    language, name, example = re.search(fence, section, flags=re.DOTALL | re.MULTILINE).groups()
    file = tmp_path / (name or f"example.{language}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(example, encoding="utf-8")
    given = tmp_path if name else file
    localizations, rejects = read_localizations(given)
    assert localizations
    assert not rejects
    assert {loc.video_id.removesuffix(".mp4") for loc in localizations} == {"clip_a"}
    assert read_localizations(given, fmt) == (localizations, rejects)


def test_every_format_of_hints_has_a_section():
    headings = re.findall(r"^### (\w+)$", (DOCS / "formats.md").read_text(), flags=re.MULTILINE)
    assert set(FORMATS) <= set(headings)


def test_the_settings_that_are_shown_are_settings(tmp_path):
    (shown,) = blocks((DOCS / "running.md").read_text(), "yaml")
    file = tmp_path / "settings.yaml"
    file.write_text(shown, encoding="utf-8")
    config = load_config(file, {"videos": "clips", "localizations": "clicks.json"})
    assert config.jpeg_quality == yaml.safe_load(shown)["jpeg_quality"]


@pytest.mark.parametrize("page", TEXTS, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_links_to_files_lead_somewhere(page):
    folder = page.resolve().parent if page.name == "review-page.md" else page.parent
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert "://" in target or (folder / target).exists(), target


@pytest.mark.parametrize("page", TEXTS, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_source_files_that_are_named_exist(page):
    folders = "docs|pipeline|schemas|stages|tests|verification_ui"
    named = re.findall(rf"`((?:{folders})/[\w./-]*)`", page.read_text(encoding="utf-8"))
    missing = [path for path in named if not (REPOSITORY / path).exists()]
    assert not missing


def test_every_page_is_in_the_navigation_once():
    lines = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8").splitlines()
    named = [found[1] for line in lines if (found := re.fullmatch(r"  - [^#]*: (\S+\.md)", line))]
    assert sorted(named) == sorted([*(page.name for page in PAGES), *HISTORY])


@pytest.fixture
def build_docs():
    """Build with the command of ``make docs``: source folder, site → what came of it."""
    own = REPOSITORY / ".venv-docs" / "bin" / "mkdocs"
    mkdocs = str(own) if own.exists() else shutil.which("mkdocs")
    if mkdocs is None:
        pytest.skip("MkDocs is not installed; make docs installs it in .venv-docs")
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    arguments = re.search(r"/bin/mkdocs (build .*)$", makefile, flags=re.MULTILINE)[1].split()

    def build(source: Path, site: Path) -> subprocess.CompletedProcess[str]:
        command = [mkdocs, *arguments, "--site-dir", str(site)]
        return subprocess.run(command, capture_output=True, text=True, cwd=source, timeout=300, check=False)

    return build


def test_the_documentation_builds_without_a_warning(build_docs, tmp_path):
    answer = build_docs(REPOSITORY, tmp_path)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "BrightSegmenter" in (tmp_path / "models.html").read_text(encoding="utf-8")
    assert 'src="images/contact_sheet.png"' in (tmp_path / "review-page.html").read_text(encoding="utf-8")
    assert not (tmp_path / "requirements-docs.lock").exists()


def test_a_link_to_nowhere_fails_the_build(build_docs, tmp_path):
    shutil.copytree(DOCS, tmp_path / "docs")
    shutil.copytree(REPOSITORY / "tests" / "data", tmp_path / "tests" / "data")
    shutil.copy(REPOSITORY / "mkdocs.yml", tmp_path)
    with (tmp_path / "docs" / "index.md").open("a", encoding="utf-8") as page:
        page.write("[nowhere](models.md#nowhere)\n")
    answer = build_docs(tmp_path, tmp_path / "site")
    assert answer.returncode == 1
    assert "does not contain an anchor '#nowhere'" in answer.stderr


def test_the_whole_way_of_the_first_page_works_as_it_is_shown(tmp_path, monkeypatch):
    make_input(tmp_path)
    monkeypatch.chdir(tmp_path)
    for words in command_lines((DOCS / "index.md").read_text(encoding="utf-8")):
        answer = CliRunner().invoke(app, words[1:])
        assert answer.exit_code == 0, shlex.join(words) + answer.output
    assert sorted(path.name for path in (tmp_path / "dataset" / "pointvos").glob("*.json")) == [
        "train.json",
        "val.json",
        "videos.json",
    ]
    assert (tmp_path / "runs" / "first" / "report" / "index.html").is_file()
    assert pq.read_table(tmp_path / "runs" / "first" / "points").num_rows > 0
    (reading_rejects,) = blocks((DOCS / "running.md").read_text(encoding="utf-8"), "python")
    seen: dict[str, Any] = {}
    exec(reading_rejects, seen)
    assert list(seen["rejects"].columns) == ["stage", "key", "error", "detail", "input_uri"]

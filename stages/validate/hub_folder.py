"""A folder for the Hugging Face hub: a card whose configurations name the files, and these files.

Source: https://huggingface.co/docs/hub/datasets-manual-configuration
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from stages.validate.parquet_points import ParquetPoints
from stages.validate.problems import Problem

CARD = "README.md"


def problems_in(root: Path) -> Iterator[Problem]:
    """Every broken rule of the card and of all files that it names."""
    try:
        header = _header((root / CARD).read_text(encoding="utf-8"))
        configs = [dict(config) for config in header["configs"]]
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as problem:
        yield Problem(
            CARD, f"its header cannot be read ({problem!r}); expected YAML with configs between two lines ---"
        )
        return
    named: set[Path] = set()
    for config in configs:
        check = ParquetPoints(root)
        for file in (found for part in _files(root, config) for found in part[1]):
            named.add(file)
            yield from check.problems(file)
        yield from _config_problems(root, config, header)
    for file in sorted(set(root.rglob("*.parquet")) - named):
        yield Problem(file.relative_to(root).as_posix(), "no configuration of the card names this file")


def _header(text: str) -> dict[str, Any]:
    parts = text.split("---\n", 2)
    if len(parts) != 3 or parts[0].strip():
        raise ValueError("there is none")
    return dict(yaml.safe_load(parts[1]))


def _files(root: Path, config: dict[str, Any]) -> list[tuple[dict[str, Any], list[Path]]]:
    parts = config.get("data_files")
    listed = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    return [(part, sorted(root.glob(str(part.get("path", "-"))))) for part in listed]


def _config_problems(root: Path, config: dict[str, Any], header: dict[str, Any]) -> Iterator[Problem]:
    name = config.get("config_name")
    where, parts = f"{CARD} config {name}", _files(root, config)
    if not parts:
        yield Problem(where, "it names no files; expected data_files with a split and a path each")
    for part, files in parts:
        if not files:
            yield Problem(where, f"path {part.get('path')!r} of split {part.get('split')!r} matches no file")
    infos = header.get("dataset_info")
    own = [info for info in infos if info.get("config_name") == name] if isinstance(infos, list) else []
    features = {feature["name"] for info in own for feature in info.get("features", ())}
    for file in (files[0] for _, files in parts if files):
        try:
            columns = set(pq.read_schema(file).names)
        except (ValueError, OSError):
            continue  # said of the file already
        if features and columns != features:
            differing = ", ".join(sorted(columns ^ features))
            yield Problem(where, f"its features and the columns of {file.name} differ in {differing}")

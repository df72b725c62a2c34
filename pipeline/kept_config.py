"""The config of a run as its folder keeps it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from pipeline.config import RunConfig, load_config
from pipeline.runs.folder import RunFolder
from pipeline.terminal.console import UsageProblem
from schemas.whole_files import write_whole


def keep_config(folder: RunFolder, config: RunConfig) -> None:
    """Write the config; a run keeps the id that it had first, for its review queue is known by it.

    Raises:
        UsageProblem: the run was made with settings that give other results.
    """
    old = folder.config() if folder.config_file.exists() else {}
    if old and old.get("config_hash") != config.hash():
        changed = ", ".join(_differences(old, config)) or "settings"
        raise UsageProblem(
            f"run folder {folder.path} was made with other settings ({changed}); "
            "use the same ones to continue it, or choose another --run"
        )
    write_whole(folder.config_file, config.to_yaml(old.get("run_id", "")).encode())


def load_kept_config(folder: RunFolder, given: dict[str, Any]) -> RunConfig:
    """The config of a run, with settings that a command line gives laid over it.

    Raises:
        UsageProblem: the file is not one that this version wrote, or a setting is wrong.
    """
    folder.config()
    with TemporaryDirectory(prefix="pointvos-config-") as name:
        copy = Path(name) / "run.yaml"
        copy.write_bytes(folder.config_file.read_bytes())
        try:
            return load_config(copy, given)
        except UsageProblem as problem:
            raise UsageProblem(f"{folder} was made by another version of pointvos, or edited: {problem}") from None


def _differences(old: dict[str, Any], config: RunConfig) -> list[str]:
    new = yaml.safe_load(config.to_yaml())
    return [
        f"{part}.{name}: {old.get(part, {}).get(name)} → {value}"
        for part in ("models", "weights", "repair", "sampling")
        for name, value in new.get(part, {}).items()
        if old.get(part, {}).get(name) != value
    ]

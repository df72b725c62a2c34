"""Models of the Hugging Face hub: folders in the cache, fetched at one revision, each file known by its SHA-256."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from schemas.file_locks import waiting_lock
from stages.backends.checkpoints.cache import cache_folder
from stages.backends.checkpoints.catalog import HUB_MODELS, HubModel
from stages.backends.checkpoints.checksums import digest_file
from stages.backends.checkpoints.errors import DamagedCheckpointError, DownloadError, MissingCheckpointError
from stages.backends.checkpoints.fetching import ignore_wait

_READ = ("*.json", "*.txt", "model.safetensors")
"""What transformers reads of a repository: settings, vocabularies and weights, none of which can hold code."""
_RECORD = "pointvos.json"


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file as it was when it was last read whole."""

    sha256: str
    n_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class HubRecord:
    """What is known of a model's folder.

    Attributes:
        source: the repository, or the folder that it was copied from.
        revision: the commit of the repository; empty for a copy.
        files: by name.
    """

    source: str
    revision: str
    files: Mapping[str, HubFile]

    @staticmethod
    def read(folder: Path) -> HubRecord | None:
        """The record in a folder; None when there is none that can be read."""
        try:
            values: dict[str, Any] = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
            files = {name: HubFile(**known) for name, known in values["files"].items()}
            return HubRecord(values["source"], values["revision"], files)
        except (OSError, ValueError, TypeError, KeyError):
            return None

    @staticmethod
    def of(folder: Path, source: str, revision: str) -> HubRecord:
        """The record of a folder as it lies there."""
        paths = sorted(path for path in folder.iterdir() if path.is_file() and path.name != _RECORD)
        return HubRecord(source, revision, {path.name: _known(path) for path in paths})

    def write(self, folder: Path) -> None:
        """Put the record into the folder."""
        (folder / _RECORD).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")


def hub_folder(model: HubModel) -> Path:
    """Where a model lies when it was fetched. Models of one repository share it."""
    return cache_folder() / "hub" / model.repo.replace("/", "--")


def require_hub_model(name: str) -> Path:
    """The folder of a model that is there and whole; nothing is downloaded.

    Raises:
        MissingCheckpointError: it was never fetched.
        DamagedCheckpointError: a file is not what it was when it was fetched.
    """
    verify_hub_model(HUB_MODELS[name])
    return hub_folder(HUB_MODELS[name])


def verify_hub_model(model: HubModel, *, again: bool = False) -> HubRecord:
    """Check a model's files; those that did not change since they were last read are read only ``again``.

    Raises:
        MissingCheckpointError: it was never fetched.
        DamagedCheckpointError: a file is not what it was when it was fetched.
    """
    folder = hub_folder(model)
    record = HubRecord.read(folder)
    if record is None:
        raise MissingCheckpointError(
            f"{model.name} needs {model.repo}, which is not in {folder.parent}; "
            f"fetch it with: pointvos models fetch {model.name}{_terms(model)}"
        )
    for name, known in record.files.items():
        path = folder / name
        found = path.stat() if path.is_file() else None
        unchanged = found is not None and (found.st_size, found.st_mtime_ns) == (known.n_bytes, known.mtime_ns)
        if found is None or ((again or not unchanged) and digest_file(path).sha256 != known.sha256):
            what = "is gone" if found is None else f"has another SHA-256 than {known.sha256}"
            raise DamagedCheckpointError(f"{path} {what}; fetch it again with: pointvos models fetch {model.name}")
    return record


def fetch_hub_model(
    model: HubModel, source: str = "", revision: str = "", on_wait: Callable[[], None] = ignore_wait
) -> HubRecord:
    """Bring a model into the cache unless it is there already.

    Args:
        model: which.
        source: a folder in the format of transformers instead of the hub.
        revision: a branch or commit instead of the one of the last fetch, or of the newest.
        on_wait: called once when another process is fetching the same model.

    Raises:
        DownloadError: it cannot be had.
        DamagedCheckpointError: what came is not what the hub states; nothing is kept of it.
    """
    folder = hub_folder(model)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with waiting_lock(folder.with_name(f".{folder.name}.lock"), on_wait):
        return _fetched(model, folder, source, revision)


def _fetched(model: HubModel, folder: Path, source: str, revision: str) -> HubRecord:
    before = HubRecord.read(folder)
    if before is not None and not source and revision in ("", before.revision):
        try:
            return verify_hub_model(model)
        except DamagedCheckpointError:
            revision = before.revision
    part = folder.with_name(f".{folder.name}.part")
    if source:
        shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True, exist_ok=True)
    record = _copied(Path(source).expanduser(), part) if source else _downloaded(model, revision, part)
    record.write(part)
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    return record


def _copied(source: Path, part: Path) -> HubRecord:
    if not (source / "config.json").is_file() or not (source / "model.safetensors").is_file():
        raise DownloadError(f"{source} holds no config.json and model.safetensors; give --from a folder with both")
    for pattern in _READ:
        for path in source.glob(pattern):
            shutil.copy2(path, part / path.name)
    return HubRecord.of(part, str(source), "")


def _downloaded(model: HubModel, revision: str, part: Path) -> HubRecord:
    try:
        from huggingface_hub import HfApi, hf_hub_download
        from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError
    except ImportError:
        raise DownloadError(f"{model.name} comes through huggingface-hub: pip install 'pointvos[video]'") from None
    endpoint = os.environ.get("HF_ENDPOINT")
    try:
        info = HfApi(endpoint=endpoint).model_info(model.repo, revision=revision or None, files_metadata=True)
        for name in _read_of([file.rfilename for file in info.siblings or []]):
            hf_hub_download(model.repo, name, revision=info.sha, local_dir=part, endpoint=endpoint)
    except (GatedRepoError, RepositoryNotFoundError) as problem:
        raise DownloadError(f"{model.repo} was refused ({_first_line(problem)}){_terms(model)}") from None
    except Exception as problem:  # of the HTTP client's package, which differs between versions of the hub's
        raise DownloadError(
            f"{model.repo} cannot be downloaded ({_first_line(problem)}); run the same command later to resume, or "
            "copy the folder from another machine and give it with --from FOLDER"
        ) from None
    shutil.rmtree(part / ".cache", ignore_errors=True)
    record = HubRecord.of(part, model.url, str(info.sha))
    _require_as_stated(model, record, info.siblings or [], part)
    return record


def _read_of(names: list[str]) -> list[str]:
    return [name for name in names if any(fnmatch(name, pattern) for pattern in _READ) and "/" not in name]


def _require_as_stated(model: HubModel, record: HubRecord, stated: list[Any], part: Path) -> None:
    for file in stated:
        expected = file.lfs.sha256 if file.lfs else ""
        known = record.files.get(file.rfilename)
        if known and expected and known.sha256 != expected:
            shutil.rmtree(part, ignore_errors=True)
            raise DamagedCheckpointError(
                f"{model.repo}/{file.rfilename} came with the SHA-256 {known.sha256} instead of {expected}; try again"
            )


def _known(path: Path) -> HubFile:
    found = path.stat()
    return HubFile(digest_file(path).sha256, found.st_size, found.st_mtime_ns)


def _terms(model: HubModel) -> str:
    if not model.is_gated:
        return ""
    return (
        f". Its weights are given to people who accept Meta's terms: log in at {model.url}, accept them, wait for "
        "approval, then run hf auth login with your token and fetch again"
    )


def _first_line(problem: BaseException) -> str:
    lines = str(problem).strip().splitlines()
    return lines[0] if lines else type(problem).__name__

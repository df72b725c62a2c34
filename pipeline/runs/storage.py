"""Addresses: where a run or a file lies, and whether it can be reached from here."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import BinaryIO

from pipeline.runs.stores import store_at
from pipeline.terminal.console import UsageProblem
from schemas.remote_paths import AnyPath, RemotePath

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/+")
_NEEDED = {"s3": ("boto3", "aws"), "gs": ("google.cloud.storage", "gcp"), "hdfs": ("hdfs", "")}
"""Scheme → the package that Beam reads it with, and the extra of ours that brings it."""
RUN_SCHEMES = ("s3", "gs")
"""Where a run can lie: these write objects whole, and list what was written at once."""


def is_remote(uri: str) -> bool:
    """True for ``scheme://`` paths."""
    return "://" in uri


def run_path(text: str, what: str = "run folder") -> AnyPath:
    """The local folder, or the folder of an object store, that was typed for a run.

    Args:
        text: as it was typed.
        what: the folder is for, in messages.

    Raises:
        UsageProblem: no run can lie there, or a package for it is missing; the message says what to do.
    """
    if not (found := _SCHEME.match(text)):
        return Path(text)
    scheme, name = found[1].lower(), text[found.end() :].strip("/")
    if scheme not in RUN_SCHEMES:
        raise UsageProblem(
            f"{what} {text!r}: {scheme}:// is not supported, since files there are not written atomically; "
            f"choose a local folder, or one on {' or '.join(f'{known}://' for known in RUN_SCHEMES)}"
        )
    if re.search(r"[*?\[\]#\s\x00-\x1f]|//|(^|/)\.{1,2}(/|$)", name) or "/" not in name:
        raise UsageProblem(
            f"{what} {text!r} is not a folder of a bucket; give {scheme}://BUCKET/DIR without * ? [ ] # and spaces"
        )
    require_packages(scheme, f"{what} {text!r}")
    return remote_path(f"{scheme}://{name}")


def remote_path(address: str) -> RemotePath:
    """A folder or object of a store by its address."""
    return RemotePath(address, store_at(address))


def require_packages(scheme: str, what: str) -> None:
    """Make sure that a store can be reached from here, for ``what`` lies there.

    Raises:
        UsageProblem: its package is not installed.
    """
    package, extra = _NEEDED.get(scheme, ("", ""))
    if package and not _is_installed(package):
        name = f"pointvos[{extra}]" if extra else package
        raise UsageProblem(f"{what}: {scheme}:// needs a package that is not installed: pip install '{name}'")


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:
        return False


def open_object(uri: str) -> BinaryIO:
    """Open an object for reading here and there, without loading all of it.

    Raises:
        OSError: there is none, or it cannot be read.
    """
    return store_at(uri).open(uri)


def copy_object(uri: str, file: BinaryIO) -> None:
    """Copy an object into a file, from where that stands.

    Raises:
        OSError: there is none, or it cannot be read or written.
    """
    store_at(uri).copy(uri, file)


def read_object(uri: str) -> bytes:
    """The whole object.

    Raises:
        OSError: there is none, or it cannot be read.
    """
    return store_at(uri).read(uri)

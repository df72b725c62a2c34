"""Object stores, through Beam's file systems: the one file of the run folder that knows of them."""

from __future__ import annotations

import errno
import importlib.util
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from shutil import copyfileobj
from typing import Any, BinaryIO

from pipeline.runs.positioned import buffered
from pipeline.terminal.console import UsageProblem
from schemas.remote_paths import AnyPath, RemotePath, StoredObject

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/+")
_NEEDED = {"s3": ("boto3", "aws"), "gs": ("google.cloud.storage", "gcp"), "hdfs": ("hdfs", "")}
"""Scheme → the package that Beam reads it with, and the extra of ours that brings it."""
RUN_SCHEMES = ("s3", "gs")
"""Where a run can lie: these write objects whole, and list what was written at once."""
_CODES = {401: errno.EACCES, 403: errno.EACCES, 404: errno.ENOENT}
_COPY_BYTES = 1 << 22
_READ_BYTES = 1 << 18
"""At a time; as much as the header of most videos takes."""


def is_remote(uri: str) -> bool:
    """True for ``scheme://`` paths."""
    return "://" in uri


def run_path(text: str) -> AnyPath:
    """Where a run lies, as it is typed: a local folder, or a folder of an object store.

    Raises:
        UsageProblem: no run can lie there, or a package for it is missing; the message says what to do.
    """
    if not (found := _SCHEME.match(text)):
        return Path(text)
    scheme, name = found[1].lower(), text[found.end() :].strip("/")
    if scheme not in RUN_SCHEMES:
        raise UsageProblem(
            f"run folder {text!r}: {scheme}:// is not supported, since files there are not written atomically; "
            f"choose a local folder, or one on {' or '.join(f'{known}://' for known in RUN_SCHEMES)}"
        )
    if re.search(r"[*?\[\]#\s\x00-\x1f]|//|(^|/)\.{1,2}(/|$)", name) or "/" not in name:
        raise UsageProblem(
            f"run folder {text!r} is not a folder of a bucket; give {scheme}://BUCKET/DIR without * ? [ ] # and spaces"
        )
    require_packages(scheme, f"run folder {text!r}")
    return remote_path(f"{scheme}://{name}")


def remote_path(address: str) -> RemotePath:
    """A folder or object of a store by its address."""
    return RemotePath(address, _store_at(address))


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


def _store_at(address: str) -> BeamStore:
    return S3Store() if address.startswith("s3://") else BeamStore()


def use_options(options: Sequence[str]) -> None:
    """Reach stores of this process with Beam options, such as ``--s3_endpoint_url=…``."""
    with _quietly():
        from apache_beam.io.filesystems import FileSystems
        from apache_beam.options.pipeline_options import PipelineOptions
    FileSystems.set_options(PipelineOptions(list(options)))


@contextmanager
def _quietly() -> Iterator[None]:
    """Import Beam without what it says of packages that it misses and nobody asked for."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


@cache
def _filesystems() -> Any:
    """Beam's file systems; some of them need options, if only empty ones, which a pipeline of this process may set."""
    with _quietly():
        from apache_beam.io.filesystems import FileSystems
    if getattr(FileSystems, "_pipeline_options", None) is None:
        use_options([])
    return FileSystems


def open_object(uri: str) -> BinaryIO:
    """Open an object for reading here and there, without loading all of it.

    Raises:
        OSError: there is none, or it cannot be read.
    """
    return _store_at(uri).open(uri)


def copy_object(uri: str, file: BinaryIO) -> None:
    """Copy an object into a file, from where that stands.

    Raises:
        OSError: there is none, or it cannot be read or written.
    """
    _store_at(uri).copy(uri, file)


def read_object(uri: str) -> bytes:
    """The whole object.

    Raises:
        OSError: there is none, or it cannot be read.
    """
    return _store_at(uri).read(uri)


def match(pattern: str) -> list[StoredObject]:
    """The objects that a pattern names, or all below the folder that it names, by address."""
    patterns = [pattern] if any(c in pattern for c in "*?[") else [pattern, pattern.rstrip("/") + "/**"]
    with named_errors(pattern):
        found = {m.path: m for result in _filesystems().match(patterns) for m in result.metadata_list}
    return [StoredObject(path, m.size_in_bytes, m.last_updated_in_seconds or 0.0) for path, m in sorted(found.items())]


@dataclass(frozen=True, slots=True)
class BeamStore:
    """Any store that Beam has a file system for; may be used by several threads."""

    def exists(self, address: str) -> bool:
        """See :class:`ObjectStore`."""
        with named_errors(address):
            return bool(_filesystems().exists(address))

    def below(self, prefix: str) -> Sequence[StoredObject]:
        """See :class:`ObjectStore`."""
        return match(f"{prefix}**")

    def read(self, address: str) -> bytes:
        """See :class:`ObjectStore`."""
        with self.open(address) as file, named_errors(address):
            return file.read()

    def open(self, address: str) -> BinaryIO:
        """The object for reading here and there."""
        with named_errors(address):
            opened: BinaryIO = _filesystems().open(address, "application/octet-stream", "uncompressed")
        return opened

    def copy(self, address: str, file: BinaryIO) -> None:
        """Copy the object into a file."""
        with self.open(address) as source, named_errors(address):
            copyfileobj(source, file, _COPY_BYTES)

    def put(self, address: str, content: BinaryIO) -> None:
        """See :class:`ObjectStore`."""
        with named_errors(address):
            target = _filesystems().create(address, "application/octet-stream", "uncompressed")
            copyfileobj(content, target, _COPY_BYTES)
            target.close()

    def delete(self, addresses: Sequence[str]) -> None:
        """See :class:`ObjectStore`."""
        with named_errors(addresses[0] if addresses else ""):
            _filesystems().delete(list(addresses))


@dataclass(frozen=True, slots=True)
class S3Store(BeamStore):
    """S3 by Beam's client, kept for the process: a new one for every call, as Beam's file system makes, takes 50 ms.

    An object is sent in one request; Beam's upload takes three, and leaves parts behind when it is killed.
    """

    def exists(self, address: str) -> bool:
        """See :class:`ObjectStore`."""
        try:
            self._call("head_object", address)
        except FileNotFoundError:
            return False
        return True

    def below(self, prefix: str) -> Sequence[StoredObject]:
        """See :class:`ObjectStore`."""
        bucket, key = _bucket_and_key(prefix)
        with named_errors(prefix):
            pages = _s3_client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
            found = [one for page in pages for one in page.get("Contents", ())]
        return [
            StoredObject(f"s3://{bucket}/{one['Key']}", one["Size"], one["LastModified"].timestamp()) for one in found
        ]

    def read(self, address: str) -> bytes:
        """See :class:`ObjectStore`."""
        content: bytes = self._call("get_object", address, _body)
        return content

    def open(self, address: str) -> BinaryIO:
        """The object for reading here and there: Beam would load 16 MB for a header."""
        n_bytes = self._call("head_object", address)["ContentLength"]

        def read_at(start: int, n: int) -> bytes:
            content: bytes = self._call("get_object", address, _body, Range=f"bytes={start}-{start + n - 1}")
            return content

        return buffered(read_at, n_bytes, _READ_BYTES)

    def copy(self, address: str, file: BinaryIO) -> None:
        """Copy the object into a file, in parts that are asked for again when the connection breaks."""
        bucket, key = _bucket_and_key(address)
        with named_errors(address):
            _s3_client().download_fileobj(bucket, key, file)

    def put(self, address: str, content: BinaryIO) -> None:
        """See :class:`ObjectStore`."""
        self._call("put_object", address, Body=content, ContentType="application/octet-stream")

    def delete(self, addresses: Sequence[str]) -> None:
        """See :class:`ObjectStore`."""
        for address in addresses:
            self._call("delete_object", address)

    def _call(self, method: str, address: str, read: Callable[[Any], Any] = lambda answer: answer, **more: Any) -> Any:
        bucket, key = _bucket_and_key(address)
        with named_errors(address):
            return read(getattr(_s3_client(), method)(Bucket=bucket, Key=key, **more))


@cache
def _s3_client() -> Any:
    """The client of this process, which threads may share, with Beam's options."""
    with _quietly():
        from apache_beam.io.aws.clients.s3.boto3_client import Client
    return Client(_filesystems()._pipeline_options).client


def _body(answer: Any) -> Any:
    return answer["Body"].read()


def _bucket_and_key(address: str) -> tuple[str, str]:
    bucket, _, key = address.partition("://")[2].partition("/")
    return bucket, key


@contextmanager
def named_errors(address: str) -> Iterator[None]:
    """Turn what goes wrong in a store into an OSError with the address: every client has errors of its own.

    Raises:
        OSError: ENOENT, EACCES or EIO.
    """
    try:
        yield
    except Exception as problem:
        if isinstance(problem, OSError) and problem.errno is not None:
            raise
        cause = _cause(problem)
        code = _CODES.get(_http_code(cause), errno.EIO)
        text = " ".join(f"{type(cause).__name__}: {cause}".split())
        raise OSError(code, f"the object store answers: {text[:300]}", address) from None


def _cause(problem: Exception) -> Exception:
    """The store's own error: Beam wraps it."""
    details = getattr(problem, "exception_details", None)
    inner = next(iter(details.values()), None) if isinstance(details, dict) else None
    return _cause(inner) if isinstance(inner, Exception) else problem


def _http_code(problem: Exception) -> int:
    answer = getattr(problem, "response", None)
    found = answer.get("ResponseMetadata", {}).get("HTTPStatusCode") if isinstance(answer, dict) else None
    code = found if found is not None else getattr(problem, "code", 0)
    return code if isinstance(code, int) else 0

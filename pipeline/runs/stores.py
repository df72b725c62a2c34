"""Object stores through Beam's file systems: the one file that knows how they are reached."""

from __future__ import annotations

import errno
import logging
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from shutil import copyfileobj
from typing import Any, BinaryIO

from pipeline.runs.seekable_file import buffered
from pipeline.terminal.console import UsageProblem
from schemas.remote_paths import StoredObject

_CODES = {401: errno.EACCES, 403: errno.EACCES, 404: errno.ENOENT}
_SECRETS = ("--s3_access_key_id", "--s3_secret_access_key", "--s3_session_token")
_options: list[str] = []
"""Of this process; workers of a cluster have those of their pipeline."""
_COPY_BYTES = 1 << 22
_READ_BYTES = 1 << 18
"""At a time; as much as the header of most videos takes."""
_CONNECTIONS = 32
"""That a client keeps: more than threads ever read at once."""


def use_options(options: Sequence[str]) -> None:
    """Reach the stores of this process with Beam options, such as ``--s3_endpoint_url=…``; call it before any other.

    Raises:
        UsageProblem: a secret is among them; the message does not say which one.
    """
    if found := next((o.partition("=")[0] for o in options if o.partition("=")[0] in _SECRETS), ""):
        raise UsageProblem(
            f"{found} on the command line can be read by every user of this machine and is passed on to the cluster; "
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY here and for the workers, or give the machines a role"
        )
    _options[:] = options


@contextmanager
def quietly() -> Iterator[None]:
    """Import Beam without what it says of packages that it misses and nobody asked for."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


@cache
def _filesystems() -> Any:
    """Beam's file systems; some of them need options, if only empty ones, which a pipeline of this process may set."""
    with quietly():
        from apache_beam.io.filesystems import FileSystems
        from apache_beam.options.pipeline_options import PipelineOptions

        with suppress(ModuleNotFoundError):
            import apache_beam.io.aws.s3filesystem  # noqa: F401 - which registers itself; see pipeline.runners.beam_import
    if getattr(FileSystems, "_pipeline_options", None) is None:
        FileSystems.set_options(PipelineOptions(_options))
    return FileSystems


def find(pattern: str) -> list[StoredObject]:
    """The objects that a pattern names, or all below the folder that it names, by address."""
    patterns = [pattern] if any(c in pattern for c in "*?[") else [pattern, pattern.rstrip("/") + "/**"]
    found = {one.address: one for one in store_at(pattern).match(patterns)}
    return [one for _, one in sorted(found.items())]


def store_at(address: str) -> BeamStore:
    """The store of an address."""
    return {"s3": S3Store, "gs": GoogleStore}.get(address.partition("://")[0], BeamStore)()


@dataclass(frozen=True, slots=True)
class BeamStore:
    """Any store that Beam has a file system for; may be used by several threads."""

    def exists(self, address: str) -> bool:
        """See :class:`ObjectStore`."""
        with named_errors(address):
            return bool(_filesystems().exists(address))

    def below(self, prefix: str) -> Sequence[StoredObject]:
        """See :class:`ObjectStore`."""
        return find(f"{prefix}**")

    def match(self, patterns: Sequence[str]) -> list[StoredObject]:
        """The objects that any of Beam's patterns names; one may come several times."""
        with named_errors(patterns[0]):
            found = [m for result in _filesystems().match(list(patterns)) for m in result.metadata_list]
        return [StoredObject(m.path, m.size_in_bytes, m.last_updated_in_seconds or 0.0) for m in found]

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
    """S3 by one client, kept for the process: a new one for every call, as Beam's file system makes, takes 50 ms.

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


@dataclass(frozen=True, slots=True)
class GoogleStore(BeamStore):
    """Google Cloud Storage by Beam's client, kept for the process: Beam's file system makes one for every call.

    An emulator that ``STORAGE_EMULATOR_HOST`` names is spoken to without credentials.
    """

    def exists(self, address: str) -> bool:
        """See :class:`ObjectStore`."""
        with named_errors(address):
            return bool(_blob(address).exists())

    def below(self, prefix: str) -> Sequence[StoredObject]:
        """See :class:`ObjectStore`."""
        bucket, key = _bucket_and_key(prefix)
        with named_errors(prefix):
            found = list(_google_client().list_blobs(bucket, prefix=key))
        return [StoredObject(f"gs://{bucket}/{one.name}", one.size, one.updated.timestamp()) for one in found]

    def match(self, patterns: Sequence[str]) -> list[StoredObject]:
        """See :class:`BeamStore`."""
        with quietly():
            from apache_beam.io.filesystem import FileSystem
        found = list[StoredObject]()
        for pattern in patterns:
            is_meant = re.compile(FileSystem.translate_pattern(pattern)).match
            found += [one for one in self.below(re.split(r"[*?\[]", pattern)[0]) if is_meant(one.address)]
        return found

    def read(self, address: str) -> bytes:
        """See :class:`ObjectStore`."""
        with named_errors(address):
            content: bytes = _blob(address).download_as_bytes(raw_download=True)
        return content

    def open(self, address: str) -> BinaryIO:
        """The object for reading here and there: Beam would load 16 MB for a header."""
        blob = _blob(address)
        with named_errors(address):
            blob.reload()

        def read_at(start: int, n: int) -> bytes:
            with named_errors(address):
                content: bytes = blob.download_as_bytes(start=start, end=start + n - 1, raw_download=True)
            return content

        return buffered(read_at, blob.size, _READ_BYTES)

    def copy(self, address: str, file: BinaryIO) -> None:
        """Copy the object into a file, in one answer that is gone on with when the connection breaks."""
        with named_errors(address):
            _blob(address).download_to_file(file, raw_download=True)

    def put(self, address: str, content: BinaryIO) -> None:
        """See :class:`ObjectStore`."""
        from google.cloud.storage.retry import DEFAULT_RETRY

        size, kind = content.seek(0, os.SEEK_END), "application/octet-stream"
        with named_errors(address):  # what is written as a whole may be sent again
            _blob(address).upload_from_file(content, rewind=True, size=size, content_type=kind, retry=DEFAULT_RETRY)

    def delete(self, addresses: Sequence[str]) -> None:
        """See :class:`ObjectStore`."""
        from google.cloud.storage.retry import DEFAULT_RETRY

        for address in addresses:
            with suppress(FileNotFoundError), named_errors(address):
                _blob(address).delete(retry=DEFAULT_RETRY)


def _blob(address: str) -> Any:
    bucket, key = _bucket_and_key(address)
    return _google_client().bucket(bucket).blob(key)


@cache
def _google_client() -> Any:
    """The client of this process, which threads may share, with Beam's options and credentials."""
    with quietly():
        from apache_beam.io.gcp.gcsio import create_storage_client
        from requests.adapters import HTTPAdapter

        options = _filesystems()._pipeline_options
        client = create_storage_client(options, use_credentials="STORAGE_EMULATOR_HOST" not in os.environ)
    for scheme in ("https://", "http://"):
        client._http.mount(scheme, HTTPAdapter(pool_maxsize=_CONNECTIONS))
    return client


@cache
def _s3_client() -> Any:
    """The client of this process, which threads may share, with Beam's options.

    Beam's own client keeps 10 connections, and a warning is printed whenever more threads than that read.
    """
    import boto3
    from botocore.config import Config

    with quietly():
        from apache_beam.options.pipeline_options import S3Options

    options = _filesystems()._pipeline_options.view_as(S3Options)
    return boto3.client(
        "s3",
        region_name=options.s3_region_name,
        api_version=options.s3_api_version,
        endpoint_url=options.s3_endpoint_url,
        use_ssl=not options.s3_disable_ssl,
        verify=options.s3_verify,
        config=Config(max_pool_connections=_CONNECTIONS),
    )


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

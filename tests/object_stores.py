"""Stores to test against: a local S3 server, an emulator of Google's, and one in memory.

The last can fail, and its clock can be set.
"""

from __future__ import annotations

import io
import logging
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from schemas.remote_paths import StoredObject

BUCKET = "bucket"
SECRET = "not-to-be-seen-anywhere"


@contextmanager
def s3_server() -> Iterator[Any]:
    """A local S3 server with one bucket, which this process and those that it starts reach; gives a client of it."""
    import boto3
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").disabled = True
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
    }  # fmt: skip
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client
    finally:
        server.stop()
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def google_server(folder: Path) -> Iterator[Any]:
    """A local emulator of Google Cloud Storage with one bucket, reached as :func:`s3_server`; gives a client of it.

    Raises:
        ImportError: Google's packages are not installed.
        FileNotFoundError: the emulator is not installed; the message says how to get it.
    """
    from google.cloud import storage

    if (emulator := shutil.which("fake-gcs-server")) is None:
        raise FileNotFoundError("needs go install github.com/fsouza/fake-gcs-server@v1.56.1, and its folder in PATH")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    before = os.environ.get("STORAGE_EMULATOR_HOST")
    command = [emulator, "-scheme=http", "-host=127.0.0.1", f"-port={port}", "-backend=memory"]
    with (folder / "emulator.log").open("wb") as log:
        process = subprocess.Popen([*command, f"-external-url={address}"], stdout=log, stderr=log)
    os.environ["STORAGE_EMULATOR_HOST"] = address
    try:
        _wait_for(port)
        client = storage.Client.create_anonymous_client()
        client.create_bucket(BUCKET, project="a-project")
        yield client
    finally:
        process.terminate()
        process.wait()
        del os.environ["STORAGE_EMULATOR_HOST"]
        os.environ |= {"STORAGE_EMULATOR_HOST": before} if before is not None else {}


def _wait_for(port: int) -> None:
    until = time.monotonic() + 60
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        assert time.monotonic() < until
        time.sleep(0.05)


@dataclass(slots=True)
class MemoryStore:
    """Objects in memory.

    Attributes:
        now_s: what the store's clock shows.
        puts_left: writes that succeed; the next one raises.
    """

    now_s: float = 1000.0
    puts_left: int = 10**6
    objects: dict[str, tuple[bytes, float]] = field(default_factory=dict)

    def exists(self, address: str) -> bool:
        return address in self.objects

    def below(self, prefix: str) -> Sequence[StoredObject]:
        found = [(name, *one) for name, one in sorted(self.objects.items()) if name.startswith(prefix)]
        return [StoredObject(name, len(content), written_s) for name, content, written_s in found]

    def read(self, address: str) -> bytes:
        if address not in self.objects:
            raise FileNotFoundError(2, "there is no object", address)
        return self.objects[address][0]

    def open(self, address: str) -> BinaryIO:
        return io.BytesIO(self.read(address))

    def put(self, address: str, content: BinaryIO) -> None:
        if self.puts_left == 0:
            raise OSError(5, "the connection is lost", address)
        self.puts_left -= 1
        self.objects[address] = (content.read(), self.now_s)

    def delete(self, addresses: Sequence[str]) -> None:
        for address in addresses:
            self.objects.pop(address, None)

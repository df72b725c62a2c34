"""Stores to test against: a local S3 server, and one in memory that can fail and whose clock can be set."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
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

"""The part of S3 that showing pictures needs, on loopback: a bucket is listed, a signed address gives its object."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

_LIST = (
    '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    "<Name>{bucket}</Name><Prefix>{prefix}</Prefix><KeyCount>{n}</KeyCount><MaxKeys>1</MaxKeys>"
    "<IsTruncated>false</IsTruncated>{contents}</ListBucketResult>"
)
_OBJECT = "<Contents><Key>{key}</Key><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, root: Path, is_bucket: bool, *rest: object) -> None:
        self.root, self.is_bucket = root, is_bucket
        super().__init__(*rest)  # type: ignore[arg-type]

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        path = self.root / unquote(parts.path).strip("/")
        if self.is_bucket and "list-type" in query:
            self._reply(200, self._listing(path, query.get("prefix", [""])[0]))
        elif self.is_bucket and not any(name in query for name in ("X-Amz-Signature", "Signature")):
            self._reply(403, b"<Error><Code>AccessDenied</Code></Error>")
        else:
            self._reply(200, path.read_bytes()) if path.is_file() else self._reply(404, b"")

    def _listing(self, bucket: Path, prefix: str) -> bytes:
        keys = [p.relative_to(bucket).as_posix() for p in sorted(bucket.rglob("*")) if p.is_file()]
        found = [_OBJECT.format(key=key, size=(bucket / key).stat().st_size) for key in keys if key.startswith(prefix)]
        return _LIST.format(bucket=bucket.name, prefix=prefix, n=len(found[:1]), contents="".join(found[:1])).encode()

    def _reply(self, status: int, content: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def file_server(root: Path, is_bucket: bool) -> Iterator[str]:
    """The address of a server of ``root``: its folders are buckets, or just folders."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, root, is_bucket))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

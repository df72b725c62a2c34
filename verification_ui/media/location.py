"""Where annotators' browsers get the pictures: from the server itself, a bucket, or a web server."""

from __future__ import annotations

import configparser
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from verification_ui.page.payloads import Payload

LOCAL = "local"
_LOCAL_URL = re.compile(r"/data/local-files/\?d=([^\"')\s]+)")


@dataclass(frozen=True, slots=True)
class MediaPlace:
    """Where the media folder of a run is to be seen.

    Attributes:
        place: ``local`` (the server reads the folder), ``s3://bucket/prefix``, ``gs://bucket/prefix`` (the server signs
            an address for every picture), or ``http(s)://host/prefix`` (a web server that serves the folder).
        region: of an S3 bucket.
        endpoint: of an S3 service other than Amazon's.
        credentials_file: for the server: an AWS credentials file, or the JSON key of a Google service account; without
            it the server uses what it has itself.
        signed_minutes: how long a signed address works.
        is_copied: somebody else copies the pictures there; of ``http(s)`` that is always so.
    """

    place: str = LOCAL
    region: str | None = None
    endpoint: str | None = None
    credentials_file: str | None = None
    signed_minutes: int = 60
    is_copied: bool = False

    def __post_init__(self) -> None:
        if self.place != LOCAL and not re.fullmatch(r"(s3|gs|https?)://[^/\s?#=\"']+(/[^\s?#=\"']*)?", self.place):
            raise ValueError(
                f"unknown media location {self.place!r}; known: local, s3://bucket/prefix, gs://bucket/prefix, "
                "https://host/prefix (without ?, #, = and quotes)"
            )
        if self.signed_minutes < 1:
            raise ValueError(f"signed_minutes {self.signed_minutes} must be at least 1")

    @property
    def scheme(self) -> str:
        """``local``, ``s3``, ``gs``, ``http`` or ``https``."""
        return self.place.split("://")[0]

    @property
    def bucket(self) -> str:
        """The bucket of ``s3://`` and ``gs://``."""
        return self.place.split("://")[1].split("/")[0]

    @property
    def prefix(self) -> str:
        """What comes before the name of every file in the bucket, without slashes around it."""
        return "/".join(self.place.split("://")[1].split("/")[1:]).strip("/")

    def address(self, name: str) -> str:
        """What a task says for a file of the media folder; the server turns bucket addresses into signed ones."""
        if self.scheme in ("s3", "gs"):
            return "/".join(part for part in (f"{self.scheme}://{self.bucket}", self.prefix, name) if part)
        return f"{self.place.rstrip('/')}/{quote(name)}"

    def shown_here(self, payload: Payload) -> Payload:
        """The payload with every local address replaced by one of this place."""
        return payload if self.scheme == LOCAL else Payload(payload.task_key, self._moved(payload.body))

    def _moved(self, value: Any) -> Any:
        if isinstance(value, str):
            return _LOCAL_URL.sub(lambda found: self.address(unquote(found[1])), value)
        if isinstance(value, Mapping):
            return {key: self._moved(part) for key, part in value.items()}
        return [self._moved(part) for part in value] if isinstance(value, list) else value

    def secrets(self) -> dict[str, str]:
        """What the server is told to get at the bucket, in the words of its API; empty when it uses its own.

        Raises:
            ValueError: the file cannot be read or is none of its kind; the message holds nothing of its content.
        """
        if self.credentials_file is None:
            return {}
        path = Path(self.credentials_file).expanduser()
        try:
            text = path.read_text(encoding="utf-8")
            if self.scheme == "gs":
                json.loads(text)
                return {"google_application_credentials": text}
            parser = configparser.ConfigParser()
            parser.read_string(text)
            names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
            section = parser[parser.sections()[0]]
            return {name: section[name] for name in names if name in section}
        except (OSError, ValueError, configparser.Error, IndexError) as problem:
            kind = "the JSON key of a service account" if self.scheme == "gs" else "an AWS credentials file"
            raise ValueError(f"credentials file {path} is not {kind} ({type(problem).__name__})") from None

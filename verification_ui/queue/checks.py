"""What a review needs of a server, tried out one by one on a project that is removed again."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from verification_ui.media.location import LOCAL, MediaPlace
from verification_ui.page.label_config import guidelines, label_config
from verification_ui.page.payloads import Payload
from verification_ui.queue.client import ONCE, LabelStudioClient, LabelStudioQueue, as_queue_problems
from verification_ui.queue.review_queue import QueueProblem, Refused
from verification_ui.queue.storages import serve
from verification_ui.server.loopback import is_loopback

TESTED_VERSION = "1.23"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried.

    Attributes:
        name: what.
        works: it is as it should be.
        text: what was found and, unless it works, what to do.
        is_needed: a review cannot be done without it.
    """

    name: str
    works: bool
    text: str
    is_needed: bool = True


@dataclass(frozen=True, slots=True)
class ServerChecks:
    """The checks of one server for one run.

    Attributes:
        client: how we reach it.
        place: where the pictures are to be seen.
        folder: the local folder of the pictures, a strict subfolder of the run's media folder.
        probe: a file in ``folder`` that the place has as well.
    """

    client: LabelStudioClient
    place: MediaPlace
    folder: Path
    probe: Path

    def findings(self) -> Iterator[Finding]:
        """Everything, one after the other; what cannot be tried is a finding too."""
        for name, check, is_needed in (
            ("server", self._server, True), ("address", self._address, False), ("key", self._key, True),
            ("key kind", self._key_kind, False), ("sign-up", self._sign_up, False),
            ("predictions", self._predictions, False), ("pictures", self._pictures, True),
        ):  # fmt: skip
            try:
                works, text = check()
            except (QueueProblem, httpx.HTTPError, ValueError) as problem:
                works, text = False, str(problem) or type(problem).__name__
            yield Finding(name, works, text, is_needed)

    def _server(self) -> tuple[bool, str]:
        with as_queue_problems("ask for the version"):
            found = str(self.client.sdk.versions.get(request_options=ONCE).release)
        is_tested = found.startswith(f"{TESTED_VERSION}.")
        return True, f"Label Studio {found} at {self.client.url}" + (
            "" if is_tested else f"; pointvos is tested with {TESTED_VERSION}: try a small queue first"
        )

    def _address(self) -> tuple[bool, str]:
        parts = urlsplit(self.client.url)
        if parts.scheme == "https" or is_loopback(parts.hostname):
            return True, "encrypted" if parts.scheme == "https" else "on this machine"
        return (
            False,
            f"{self.client.url} is not encrypted: keys and answers can be read in transit; serve it over https",
        )

    def _key(self) -> tuple[bool, str]:
        return True, f"valid, belongs to {self.client.whoami()}"

    def _key_kind(self) -> tuple[bool, str]:
        with as_queue_problems("ask for the token settings"):
            has_legacy = bool(self.client.sdk.jwt_settings.get(request_options=ONCE).legacy_api_tokens_enabled)
        if not has_legacy:
            return True, "personal access tokens only"
        return False, "legacy tokens, which never expire, are accepted; turn them off under Organization, API tokens"

    def _sign_up(self) -> tuple[bool, str]:
        with httpx.Client(base_url=self.client.url, trust_env=False, timeout=30.0, follow_redirects=True) as stranger:
            stranger.get("/user/signup/")
            form = {"email": "", "password": "", "csrfmiddlewaretoken": stranger.cookies.get("csrftoken", "")}
            status = stranger.post("/user/signup/", data=form, headers={"Referer": self.client.url}).status_code
        if status in (403, 404):
            return True, "sign-up is closed"
        return False, "anyone can create an account; start it with LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK=true"

    def _predictions(self) -> tuple[bool, str]:
        bad = {"result": [{"from_name": "no such", "to_name": "image", "type": "keypointlabels", "value": {}}]}
        with self._project("frame") as queue:
            try:
                queue.add([Payload("probe", {"data": _DATA, "predictions": [bad]})])
            except Refused:
                return True, "invalid ones are refused"
        flag = "fflag_feat_utc_210_prediction_validation_15082025"
        return False, f"invalid ones are accepted silently; set {flag}=true there"

    def _pictures(self) -> tuple[bool, str]:
        name = self.probe.relative_to(self.folder.parent).as_posix()
        where = "local files" if self.place.scheme == LOCAL else self.place.place
        with self._project("frame") as queue:
            serve(queue, self.place, self.folder)
            address = f"/data/local-files/?d={name}" if self.place.scheme == LOCAL else self.place.address(name)
            if self.place.scheme in ("s3", "gs"):
                queue.add([Payload("probe", {"data": {**_DATA, "image": address, "task_key": "probe"}})])
                address = _resolving(queue.present(["probe"])[0].task_id, address)
            reply = self.client.http.get(f"{self.client.url}{address}" if address.startswith("/") else address)
        if reply.status_code == httpx.codes.OK and reply.content == self.probe.read_bytes():
            return True, f"loaded from {where}"
        what = "another file" if reply.status_code == httpx.codes.OK else f"HTTP {reply.status_code}"
        return False, f"{what} from {where} instead of {name}; {_what_to_do(self.place, self.folder)}"

    @contextmanager
    def _project(self, design: str) -> Iterator[LabelStudioQueue]:
        title = f"pointvos doctor {secrets.token_hex(4)}"
        queue = self.client.create_queue(title, label_config(design), guidelines(design))
        try:
            yield queue
        finally:
            with suppress(QueueProblem), as_queue_problems("remove the probe"):
                self.client.sdk.projects.delete(queue.project_id, request_options=ONCE)


_DATA = {"task_key": "probe", "image": "", "frame": "", "question": "", "reference": "", "clip": ""}


def _resolving(task_id: int, uri: str) -> str:
    return f"/tasks/{task_id}/resolve/?fileuri={base64.urlsafe_b64encode(uri.encode()).decode()}"


def _what_to_do(place: MediaPlace, folder: Path) -> str:
    if place.scheme == LOCAL:
        return f"start the server with LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT={folder.parent}"
    return f"copy {folder} to {place.address(folder.name)}"

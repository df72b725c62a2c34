"""Models of the Hugging Face hub, fetched from a server of our own that speaks its protocol."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from stages.backends.checkpoints.catalog import HUB_MODELS, HubModel
from stages.backends.checkpoints.errors import DamagedCheckpointError, DownloadError, MissingCheckpointError
from stages.backends.checkpoints.hub import fetch_hub_model, hub_folder, require_hub_model, verify_hub_model

pytest.importorskip("huggingface_hub", reason="needs pip install 'pointvos[video]'")
pytestmark = pytest.mark.filterwarnings("default")  # other people's deprecations

COMMITS = ("a" * 40, "b" * 40)
WEIGHTS = b"weights" * 1000


@dataclass
class Hub:
    """One repository.

    Attributes:
        commit: the newest.
        files: what it holds; the weights' hash is stated as that of ``stated``.
        is_gated: refuses files as the hub does.
        asked: paths of all requests.
    """

    commit: str = COMMITS[0]
    files: dict[str, bytes] = field(default_factory=lambda: {"config.json": b"{}", "model.safetensors": WEIGHTS})
    stated: bytes = WEIGHTS
    is_gated: bool = False
    asked: list[str] = field(default_factory=list)

    def info(self, revision: str) -> bytes:
        siblings = [
            {"rfilename": name, "size": len(data)}
            | (
                {"lfs": {"sha256": _sha256(self.stated), "size": len(data), "pointerSize": 1}}
                if name.endswith("safetensors")
                else {}
            )
            for name, data in self.files.items()
        ]
        commit = self.commit if revision in ("", "main") else revision
        return json.dumps({"id": "me/toy", "sha": commit, "siblings": siblings, "tags": []}).encode()


class Handler(BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, body):
        hub: Hub = self.server.hub
        hub.asked.append(self.path)
        parts = self.path.partition("?")[0].strip("/").split("/")
        if parts[0] == "api":
            revision = parts[5] if len(parts) > 5 else ""
            return self.send(200, hub.info(revision), {}, body)
        if hub.is_gated:
            return self.send(403, b"", {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted"}, body)
        name, commit = parts[-1], parts[3]
        headers = {"ETag": f'"{_sha256(hub.files[name])}"', "X-Repo-Commit": commit}
        return self.send(200, hub.files[name], headers, body)

    def send(self, status, data, headers, body):
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(key, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, *args):
        """Say nothing."""


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def hub(tmp_path, monkeypatch):
    monkeypatch.setenv("POINTVOS_CACHE", str(tmp_path / "cache"))
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads, server.hub = True, Hub()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.hub
        server.shutdown()
        thread.join()


@pytest.fixture
def toy(monkeypatch):
    model = HubModel("toy", ("segmenter",), "me/toy", "CC0-1.0")
    monkeypatch.setitem(HUB_MODELS, "toy", model)
    return model


def test_a_model_is_fetched_at_a_revision_which_holds_from_then_on(hub, toy):
    record = fetch_hub_model(toy)
    assert (record.source, record.revision) == ("https://huggingface.co/me/toy", COMMITS[0])
    assert record.files["model.safetensors"].sha256 == _sha256(WEIGHTS)
    folder = require_hub_model("toy")
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors", "pointvos.json"]
    hub.commit, n_asked = COMMITS[1], len(hub.asked)
    assert fetch_hub_model(toy).revision == COMMITS[0]
    assert len(hub.asked) == n_asked, "what is there is not asked for again"
    (folder / "model.safetensors").write_bytes(b"damaged")
    assert fetch_hub_model(toy).revision == COMMITS[0], "the recorded commit, not the newest"
    assert fetch_hub_model(toy, revision=COMMITS[1]).revision == COMMITS[1]


def test_code_in_a_repository_is_not_fetched(hub, toy):
    hub.files |= {"modeling.py": b"import os", "weights.pt": b"pickle", "pytorch_model.bin": b"pickle"}
    fetch_hub_model(toy)
    assert sorted(fetch_hub_model(toy).files) == ["config.json", "model.safetensors"]


def test_weights_with_another_checksum_than_the_hub_states_are_refused_and_not_kept(hub, toy):
    hub.stated = b"other"
    with pytest.raises(DamagedCheckpointError, match=r"me/toy/model\.safetensors came with the SHA-256"):
        fetch_hub_model(toy)
    assert not hub_folder(toy).exists()


def test_a_gated_model_says_how_to_get_it(hub, toy, monkeypatch):
    hub.is_gated = True
    gated = HubModel("toy", ("segmenter",), "me/toy", "own", is_gated=True)
    monkeypatch.setitem(HUB_MODELS, "toy", gated)
    how = "log in at https://huggingface.co/me/toy, accept them, wait for approval, then run hf auth login"
    with pytest.raises(DownloadError, match=how):
        fetch_hub_model(gated)
    with pytest.raises(MissingCheckpointError, match=how):
        require_hub_model("toy")


def test_a_hub_that_cannot_be_reached_is_named(tmp_path, monkeypatch, toy):
    monkeypatch.setenv("POINTVOS_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(DownloadError, match=r"me/toy cannot be downloaded .* --from FOLDER"):
        fetch_hub_model(toy)


def test_a_folder_from_another_machine_is_copied_and_checked(tmp_path, monkeypatch, toy):
    monkeypatch.setenv("POINTVOS_CACHE", str(tmp_path / "cache"))
    source = tmp_path / "usb"
    source.mkdir()
    with pytest.raises(DownloadError, match=r"holds no config\.json and model\.safetensors"):
        fetch_hub_model(toy, str(source))
    for name in ("config.json", "model.safetensors", "run.py"):
        Path(source, name).write_bytes(b"{}")
    record = fetch_hub_model(toy, str(source))
    assert (record.source, record.revision, sorted(record.files)) == (
        str(source), "", ["config.json", "model.safetensors"],
    )  # fmt: skip
    (require_hub_model("toy") / "config.json").write_bytes(b"[]")
    with pytest.raises(DamagedCheckpointError, match="pointvos models fetch toy"):
        verify_hub_model(toy, again=True)

"""A model in the format of transformers: fetched as a folder, checked, and annotating, by the real commands."""

import pytest

from schemas import tables

pytest.importorskip("timm", reason="needs pip install 'pointvos[video]'")
pytestmark = pytest.mark.filterwarnings("default")  # other people's deprecations


def test_a_folder_from_another_machine_is_fetched_and_annotates(pointvos, corpus, tmp_path, monkeypatch):
    from tests.stages.backends.sam2.tiny_sam2 import save_tiny

    monkeypatch.setenv("POINTVOS_CACHE", str(tmp_path / "cache"))
    folder = save_tiny("edgetam", "video", tmp_path / "usb")
    fetched = pointvos("models", "fetch", "edgetam", "--from", folder)
    assert fetched.returncode == 0, fetched.stderr
    assert f"copied from {folder}" in " ".join(fetched.stdout.split())
    assert pointvos("models", "path", "edgetam").stdout.strip().startswith(str(tmp_path / "cache"))
    assert "edgetam: intact" in pointvos("models", "check", "edgetam").stdout
    answer = pointvos(
        "annotate", corpus / "a.mp4", "--localizations", corpus.parent / "clicks.json", "--run", tmp_path / "run",
        "--segmenter", "edgetam", "--propagator", "edgetam", "--device", "cpu", "--no-repair", "--frames", "2",
    )  # fmt: skip
    assert answer.returncode in (0, 3), answer.stderr
    models = tables.MASKS.read(tmp_path / "run").column("model").to_pylist()
    assert set(models) <= {"edgetam"}
    assert models or tables.REJECTS.read(tmp_path / "run").num_rows
    assert "Loading weights" not in answer.stderr

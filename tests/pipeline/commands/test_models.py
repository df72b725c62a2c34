import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from schemas import tables

REPOSITORY = Path(__file__).resolve().parents[3]
EXAMPLE = REPOSITORY / "tests" / "data" / "plugin"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("POINTVOS_CACHE", str(folder))
    return folder


def fetch_random(pointvos, tmp_path, name, model):
    """Bring random weights of the true architecture into the cache, as weights of one's own."""
    path = tmp_path / "random.pth"
    state = model.state_dict()
    for key, value in state.items():
        if key.endswith(("bn2.weight", "bn3.weight")):
            value.fill_(0.1)
    torch.save(state, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    answer = pointvos("models", "fetch", name, "--from", path, "--sha256", digest)
    assert answer.returncode == 0, answer.stderr
    path.unlink()


def words(text):
    return " ".join(text.split())


def test_the_list_names_every_checkpoint_with_size_licence_and_state(pointvos, cache):
    answer = pointvos("models", "list")
    assert answer.returncode == 0
    assert "sam_vit_b --segmenter sam_vit_b 375 MB Apache-2.0 not fetched" in words(answer.stdout)
    assert "cutie_base --propagator cutie_base 140 MB MIT not fetched" in words(answer.stdout)
    assert str(cache) in answer.stdout


@pytest.mark.parametrize(
    ("option", "name", "how"),
    [
        ("--segmenter", "sam_vit_b", "fetch it with: pointvos models fetch sam_vit_b"),
        ("--propagator", "sam2.1_small", "fetch it with: pointvos models fetch sam2.1_small"),
        (
            "--propagator",
            "sam3_tracker",
            "models fetch sam3_tracker. Its weights are given to people who accept Meta's",
        ),
    ],
)
def test_missing_weights_stop_annotate_before_any_worker_and_say_what_to_do(
    pointvos, cache, tmp_path, corpus, option, name, how
):
    answer = pointvos(
        "annotate", corpus, "--localizations", corpus.parent / "clicks.json", "--run", tmp_path / "run", option, name
    )
    assert answer.returncode == 2
    assert how in words(answer.stderr)
    assert not (tmp_path / "run").exists()


def test_a_wrong_file_is_refused_and_not_kept(pointvos, cache, tmp_path):
    (tmp_path / "page.html").write_text("please log in")
    answer = pointvos("models", "fetch", "sam_vit_b", "--from", tmp_path / "page.html")
    assert answer.returncode == 1
    assert "is not sam_vit_b_01ec64.pth" in words(answer.stderr)
    assert not list(cache.rglob("*.pth"))


@pytest.mark.parametrize("content", ["please log in", "", None])
def test_a_file_that_is_not_cutie_small_is_refused_though_no_checksum_is_published(pointvos, cache, tmp_path, content):
    path = tmp_path / "wrong.pth"
    if content is None:
        torch.save(torch.nn.Linear(2, 2).state_dict(), path)
    else:
        path.write_text(content)
    answer = pointvos("models", "fetch", "cutie_small", "--from", path)
    assert answer.returncode == 1
    assert "is not cutie-small-mega.pth" in words(answer.stderr)
    assert "ready" not in answer.stdout
    assert not list(cache.rglob("*.pth"))
    assert "cutie_small not stated MIT not fetched" in words(pointvos("models", "list").stdout)


def test_weights_that_fit_cutie_small_are_called_not_verified_unless_they_are_official(pointvos, cache, tmp_path):
    from stages.backends.cutie.network import build_network, make_config

    torch.save(build_network(make_config("small")).state_dict(), tmp_path / "fits.pth")
    answer = pointvos("models", "fetch", "cutie_small", "--from", tmp_path / "fits.pth")
    assert answer.returncode == 0, answer.stderr
    said = "cutie_small: fits the architecture, but not verified: its authors publish no checksum, SHA-256 "
    assert said + hashlib.sha256((tmp_path / "fits.pth").read_bytes()).hexdigest() in words(answer.stdout)
    assert "cutie_small not stated MIT not verified" in words(pointvos("models", "list").stdout)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("fetch", "sam_vit_x"), "unknown checkpoint 'sam_vit_x'; known: sam_vit_b, sam_vit_l"),
        (
            ("fetch", "sam_vit_b", "cutie_base", "--from", "x"),
            "--from, --sha256 and --revision are for one checkpoint, not for 2",
        ),
        (("path", "cutie_base"), "cutie_base needs its checkpoint, which is not in"),
    ],
)
def test_wrong_usage_is_one_sentence(pointvos, cache, arguments, problem):
    answer = pointvos("models", *arguments)
    assert answer.returncode == 2
    assert problem in words(answer.stderr)


def test_weights_that_do_not_fit_stop_the_command_with_their_reason(pointvos, cache, tmp_path, corpus):
    fetch_random(pointvos, tmp_path, "cutie_small", torch.nn.Linear(2, 2))
    answer = pointvos(
        "annotate", corpus, "--localizations", corpus.parent / "clicks.json", "--run", tmp_path / "run",
        "--segmenter", "grabcut", "--propagator", "cutie_small",
    )  # fmt: skip
    assert answer.returncode not in (0, 3)
    assert "does not fit cutie_small: 359 keys are missing" in words(answer.stdout + answer.stderr)


@pytest.mark.slow
def test_cutie_annotates_a_video_from_the_cache(pointvos, cache, tmp_path, corpus):
    from stages.backends.cutie.network import build_network, make_config

    fetch_random(pointvos, tmp_path, "cutie_small", build_network(make_config("small")))
    assert "cutie_small --propagator cutie_small not stated MIT own weights" in words(pointvos("models", "list").stdout)
    assert pointvos("models", "check", "cutie_small").returncode == 0
    path = Path(pointvos("models", "path", "cutie_small").stdout.strip())
    answer = pointvos(
        "annotate", corpus / "a.mp4", "--localizations", corpus.parent / "clicks.json", "--run", tmp_path / "run",
        "--segmenter", "grabcut", "--propagator", "cutie_small", "--device", "cpu",
    )  # fmt: skip
    assert answer.returncode in (0, 3), answer.stderr
    assert tables.VIDEOS.read(tmp_path / "run")["n_objects"].to_pylist() == [1]
    with path.open("r+b") as file:
        file.seek(1000)
        file.write(b"flipped")
    answer = pointvos("models", "check", "cutie_small")
    assert answer.returncode == 3
    assert "cutie_small: damaged." in words(answer.stdout)


@pytest.mark.slow
def test_segment_anything_annotates_a_video_from_the_cache(pointvos, cache, tmp_path, corpus):
    from segment_anything import sam_model_registry

    fetch_random(pointvos, tmp_path, "sam_vit_b", sam_model_registry["vit_b"]())
    answer = pointvos(
        "annotate", corpus / "a.mp4", "--localizations", corpus.parent / "clicks.json", "--run", tmp_path / "run",
        "--segmenter", "sam_vit_b", "--propagator", "flow",
    )  # fmt: skip
    assert answer.returncode in (0, 3), answer.stderr
    masks = tables.MASKS.read(tmp_path / "run")
    assert "sam_vit_b" in masks["model"].to_pylist() or tables.REJECTS.read(tmp_path / "run").num_rows


def test_a_backend_of_another_package_annotates_like_our_own(pointvos, tmp_path, corpus, monkeypatch):
    source = shutil.copytree(EXAMPLE, tmp_path / "source")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--target"]
    subprocess.run([*command, str(tmp_path / "site"), str(source)], check=True, capture_output=True)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    run = tmp_path / "run"
    answer = pointvos(
        "annotate", corpus / "a.mp4", "--localizations", corpus.parent / "clicks.json", "--run", run,
        "--segmenter", "bright", "--propagator", "flow",
    )  # fmt: skip
    assert answer.returncode in (0, 3), answer.stderr
    (seed,) = (m for m in tables.MASKS.records(tables.MASKS.read(run)) if m.source == "segmenter")
    assert seed.model == "bright"
    assert seed.decode()[46, 36]
    answer = pointvos(
        "annotate", corpus, "--localizations", corpus.parent / "clicks.json", "--run", run, "--segmenter", "dark"
    )
    assert "unknown segmenter 'dark'; known: embedded" in words(answer.stderr)
    assert "sam3_tracker, bright" in words(answer.stderr)

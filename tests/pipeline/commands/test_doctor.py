"""What the doctor says of a machine, by the real command."""

import pytest


@pytest.fixture(scope="module")
def said(pointvos, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POINTVOS_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("COLUMNS", "400")
        patch.setenv("POINTVOS_LABEL_STUDIO", "/nowhere/label-studio")
        answer = pointvos("doctor")
    assert answer.returncode == 0, answer.stdout
    rows, name = {}, ""
    for line in answer.stdout.splitlines():
        if told := line[7:].split("  ")[0].strip():
            name = told
            rows[name] = line.strip()
        else:  # long rows go on below
            rows[name] += f" {line.strip()}"
    return rows


def test_it_lists_the_backends_of_every_kind(said):
    assert "segmenters: embedded, embedded_fast, grabcut, sam_vit_b" in said["backends"]
    assert "propagators: embedded" in said["backends"]
    assert "localizers: imagenet" in said["backends"]


def test_it_tells_which_checkpoints_are_there_and_what_brings_one(said):
    assert said["checkpoints"].startswith("absent")
    assert "pointvos models fetch NAME" in said["checkpoints"]


def test_what_every_run_needs_works(said):
    assert all(said[name].startswith("ok") for name in ("python", "packages", "opencv", "embedded models", "disk"))


def test_it_tells_how_to_install_the_review_server(said):
    missing = "Label Studio is not installed at /nowhere/label-studio; install it with: make review-setup"
    assert missing in said["label studio"]
    assert "ServerProblem" not in said["label studio"]

"""A device that is not there is refused before anything starts, with a reason and what to do."""

import pytest

from pipeline.capacity import devices
from pipeline.capacity.devices import has_bfloat16, may_have_gpu, require_device
from pipeline.terminal.console import UsageProblem

WITHOUT_GPU = pytest.mark.skipif(may_have_gpu(), reason="a GPU's driver is here")


@WITHOUT_GPU
@pytest.mark.parametrize("command", ["annotate", "plan"])
def test_a_gpu_that_is_not_there_is_refused_before_any_work(pointvos, corpus, tmp_path, command):
    run = ("--run", tmp_path / "run")
    answer = pointvos(command, corpus, "--localizations", corpus.parent / "clicks.json", "--device", "cuda:3", *run)
    assert answer.returncode == 2
    assert "--device cuda:3: no CUDA device is visible here" in answer.stderr
    assert "use --device cpu" in answer.stderr
    assert not (tmp_path / "run").exists()


@WITHOUT_GPU
def test_a_device_of_a_config_file_is_refused_too(pointvos, corpus, tmp_path):
    (tmp_path / "c.yaml").write_text("compute: {device: cuda}\n")
    hints = ("--localizations", corpus.parent / "clicks.json")
    answer = pointvos("plan", corpus, *hints, "--config", tmp_path / "c.yaml")
    assert (answer.returncode, "--device cuda: no CUDA device" in answer.stderr) == (2, True)


@pytest.mark.parametrize("name", ["mps", "gpu", "CUDA", "cuda:x", "cuda:-1", "cpu:0", "cuda:٣"])
def test_what_is_no_device_is_answered_with_the_known_ones(name):
    from pipeline.config import Compute

    with pytest.raises(ValueError, match=f"unknown device '{name}'; known: auto, cpu, cuda, cuda:<n>"):
        Compute(device=name)


@pytest.mark.parametrize("hidden", ["", "-1", " "])
def test_hidden_gpus_are_told_from_absent_ones(monkeypatch, tmp_path, hidden):
    monkeypatch.setattr(devices, "_DRIVER_FILES", (tmp_path,))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert not may_have_gpu()
    with pytest.raises(UsageProblem, match=f"CUDA_VISIBLE_DEVICES='{hidden}' hides all of them"):
        require_device("cuda")


def test_where_a_driver_is_the_gpus_are_counted(monkeypatch, tmp_path):
    monkeypatch.setattr(devices, "_DRIVER_FILES", (tmp_path,))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    with pytest.raises(UsageProblem, match=r"--device cuda:99: device 'cuda:99' is not there; torch .*; use --device"):
        require_device("cuda:99")


def test_the_cpu_and_auto_are_always_there():
    require_device("cpu")
    require_device("auto")


def test_fast_instructions_are_found_as_torch_finds_them(monkeypatch):
    torch = pytest.importorskip("torch")
    from stages.backends.devices import fast_precision

    for choice in ("auto", "float32"):
        monkeypatch.setenv("POINTVOS_PRECISION", choice)
        assert has_bfloat16() == (fast_precision(torch.device("cpu")) == torch.bfloat16)


@pytest.mark.parametrize(("flags", "found"), [("avx2 avx512_bf16 fma", True), ("amx_tile", True), ("avx2 fma", False)])
def test_fast_instructions_are_read_from_what_the_kernel_says_of_the_cpu(monkeypatch, tmp_path, flags, found):
    (tmp_path / "cpuinfo").write_text(f"processor : 0\nflags\t\t: fpu {flags}\n")
    monkeypatch.delenv("POINTVOS_PRECISION", raising=False)
    monkeypatch.setattr(devices, "_CPU_INFO", tmp_path / "cpuinfo")
    assert has_bfloat16() == found
    monkeypatch.setattr(devices, "_CPU_INFO", tmp_path / "there is none")
    assert not has_bfloat16()

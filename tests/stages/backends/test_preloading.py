"""What forked workers need is loaded ahead of them, and no GPU is touched."""

from __future__ import annotations

import subprocess
import sys

import pytest

from stages.backends.embedded.features.backbone import load_backbone
from stages.backends.embedded.segmenter.click_predictor import load_click_predictor
from stages.backends.preloading import load_on_cpu
from stages.backends.propagators import load_propagator
from stages.backends.segmenters import load_segmenter

CODE = """
import torch

def touched(*_, **__):
    raise AssertionError("a GPU was asked for in the process that workers are forked from")

for name in ("_lazy_init", "init", "is_available", "device_count", "current_device", "get_device_properties"):
    setattr(torch.cuda, name, touched)

import pipeline.runners.local
from stages.backends.preloading import import_packages, load_on_cpu

import_packages("embedded", "embedded")
for device in ("cpu", "cuda", "cuda:1"):
    load_on_cpu("embedded", "embedded", device)
"""


def test_no_gpu_is_touched_before_the_fork():
    subprocess.run([sys.executable, "-c", CODE], check=True)


@pytest.mark.parametrize(("propagator", "device", "is_loaded"), [("embedded", "cpu", True), ("flow", "cpu", False)])
def test_networks_that_run_on_the_cpu_are_not_loaded_again(propagator, device, is_loaded):
    load_click_predictor.cache_clear()
    load_backbone.cache_clear()
    load_on_cpu("embedded", propagator, device)
    before = load_click_predictor.cache_info().misses, load_backbone.cache_info().misses
    load_segmenter("embedded", device, threads=2)
    load_propagator("embedded", device, threads=2)
    after = load_click_predictor.cache_info().misses, load_backbone.cache_info().misses
    assert (before == after) == is_loaded

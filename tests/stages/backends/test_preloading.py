import subprocess
import sys

CODE = """
import torch

def touched(*_, **__):
    raise AssertionError("a GPU was asked for in the process that workers are forked from")

for name in ("_lazy_init", "init", "is_available", "device_count", "current_device", "get_device_properties"):
    setattr(torch.cuda, name, touched)

import pipeline.runners.local
from stages.backends.preloading import import_packages

import_packages("embedded", "embedded")
"""


def test_no_gpu_is_touched_before_the_fork():
    subprocess.run([sys.executable, "-c", CODE], check=True)

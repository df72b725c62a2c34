"""A worker does without pandas and CUDA's Python bindings, and a model that needs one of them can have it."""

import subprocess
import sys

_WORKER = """
import sys
import pipeline.runners.local
from schemas import tables
from schemas.rejects import Reject
assert tables.REJECTS.to_arrow([Reject("decode", "a", "empty_file", "", "")]).num_rows == 1
print("pandas" in sys.modules, "apache_beam" in sys.modules)
import pandas
print(tables.REJECTS.to_arrow([]).to_pandas().shape)
"""


def test_a_worker_writes_tables_without_pandas_and_a_model_can_have_it():
    answer = subprocess.run([sys.executable, "-c", _WORKER], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines() == ["False True", "(0, 5)"]


def test_the_embedded_models_load_torch_without_the_python_bindings_of_cuda():
    code = "from stages.backends.segmenters import load_segmenter; load_segmenter('embedded'); import sys; "
    code += "print('torch.cuda' in sys.modules, 'cuda.bindings' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "True False\n"


def test_choosing_a_runner_says_nothing_of_the_clouds_that_beam_misses():
    code = "from pipeline.runners.choice import choose_runner; print(choose_runner(['--runner=FnApiRunner']).name)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (answer.stdout, answer.stderr) == ("FnApiRunner\n", "")

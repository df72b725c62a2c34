"""A worker does without pandas, and its tables do too."""

import subprocess
import sys

_WORKER = """
import sys
import pipeline.worker
from schemas import tables
from schemas.rejects import Reject
assert tables.REJECTS.to_arrow([Reject("decode", "a", "empty_file", "", "")]).num_rows == 1
print("pandas" in sys.modules, "apache_beam" in sys.modules)
"""


def test_a_worker_writes_tables_and_never_loads_pandas():
    answer = subprocess.run([sys.executable, "-c", _WORKER], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "True"]

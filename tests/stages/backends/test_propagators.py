import subprocess
import sys

import pytest

from stages.backends.propagators import load_propagator


def test_an_unknown_name_names_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown propagator 'cutest'; known: .*embedded, embedded_fast, flow"):
        load_propagator("cutest")


def test_names_and_sweep_need_no_torch():
    code = (
        "import sys, stages.backends.propagators as r, stages.propagate.bidirectional; "
        "r.load_propagator('flow'); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

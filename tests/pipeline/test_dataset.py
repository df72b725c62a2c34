"""The example in the documentation trains."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.commands.merge import merge
from pipeline.commands.simulate import simulate
from pipeline.runs.folder import RunFolder

COLOURS = np.array([(60, 60, 60), (230, 40, 40), (40, 40, 230)], dtype=np.uint8)
PAGE = Path(__file__).resolve().parents[2] / "docs" / "training.md"


def test_the_example_trains_on_a_run(finished_run, tmp_path, capsys):
    simulate(RunFolder(finished_run), tmp_path / "truth", 0.0, 0)
    merge(RunFolder(finished_run), 0.0)
    for file in (finished_run / "frames" / "a").glob("*.jpg"):
        labels = np.asarray(Image.open(tmp_path / "truth" / "a" / f"{int(file.stem):05d}.png"))
        Image.fromarray(COLOURS[labels]).save(file, quality=95)
    capsys.readouterr()
    example = re.search(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)[1]
    script = tmp_path / "example.py"
    script.write_text(example.replace('"RUN"', repr(str(finished_run))), encoding="utf-8")
    runpy.run_path(str(script))
    losses = [float(line.split()[-1]) for line in capsys.readouterr().out.splitlines() if line.startswith("epoch")]
    assert len(losses) >= 3
    assert losses[-1] < losses[0]

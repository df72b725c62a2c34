"""``make bench``: measure, write ``build/bench.json`` and ``BENCHMARKS.md``.

``python -m tests.bench accuracy speed`` measures only the named sections and keeps the rest; all: see ``SECTIONS``.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import torch

from tests.bench import (
    accuracy,
    long,
    many_objects,
    metrics,
    middle,
    pages,
    review_designs,
    review_load,
    review_queue,
    speed,
    trust,
)

REPOSITORY = Path(__file__).resolve().parents[2]
RESULTS = REPOSITORY / "build" / "bench.json"
DATA = Path(os.environ.get("POINTVOS_DATA", REPOSITORY.parent / "shared" / "data"))

Work = Path
SECTIONS: dict[str, tuple[Callable[[Work], dict[str, Any]], Callable[[dict[str, Any]], str]]] = {
    "accuracy": (lambda _: accuracy.measure(DATA / "davis"), pages.accuracy_page),
    "quality": (lambda _: trust.measure_quality(DATA / "davis"), trust.quality_page),
    "repair": (lambda _: trust.measure_repair(DATA / "davis"), trust.repair_page),
    "middle": (lambda _: middle.measure(DATA / "davis"), middle.page),
    "speed": (lambda w: speed.against_bare_loop(DATA / "davis/JPEGImages/480p", w), pages.speed_page),
    "memory": (lambda w: speed.memory(DATA / "davis/JPEGImages/480p", w), pages.memory_page),
    "long": (lambda w: long.measure(DATA / "davis/JPEGImages/480p", w), long.page),
    "workers": (lambda w: speed.workers(DATA / "davis/JPEGImages/480p", w), pages.workers_page),
    "queue": (review_queue.measure, pages.queue_page),
    "load": (review_load.measure, review_load.page),
    "designs": (review_designs.measure, review_designs.page),
    "objects": (lambda w: many_objects.measure(DATA / "davis/JPEGImages/480p", w), many_objects.page),
    "metrics": (lambda w: metrics.measure(DATA / "davis"), pages.metrics_page),
}


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "?")
    return {
        "processor": model.split(":")[-1].strip(),
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "gpu": torch.cuda.get_device_name(0) if torch.cuda.is_available() else None,
        "date": datetime.now(UTC).date().isoformat(),
    }


def main(names: list[str]) -> int:
    """Measure the named sections (all without names)."""
    if not DATA.is_dir():
        print(f"no real data at {DATA}; set POINTVOS_DATA to a folder with davis/ and clips/", file=sys.stderr)
        return 2
    results = json.loads(RESULTS.read_text()) if names and RESULTS.exists() else {}
    results["machine"] = machine()
    for name in names or SECTIONS:
        with tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as work:
            print(f"measuring {name} …", flush=True)
            results[name] = SECTIONS[name][0](Path(work))
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=1))
    write_page(results)
    return 0


def write_page(results: dict[str, Any]) -> None:
    """``BENCHMARKS.md`` from what has been measured."""
    facts = ", ".join(f"{k} {v}" for k, v in results["machine"].items())
    parts = [page(results[name]) for name, (_, page) in SECTIONS.items() if name in results]
    head = f"# Benchmarks\n\nWritten by `make bench`. Measured on: {facts}.\n"
    (REPOSITORY / "BENCHMARKS.md").write_text("\n".join([head, *parts]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

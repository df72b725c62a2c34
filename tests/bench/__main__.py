"""``make bench``: measure, write ``build/bench.json`` and ``build/benchmarks.md``.

The repository's ``BENCHMARKS.md`` is kept by hand: tables are copied into it beside what they mean.

``python -m tests.bench accuracy ratios`` measures only the named sections and keeps the rest; all: see ``SECTIONS``.
``POINTVOS_AGAINST`` names another working tree of the project that the speed is compared with.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench import (
    accuracy,
    loader,
    long,
    metrics,
    middle,
    pages,
    point_training,
    ratios,
    review_designs,
    review_load,
    review_queue,
    segmenter_training,
    trust,
)
from tests.bench.machine import machine

REPOSITORY = Path(__file__).resolve().parents[2]
RESULTS = REPOSITORY / "build" / "bench.json"
AGAINST = Path(os.environ["POINTVOS_AGAINST"]) if "POINTVOS_AGAINST" in os.environ else None
DATA = Path(os.environ.get("POINTVOS_DATA", REPOSITORY.parent / "shared" / "data"))

Work = Path
SECTIONS: dict[str, tuple[Callable[[Work], dict[str, Any]], Callable[[dict[str, Any]], str]]] = {
    "accuracy": (lambda _: accuracy.measure(DATA / "davis"), pages.accuracy_page),
    "quality": (lambda _: trust.measure_quality(DATA / "davis"), trust.quality_page),
    "repair": (lambda _: trust.measure_repair(DATA / "davis"), trust.repair_page),
    "middle": (lambda _: middle.measure(DATA / "davis"), middle.page),
    "points": (lambda _: point_training.measure(DATA / "davis"), point_training.page),
    "segmenter": (lambda w: segmenter_training.measure(DATA / "davis", w), segmenter_training.page),
    "ratios": (lambda w: ratios.measure(DATA / "davis/JPEGImages/480p", w, AGAINST), ratios.page),
    "long": (lambda w: long.measure(DATA / "davis/JPEGImages/480p", w), long.page),
    "loader": (lambda w: loader.measure(DATA, w), loader.page),
    "queue": (review_queue.measure, pages.queue_page),
    "load": (review_load.measure, review_load.page),
    "designs": (review_designs.measure, review_designs.page),
    "metrics": (lambda w: metrics.measure(DATA / "davis"), pages.metrics_page),
}


def main(names: list[str]) -> int:
    """Measure the named sections (all without names)."""
    if not DATA.is_dir():
        print(f"no real data at {DATA}; set POINTVOS_DATA to a folder with davis/ and clips/", file=sys.stderr)
        return 2
    if unknown := [name for name in names if name not in SECTIONS]:
        print(f"there is no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}", file=sys.stderr)
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
    """``build/benchmarks.md`` from what has been measured."""
    facts = ", ".join(f"{k} {v}" for k, v in results["machine"].items())
    parts = [page(results[name]) for name, (_, page) in SECTIONS.items() if name in results]
    head = f"# Benchmarks\n\nWritten by `make bench`. Measured on: {facts}.\n"
    RESULTS.with_name("benchmarks.md").write_text("\n".join([head, *parts]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

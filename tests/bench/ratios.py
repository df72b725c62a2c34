"""Speed and memory as ratios, each of two things that ran in turns on one machine.

``make bench-speed``, or ``python -m tests.bench.ratios --out FILE --against TREE`` to compare with another working
tree of the project (a ``git worktree`` of an older commit, say) with the packages of this one. ``--only longer_speed``
(``make bench-speed ONLY=longer_speed``) measures a part alone.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from tests.bench.commands import REPOSITORY, Cost, pointvos
from tests.bench.machine import machine
from tests.bench.pages import table
from tests.bench.videos import clicks_in_the_middle, corpus, ellipses, long_video

BOUNDS = {
    "annotate, one worker, of the bare loop": (">=", 0.95),
    "two workers, of one": (">=", 1.8),
    "annotate of the bare loop, three times the videos": (">=", 0.95),
    "two workers of one, three times the videos": (">=", 1.8),
    "two bare loops with half of the videos each, of one": (">=", None),
    "two bare loops of one, three times the videos": (">=", None),
    "frames/s, of the other tree": (">=", 1.8),
    "20 objects, times one": ("<=", 3.0),
    "memory of 2,000 frames, of 200": ("<=", 1.1),
    "peak GB of a worker": ("<=", 1.2),
    "ms that a tiny item adds": ("<=", 5.0),
    "seconds to the end of a video of one frame": ("<=", None),
    "CPU seconds of --help": ("<=", 0.4),
}
PARTS = ("speed", "longer_speed", "objects", "items", "start", "memory")
"""Methods of :class:`Bench`, in the order in which they run."""
_LOOP = "from tests.bench.bare_loop import main; import sys; main(*sys.argv[1:])"
_ITEMS = "from tests.bench.bare_items import main; import sys; main(*sys.argv[1:])"
_ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1"}
Seconds = dict[str, list[float]]
"""By what was measured, the wall time of each round."""


class Bench:
    """All measurements; ``size`` below 1 makes everything shorter, to try it out."""

    def __init__(self, sequences: Path, work: Path, against: Path | None = None, size: float = 1.0) -> None:
        self._sequences, self._work, self._against, self._size = sequences, work, against, size
        self._config = work / "one-thread.yaml"
        self._config.write_text("compute: {threads: 1}\n")
        self._n_runs = 0

    def measure(self, parts: Sequence[str] = PARTS) -> dict[str, Any]:
        """By name of :data:`BOUNDS`, the figure and what it was made of."""
        results: dict[str, Any] = {}
        for part in parts:
            measured: dict[str, Any] = getattr(self, part)()
            for name, found in measured.items():
                results[name] = found
                print(name, found, flush=True)
        return results

    def speed(self) -> dict[str, Any]:
        """Six short videos, of which start-up is a good part; the other tree's own default as well."""
        seconds, facts = self._speed(1, 5, self._against)
        ratios = {
            "annotate, one worker, of the bare loop": _ratio(seconds, "bare", "one"),
            "two workers, of one": _ratio(seconds, "one", "two"),
            "two bare loops with half of the videos each, of one": _ratio(seconds, "bare", "bare_two"),
        }
        if self._against:
            ratios["frames/s, of the other tree"] = _ratio(seconds, "other", "two")
        return {name: {"value": value, **facts} for name, value in ratios.items()}

    def longer_speed(self) -> dict[str, Any]:
        """The same videos three times over: what is left of start-up where there is work for a while."""
        seconds, facts = self._speed(3, 3, None)
        ratios = {
            "annotate of the bare loop, three times the videos": _ratio(seconds, "bare", "one"),
            "two workers of one, three times the videos": _ratio(seconds, "one", "two"),
            "two bare loops of one, three times the videos": _ratio(seconds, "bare", "bare_two"),
        }
        return {name: {"value": value, **facts} for name, value in ratios.items()}

    def _speed(self, times: int, n_rounds: int, against: Path | None) -> tuple[Seconds, dict[str, Any]]:
        """Six videos so many times, without repair: two workers, the other tree, the bare loop, two of it, one worker.

        Two bare loops at once, with half of the videos each, show what processes that share nothing reach here.
        """
        names = sorted(p.name for p in self._sequences.iterdir())[: max(2, round(6 * self._size))]
        folder = corpus(self._sequences, self._work / f"six-{times}", names, times)
        clicks = clicks_in_the_middle(folder, self._work / f"six-{times}.json")
        note = self._work / "bare.json"
        loop = [sys.executable, "-c", _LOOP, str(folder), str(clicks)]
        halves = [[*loop, str(self._work / "half.json"), "1", *half] for half in _halves(folder)]
        options = ("annotate", folder, "--localizations", clicks, "--no-repair")
        seconds: Seconds = {}
        for _ in range(n_rounds if self._size >= 1 else 1):
            seconds.setdefault("two", []).append(self._run(*options, "--config", self._config, "--workers", 2).seconds)
            if against:
                seconds.setdefault("other", []).append(self._run(*options, tree=against).seconds)
            seconds.setdefault("bare", []).append(_timed([*loop, str(note), "1"]))
            seconds.setdefault("bare_two", []).append(_timed(*halves))
            seconds.setdefault("one", []).append(self._run(*options, "--config", self._config, "--workers", 1).seconds)
        frames = json.loads(note.read_text())["frames"]
        return seconds, {"frames": frames, **{f"{name}_s": found for name, found in seconds.items()}}

    def objects(self) -> dict[str, Any]:
        """One video with one object and with twenty, repairs included; whole command."""
        n_frames = max(8, round(60 * self._size))
        videos = self._work / "objects"
        videos.mkdir()
        long_video(self._sequences / "blackswan", videos / "video.mp4", n_frames)
        seconds = {}
        for count in (1, 20):
            masks = self._work / f"masks-{count}" / "video"
            masks.mkdir(parents=True)
            Image.fromarray(ellipses(count)).save(masks / "00000.png")
            options = ("--format", "masks", "--config", self._config, "--workers", 1)
            seconds[count] = self._run("annotate", videos, "--localizations", masks.parent, *options).cpu_seconds
        facts = {"frames": n_frames, "one_cpu_s": seconds[1], "twenty_cpu_s": seconds[20]}
        return {"20 objects, times one": {"value": seconds[20] / seconds[1], **facts}}

    def items(self) -> dict[str, Any]:
        """Videos of one tiny frame: what each adds to ``annotate`` beyond the same work in a loop, in CPU time."""
        few, many = 50, max(150, round(600 * self._size))
        costs, bare = {}, 0.0
        for count in (few, many):
            folder, clicks = self._tiny(count)
            options = ("--segmenter", "grabcut", "--propagator", "flow", "--no-repair", "--config", self._config)
            costs[count] = self._run("annotate", folder, "--localizations", clicks, "--workers", 1, *options)
            note = self._work / "items.json"
            run = self._work / f"run-{self._n_runs}"  # of the command, whose settings stand in it
            arguments = [str(folder), str(clicks), str(run), str(note)]
            subprocess.run([sys.executable, "-c", _ITEMS, *arguments], cwd=REPOSITORY, check=True, env=_ONE_THREAD)
            bare = json.loads(note.read_text())["cpu_ms_an_item"]
        whole = 1000 * (costs[many].cpu_seconds - costs[few].cpu_seconds) / (many - few)
        return {"ms that a tiny item adds": {"value": whole - bare, "whole_ms": whole, "bare_ms": bare, "items": many}}

    def start(self) -> dict[str, Any]:
        """What a newcomer waits for."""
        videos = self._work / "start"
        videos.mkdir()
        long_video(self._sequences / "dog", videos / "video.mp4", 1)
        clicks = clicks_in_the_middle(videos, self._work / "start.json")
        whole = min(self._run("annotate", videos, "--localizations", clicks).seconds for _ in range(2))
        shown = min(self._run("--help", run=False).cpu_seconds for _ in range(3))
        return {
            "seconds to the end of a video of one frame": {"value": whole},
            "CPU seconds of --help": {"value": shown},
        }

    def memory(self) -> dict[str, Any]:
        """Peak of the worker on a short and on a long video, one object."""
        lengths = (round(200 * self._size), round(2000 * self._size))
        peaks = []
        for n_frames in lengths:
            folder = self._work / f"long-{n_frames}"
            folder.mkdir()
            long_video(self._sequences / "blackswan", folder / "video.mp4", n_frames, (428, 240))
            clicks = clicks_in_the_middle(folder, self._work / f"long-{n_frames}.json", (428, 240))
            options = ("--config", self._config, "--workers", 1)
            peaks.append(self._run("annotate", folder, "--localizations", clicks, *options).peak_gb)
        facts = {"frames": lengths, "peaks_gb": peaks}
        return {
            "memory of 2,000 frames, of 200": {"value": peaks[1] / peaks[0], **facts},
            "peak GB of a worker": {"value": peaks[1]},
        }

    def _tiny(self, count: int) -> tuple[Path, Path]:
        folder = self._work / f"tiny-{count}"
        image = np.full((32, 32, 3), 60, np.uint8)
        image[8:24, 8:24] = (200, 40, 40)
        for number in range(count):
            (folder / f"{number:05d}").mkdir(parents=True)
            cv2.imwrite(str(folder / f"{number:05d}" / "00000.png"), image)
        return folder, clicks_in_the_middle(folder, self._work / f"tiny-{count}.json", (32, 32))

    def _new_run(self) -> Path:
        self._n_runs += 1
        return self._work / f"run-{self._n_runs}"

    def _run(self, *arguments: object, tree: Path = REPOSITORY, run: bool = True) -> Cost:
        where = ("--run", self._new_run()) if run else ()
        return pointvos(*arguments, *where, note=self._work / "note.json", tree=tree)


def measure(sequences: Path, work: Path, against: Path | None = None) -> dict[str, Any]:
    """See :class:`Bench`."""
    return Bench(sequences, work, against and against.resolve()).measure()


def _ratio(seconds: Seconds, first: str, second: str) -> float:
    """The median of the rounds' ratios: a machine whose speed wanders does so from round to round."""
    return statistics.median(a / b for a, b in zip(seconds[first], seconds[second], strict=True))


def _halves(folder: Path) -> tuple[list[str], list[str]]:
    """Names of videos, in two parts with about as many frames, as two workers share them: the longest ones first."""
    n_frames = {video.name: sum(1 for _ in video.iterdir()) for video in folder.iterdir()}
    halves: tuple[list[str], list[str]] = ([], [])
    for name in sorted(n_frames, key=lambda name: (-n_frames[name], name)):
        min(halves, key=lambda half: sum(n_frames[name] for name in half)).append(name)
    return halves


def _timed(*commands: list[str]) -> float:
    """Wall seconds of processes that run at once, with one thread an operation."""
    start = time.monotonic()
    running = [subprocess.Popen(command, cwd=REPOSITORY, env=_ONE_THREAD) for command in commands]
    codes = [process.wait() for process in running]
    if any(codes):
        raise RuntimeError(f"the bare loop failed: {' '.join(commands[0])}")
    return time.monotonic() - start


def page(results: dict[str, Any]) -> str:
    """Figure, bound, and whether it holds."""
    rows = []
    for name, (relation, bound) in BOUNDS.items():
        if name in results:
            value = float(results[name]["value"])
            holds = "" if bound is None else "yes" if (value >= bound) == (relation == ">=") else "**no**"
            rows.append([name, value, "" if bound is None else f"{relation} {bound}", holds])
    return "## Speed and memory\n\n" + table(["what", "figure", "bound", "holds"], rows)


def main() -> int:
    """Measure everything and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, help="another working tree of the project")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "build" / "ratios.json")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to measure; all by default")
    parser.add_argument("--size", type=float, default=1.0, help="below 1: shorter, to try it out")
    parser.add_argument("--data", type=Path, default=os.environ.get("POINTVOS_DATA", REPOSITORY.parent / "shared/data"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-ratios-") as work:
        sequences = Path(options.data) / "davis/JPEGImages/480p"
        bench = Bench(sequences, Path(work), options.against and options.against.resolve(), options.size)
        results = bench.measure(options.only)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({"machine": machine(), "ratios": results}, indent=1))
    print(page(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())

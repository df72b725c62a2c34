"""Speed and memory: frames/s of the models, the command against a bare loop, long videos, several workers."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import av

from tests.bench.commands import REPOSITORY, pointvos

_LOOP = "from tests.bench.bare_loop import main; import sys; main(*sys.argv[1:])"


def corpus(sequences: Path, target: Path, names: list[str]) -> Path:
    """A folder of links to frame folders."""
    target.mkdir(parents=True)
    for name in names:
        (target / name).symlink_to((sequences / name).resolve())
    return target


def clicks_in_the_middle(folder: Path, file: Path, size: tuple[int, int] = (854, 480)) -> Path:
    """One click in the middle of frame 0 of every video of a folder: speed does not depend on where it is."""
    point = {"object_id": "1", "x": size[0] / 2, "y": size[1] / 2, "label": 1}
    names = sorted({p.name if p.is_dir() else p.stem for p in folder.iterdir()})
    file.write_text(json.dumps({name: {"frame": 0, "points": [point]} for name in names}))
    return file


def against_bare_loop(sequences: Path, work: Path) -> dict[str, Any]:
    """Wall time of ``annotate``, tables and all, and of a loop that only decodes and runs the models.

    Both are timed from the start of the process to its end; ``loop_seconds`` leave out the loop's own imports.

    The loop repairs nothing, so ``annotate`` is measured without repair, and once more with it. Clicks beside the
    object are the dearest case: nearly every first mask is asked for again.
    """
    folder = corpus(sequences, work / "loop", sorted(p.name for p in sequences.iterdir()))
    clicks = clicks_in_the_middle(folder, work / "loop.json")
    results: dict[str, Any] = {}
    for threads in ("1", "2"):
        note = work / f"bare-{threads}.json"
        command = [sys.executable, "-c", _LOOP, str(folder), str(clicks), str(note), threads]
        seconds, _ = timed(partial(subprocess.check_call, cwd=REPOSITORY), command)
        found = json.loads(note.read_text())
        found["loop_seconds"] = found.pop("seconds")
        results[f"bare loop, {threads} torch thread(s)"] = found | {"seconds": seconds}
    frames = results["bare loop, 1 torch thread(s)"]["frames"]
    for name, option in (("annotate, 1 worker", "--no-repair"), ("annotate, 1 worker, with repair", "--repair")):
        options = ("--localizations", clicks, "--workers", 1, option, "--run", work / f"run{option}")
        cost = pointvos("annotate", folder, *options, note=work / "note.json")
        results[name] = {"frames": frames, "seconds": cost.seconds, "peak_gb": cost.peak_gb}
    for result in results.values():
        result["frames_per_s"] = result["frames"] / result["seconds"]
    return results


def long_video(source: Path, target: Path, n_frames: int, size: tuple[int, int] = (854, 480)) -> None:
    """A video of ``n_frames`` frames that plays the frames of ``source`` (a folder) to and fro."""
    frames = sorted(source.glob("*.jpg"))
    order = [*range(len(frames)), *range(len(frames) - 2, 0, -1)]
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for i in range(n_frames):
            with av.open(str(frames[order[i % len(order)]])) as picture:
                decoded = next(picture.decode(video=0))
            image = decoded.reformat(*size, format="yuv420p")
            image.pts = i
            container.mux(stream.encode(image))
        container.mux(stream.encode())


def memory(sequences: Path, work: Path, lengths: tuple[int, int] = (200, 2000)) -> dict[str, Any]:
    """Peak resident memory of the worker by length of the video, one object localized on the first frame."""
    results = {}
    for n_frames in lengths:
        folder = work / f"long-{n_frames}"
        folder.mkdir()
        long_video(sequences / "blackswan", folder / "video.mp4", n_frames)
        clicks = clicks_in_the_middle(folder, work / f"long-{n_frames}.json")
        run = work / f"run-long-{n_frames}"
        cost = pointvos("annotate", folder, "--localizations", clicks, "--run", run, note=work / "note.json")
        results[str(n_frames)] = {"peak_gb": cost.peak_gb, "seconds": cost.seconds}
    return results


def workers(sequences: Path, work: Path, n_videos: int = 8) -> dict[str, Any]:
    """Wall time of one and of two workers with one compute thread each."""
    names = sorted(p.name for p in sequences.iterdir())
    folder = work / "many"
    folder.mkdir()
    for i in range(n_videos):
        (folder / f"{i}-{names[i % len(names)]}").symlink_to((sequences / names[i % len(names)]).resolve())
    clicks = clicks_in_the_middle(folder, work / "many.json")
    config = work / "one-thread.yaml"
    config.write_text("compute: {threads: 1}\n")
    results = {}
    for n in (1, 2):
        options = ("--config", config, "--workers", n, "--run", work / f"run-many-{n}")
        cost = pointvos("annotate", folder, "--localizations", clicks, *options, note=work / "note.json")
        results[f"{n} workers"] = {"seconds": cost.seconds}
    results["speed-up"] = {"times": results["1 workers"]["seconds"] / results["2 workers"]["seconds"]}
    return results


def timed(work: Any, *arguments: Any) -> tuple[float, Any]:
    """Seconds and result of a call."""
    start = time.perf_counter()
    result = work(*arguments)
    return time.perf_counter() - start, result

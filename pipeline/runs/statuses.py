"""What the verdicts on each candidate come to, in files: a command that goes through the videos holds a range's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa

from pipeline.runs.answer_parts import AnswerPart, answer_parts
from pipeline.runs.folder import RunFolder
from pipeline.runs.ranges import in_ranges, video_keys
from schemas.partitioned_files import read_partition, write_partitioned
from stages.consensus.opinions import majority

StatusesOf = Callable[[str], Mapping[str, str]]
"""Video id → what the verdicts on its answered candidates come to, by candidate id; others may be among them."""

_RANGES_HELD = 2


@contextmanager
def statuses_by_video(run: RunFolder, look: Callable[[AnswerPart], None] = lambda _: None) -> Iterator[StatusesOf]:
    """What the majority says of each candidate that was answered, until the block ends.

    Those of the last ranges of videos that were asked for are in memory, so ask for videos in the order of their ids.

    Args:
        run: the run.
        look: is shown each part of the answers as well, before the next one is read.
    """
    ranges = in_ranges(video_keys(run))
    range_of = {key.video_id: found.number for found in ranges for key in found.videos}
    with TemporaryDirectory(prefix="pointvos-") as folder:

        def write(number: int, part: AnswerPart) -> Path:
            look(part)
            file = Path(folder) / f"statuses-{number:06d}.arrow"
            _write(file, part, range_of, len(ranges))
            return file

        with answer_parts(run) as parts:
            files = list(map(write, count(), parts))  # a loop would hold a part until the next one is read
        of_range = lru_cache(_RANGES_HELD)(partial(_read, files))
        yield lambda video_id: of_range(range_of[video_id])


def _write(file: Path, part: AnswerPart, range_of: Mapping[str, int], n_ranges: int) -> None:
    opinions = majority(part.verdicts.deciding())
    known = [(name, opinion.status) for name, opinion in opinions.items() if name in part.asked]
    homes = np.array([range_of[part.asked[name].video_id] for name, _ in known], dtype=np.int64)
    columns = {
        "candidate_id": pa.array([name for name, _ in known], pa.string()),
        "status": pa.array([status for _, status in known], pa.string()),
    }
    write_partitioned(file, pa.table(columns), homes, n_ranges)


def _read(files: Sequence[Path], number: int) -> dict[str, str]:
    batches = (read_partition(file, number) for file in files)
    pairs = (zip(*(column.to_pylist() for column in rows.columns), strict=True) for rows in batches)
    return {name: status for rows in pairs for name, status in rows}

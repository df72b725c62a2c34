"""What is wrong with the tables of a run, what to do about it, and doing it."""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from pipeline.runs.folder import ALL_UNIT_TABLES, UNIT_TABLES, RunFolder, rejected_videos
from pipeline.runs.names import unit_name
from pipeline.runs.table_checks import file_problem, unit_problem
from pipeline.terminal.console import UsageProblem, quoted
from schemas import tables
from schemas.joined_files import joined_files
from schemas.remote_paths import AnyPath
from schemas.tables import DamagedTableError, Table, damage_named
from schemas.videos import Video
from schemas.whole_files import left_behind, write_whole
from schemas.wording import many

SIDE_FOLDER = "damaged"
"""Where unreadable files with human work go."""

ANNOTATE = "the same annotate command"
_HUMAN = (tables.TASKS, tables.VERDICTS, tables.SKIPS, tables.GOLD)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        text: what, with the name of the video or file.
        again: the command that makes again what ``repair`` takes away; empty when nothing is lost.
        repair: puts the run in order.
    """

    text: str
    again: str
    repair: Callable[[], None]


@dataclass(slots=True)
class RunChecks:
    """The checks of one run; hold its lock.

    Attributes:
        folder: the run.
        notes: filled by :meth:`faults`: what is worth knowing and not wrong.
        n_videos: filled by :meth:`faults`: videos that are done.
    """

    folder: RunFolder
    notes: list[str] = field(default_factory=list)
    n_videos: int = 0
    _candidates: set[str] = field(default_factory=set)

    def faults(self) -> Iterator[Fault]:
        """Everything, one after the other.

        Raises:
            UsageProblem: this is not a run folder.
        """
        yield from self._config_faults()
        joined = list(self._joined_faults())
        yield from joined
        if joined:
            self.notes.append("the rest is checked once these are repaired")
            return
        marks = self._marks()
        yield from marks.faults
        for stem, video in marks.videos.items():
            if problems := list(self._unit_problems(stem, video)):
                text = f"video {video.video_id!r}: {'; '.join(problems)}"
                yield Fault(text, ANNOTATE, partial(self.folder.drop_unit, video.video_id, video.unit))
        self.n_videos = len(marks.videos)
        yield from self._twice(marks)
        yield from self._unmarked(marks.videos.keys())
        yield from self._other_files()
        yield from self._human_faults()
        yield from self._temporary()

    @property
    def _run(self) -> AnyPath:
        return self.folder.path

    def _config_faults(self) -> Iterator[Fault]:
        if not self.folder.config_file.exists():
            if not (self._run / tables.VIDEOS.name).is_dir():
                raise UsageProblem(f"{self._run} is not a run folder: it has neither run.yaml nor tables")
            yield Fault(f"{self.folder.config_file} is missing", ANNOTATE, lambda: None)
            return
        try:
            self.folder.config()
        except UsageProblem as problem:
            why = str(problem).split("; set it aside")[0]
            yield Fault(why, ANNOTATE, partial(self._set_aside, self.folder.config_file))

    def _marks(self) -> _Marks:
        found = _Marks()
        for stem, place in tables.VIDEOS.places(self._run):
            if why := unit_problem(self.folder, tables.VIDEOS, stem, place.path):
                found.faults.append(Fault(why, ANNOTATE, partial(self.folder.drop_stems, [stem])))
                continue
            rows = tables.VIDEOS.records(tables.VIDEOS.read_unit(self._run, stem))
            if [unit_name(video.video_id, video.unit) for video in rows] != [stem]:
                why = f"{place.path} should hold the one video that it is named after"
                found.faults.append(Fault(why, ANNOTATE, partial(self.folder.drop_stems, [stem])))
                continue
            found.videos[stem] = rows[0]
            found.paths[stem] = place.path
        return found

    def _joined_faults(self) -> Iterator[Fault]:
        for table in (*ALL_UNIT_TABLES, tables.POINTS):
            for file in joined_files(self._run / table.name):
                try:
                    with damage_named(file.path), file.open() as opened:
                        opened.read()
                except DamagedTableError as problem:
                    again = self._command("merge") if table is tables.POINTS else ANNOTATE
                    yield Fault(f"{problem}; it holds many videos", again, partial(_remove, [file.path]))

    def _unit_problems(self, stem: str, video: Video) -> Iterator[str]:
        if missing := [table.name for table in UNIT_TABLES if not table.has_unit(self._run, stem)]:
            yield f"it is marked as done, but it has no {', '.join(missing)}"
        files = {table: self.folder.table_file(table, stem) for table in UNIT_TABLES if table.name not in missing}
        problems = [why for table, file in files.items() if (why := unit_problem(self.folder, table, stem, file))]
        yield from problems
        if missing or problems:
            return
        if rejected_videos(self._run, [(video.video_id, video.unit)]):
            yield "it is marked as done and rejected as a whole"
        yield from self._row_problems(video, {table: table.read_unit(self._run, stem) for table in UNIT_TABLES})

    def _row_problems(self, video: Video, rows: Mapping[Table[Any], Any]) -> Iterator[str]:
        for table in (tables.LOCALIZATIONS, tables.MASKS, tables.CANDIDATES):
            if others := set(rows[table]["video_id"].to_pylist()) - {video.video_id}:
                yield f"{table.name} has rows of {min(others)!r}"
                return
        masks = _keys(rows[tables.MASKS], "object_id", "frame_idx", "round")
        candidate_ids = rows[tables.CANDIDATES]["candidate_id"].to_pylist()
        for name, keys in (("masks", masks), ("candidates", candidate_ids)):
            if twice := sum(n - 1 for n in Counter(keys).values()):
                yield f"{twice:,} {name} are duplicated"
        if taken := len(self._candidates & set(candidate_ids)):
            yield f"{taken:,} of its candidates belong to another video"
        self._candidates.update(candidate_ids)
        asked = set(_keys(rows[tables.CANDIDATES], "object_id", "frame_idx"))
        if unseen := len(asked - {key[:2] for key in masks}):
            yield f"{many(unseen, 'frame')} of objects with candidates and no mask"
        frames = {frame_idx for _, frame_idx in asked}
        if gone := sum(not _is_picture(self.folder.frame_file(video.video_id, idx)) for idx in frames):
            yield f"{gone:,} of the {len(frames):,} frames that people look at are missing or damaged"

    def _twice(self, marks: _Marks) -> Iterator[Fault]:
        by_id: dict[str, list[str]] = defaultdict(list)
        for stem, video in marks.videos.items():
            by_id[video.video_id].append(stem)
        for video_id, stems in by_id.items():
            latest = max(stems, key=lambda stem: marks.paths[stem].stat().st_mtime_ns)
            for old in (stem for stem in stems if stem != latest):
                text = f"video {video_id!r} exists twice, as {old} and, later, as {latest}"
                yield Fault(text, "", partial(self.folder.drop_stems, [old]))

    def _unmarked(self, stems: Iterable[str]) -> Iterator[Fault]:
        """What a killed command left: harmless, but whoever reads a whole table finds it there."""
        marked = set(stems)
        left: dict[str, list[str]] = defaultdict(list)
        for table in (table for table in UNIT_TABLES if table is not tables.REJECTS):
            for stem in table.stems(self._run):
                if stem not in marked and not tables.VIDEOS.has_unit(self._run, stem):
                    left[stem].append(table.name)
        for stem, names in left.items():
            text = f"{', '.join(names)} of {stem} belong to no video that is done"
            yield Fault(text, ANNOTATE, partial(self._drop_unmarked, stem))
        stale = [place.path for stem, place in tables.POINTS.places(self._run) if stem not in marked]
        if stale:
            self.notes.append(
                f"{many(len(stale), 'file')} of points of videos that are no longer done, such as {stale[0]}; "
                f"update them with: {self._command('merge')}"
            )

    def _drop_unmarked(self, stem: str) -> None:
        self.folder.drop_stems([stem], [table for table in UNIT_TABLES if table is not tables.REJECTS])

    def _other_files(self) -> Iterator[Fault]:
        marked = set(tables.VIDEOS.stems(self._run))
        for stem, place in tables.POINTS.places(self._run):
            if stem in marked and (why := unit_problem(self.folder, tables.POINTS, stem, place.path)):
                repair = partial(self.folder.drop_stems, [stem], [tables.POINTS])
                yield Fault(why, self._command("merge"), repair)
        for stem, place in tables.REJECTS.places(self._run):
            if stem not in marked and (why := unit_problem(self.folder, tables.REJECTS, stem, place.path)):
                yield Fault(why, self._rejecting(stem), partial(self.folder.drop_stems, [stem], [tables.REJECTS]))

    def _rejecting(self, stem: str) -> str:
        """The command that wrote a file of rejects."""
        commands = {"review": "review push", "review-second_look": "review pull"}
        return self._command(commands[stem]) if stem in commands else ANNOTATE

    def _human_faults(self) -> Iterator[Fault]:
        golds: set[str] = set()
        for table in _HUMAN:
            for file in self._files(table):
                if why := file_problem(self.folder, table, file, is_made_by_config=False):
                    yield Fault(why, self._again(table, file), partial(self._set_aside, file))
                elif table is tables.GOLD:
                    golds.update(tables.GOLD.read_files([file])["candidate_id"].to_pylist())
        unknown = twice = 0
        for file in self._files(tables.VERDICTS):
            if not file_problem(self.folder, tables.VERDICTS, file, is_made_by_config=False):
                rows = tables.VERDICTS.read_files([file])
                unknown += len(set(rows["candidate_id"].to_pylist()) - self._candidates - golds)
                keys = _keys(rows, "candidate_id", "annotator", "task_key", "annotation_id")
                twice += sum(n - 1 for n in Counter(keys).values())
        if unknown:
            self.notes.append(f"verdicts on {many(unknown, 'candidate')} that the run no longer has; they are kept")
        if twice:
            self.notes.append(f"{many(twice, 'duplicated verdict')}; pointvos merge counts each person once")

    def _temporary(self) -> Iterator[Fault]:
        report = self._run / "report"
        below = [path for path in report.rglob("*") if path.is_dir()] if isinstance(report, Path) else []
        folders = (self._run, report, *below, *(self._run / table.name for table in tables.TABLES))
        left: list[AnyPath] = [path for folder in folders for path in left_behind(folder)]
        left += sorted((self.folder.local / "media").rglob("*.tmp"))
        left += [path for path in (self._run / ".writable", self.folder.work) if path.exists()]
        if left:
            text = f"{many(len(left), 'temporary file')} of interrupted commands, such as {left[0]}"
            yield Fault(text, "", partial(_remove, left))

    def _files(self, table: Table[Any]) -> Sequence[AnyPath]:
        return table.files(self._run, "[!.]*.parquet")

    def _command(self, name: str) -> str:
        return f"pointvos {name} --run {quoted(self._run)}"

    def _again(self, table: Table[Any], file: AnyPath) -> str:
        if file.stem == "simulated":
            return f"{self._command('simulate')} --ground-truth …"
        return self._command("review pull" if table in (tables.VERDICTS, tables.SKIPS) else "review push")

    def _set_aside(self, file: AnyPath) -> None:
        folder = self._run / SIDE_FOLDER
        place = (folder if file.parent == self._run else folder / file.parent.name) / file.name
        number = 1
        while place.exists():
            number += 1
            place = place.with_name(f"{file.stem}-{number}{file.suffix}")
        write_whole(place, file.read_bytes())
        file.unlink()
        self.notes.append(f"{file} was moved to {place}")


@dataclass(slots=True)
class _Marks:
    """The commit marks of a run: videos that are done, and their files, by stem; and marks that are wrong."""

    videos: dict[str, Video] = field(default_factory=dict)
    paths: dict[str, AnyPath] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def _keys(rows: Any, *columns: str) -> list[tuple[Any, ...]]:
    return list(zip(*(rows[name].to_pylist() for name in columns), strict=True))


def _is_picture(file: AnyPath) -> bool:
    try:
        with Image.open(BytesIO(file.read_bytes())) as image:
            image.load()
    except (OSError, SyntaxError, ValueError):
        return False
    return True


def _remove(paths: Iterable[AnyPath]) -> None:
    for path in paths:
        if isinstance(path, Path) and path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

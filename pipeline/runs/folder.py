"""The run folder: Parquet tables between the commands, one owner at a time, units that are whole or absent."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

import pipeline.runs.arrow_import  # noqa: F401
from pipeline.runs.access import refuse_links, rename_hidden_units, warn_of_other_writers
from pipeline.runs.joining import drop_joined
from pipeline.runs.locks import machine_lock
from pipeline.runs.names import frame_folder_name, unit_name
from pipeline.runs.object_locks import ObjectLock, held, waited_for
from pipeline.runs.staging import holder_of, staging_folder
from pipeline.runs.storage import run_path
from pipeline.terminal.console import UsageProblem, quoted
from schemas import tables
from schemas.digests import digest
from schemas.remote_paths import AnyPath, RemotePath
from schemas.tables import Table
from schemas.whole_files import left_behind, write_whole

if TYPE_CHECKING:
    import pyarrow as pa

_MARKS = ("run_id", "config_hash")

UNIT_TABLES: tuple[Table[Any], ...] = (
    tables.LOCALIZATIONS, tables.MASKS, tables.REPAIRS, tables.CANDIDATES, tables.REJECTS,
)  # fmt: skip
"""What a video has beside its commit mark, which is its row in ``videos``."""
ROUND_TABLES: tuple[Table[Any], ...] = (tables.SUPERSEDED, tables.CORRECTIONS, tables.FLAGS)
"""What a video has once somebody corrected it, or its masks contradict what people said."""
ALL_UNIT_TABLES: tuple[Table[Any], ...] = (tables.VIDEOS, *UNIT_TABLES, *ROUND_TABLES)
"""The commit mark first: the order in which a unit is removed."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run, on disk or in an object store.

    Invariant: a video's unit is done exactly when its file stands in ``videos/``; that file is put into its place
    last, after the other tables of the unit.
    """

    path: AnyPath

    def __str__(self) -> str:
        return str(self.path)

    @classmethod
    def parse(cls, text: str) -> RunFolder:
        """The run at a path or an address, as it is typed.

        Raises:
            UsageProblem: no run can lie there.
        """
        return cls(run_path(text))

    @property
    def local(self) -> Path:
        """The folder on this machine for what no store can hold; the run folder itself where it is local."""
        return self.path if isinstance(self.path, Path) else staging_folder(self.path.address)

    @property
    def config_file(self) -> AnyPath:
        """The resolved config of the run."""
        return self.path / "run.yaml"

    @property
    def work(self) -> Path:
        """Temporary files of the annotation in progress; removed at the next start."""
        return self.local / ".work"

    @property
    def batches(self) -> Path:
        """Batches of objects that wait for the others of their video."""
        return self.work / "batches"

    def absolute(self) -> RunFolder:
        """The same folder for workers whose current folder is another."""
        return RunFolder(self.path.absolute())

    def require(self) -> RunFolder:
        """Return self when this is a run folder.

        Raises:
            UsageProblem: there is no run here, or a symbolic link stands in it.
        """
        if isinstance(self.path, Path):
            refuse_links(self.path)
        if not self.config_file.is_file():
            raise UsageProblem(f"{self.path} is not a run folder; make one with: pointvos annotate VIDEOS … --run DIR")
        self._check_local()
        return self

    def create(self) -> None:
        """Make the folder.

        Raises:
            UsageProblem: it cannot be written, or a symbolic link stands in it.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if isinstance(self.path, Path):
                refuse_links(self.path)
            write_whole(self.path / ".writable", b"1")
            (self.path / ".writable").unlink(missing_ok=True)
        except OSError as problem:
            raise UsageProblem(
                f"run folder {self.path} cannot be written ({problem.strerror}); choose another --run"
            ) from None
        self._check_local()

    def _check_local(self) -> None:
        if isinstance(self.path, Path):
            warn_of_other_writers(self.path)
            rename_hidden_units(self.path)

    @contextmanager
    def lock(self) -> Iterator[int]:
        """Own the run; yields the descriptor of the lock, which workers are given (:func:`machine_lock`).

        A run in a store is owned before all machines.

        Raises:
            UsageProblem: another command owns it.
        """
        what = f"run folder {self.path}"
        if isinstance(self.path, Path):
            refuse_links(self.path)
        with machine_lock(self.local, what) as descriptor, ExitStack() as more:
            if isinstance(self.path, RemotePath):
                more.enter_context(held(ObjectLock(self.path / ".locks" / "run", holder_of(self.local)), what))
            yield descriptor

    @contextmanager
    def turn(self, act: str) -> Iterator[None]:
        """Wait until no other machine does the same to the run; of this one the caller sees to it."""
        if isinstance(self.path, RemotePath):
            lock = ObjectLock(self.path / ".locks" / act, holder_of(self.local))
            with waited_for(lock, f"the {act} of {self.path}"):
                yield
        else:
            yield

    @contextmanager
    def work_folder(self, name: str, is_shared: bool = False) -> Iterator[AnyPath]:
        """An empty folder for what the steps of a graph leave to each other, removed when the block ends.

        Args:
            name: of the folder; hold the lock where others may use the same one.
            is_shared: the steps run on several machines, which all see the run folder.
        """
        folder = (self.path / ".work" if is_shared else self.work).absolute() / name
        empty_folder(folder)
        try:
            yield folder
        finally:
            empty_folder(folder)
            if isinstance(folder, Path):
                with suppress(OSError):  # another step has something in it
                    folder.parent.rmdir()

    def config(self) -> dict[str, Any]:
        """The resolved config as plain values.

        Raises:
            UsageProblem: the file is not one that annotate wrote.
        """
        try:
            loaded = yaml.safe_load(self.config_file.read_text(encoding="utf-8"))
        except (UnicodeDecodeError, yaml.YAMLError, ValueError, RecursionError) as problem:
            raise self._broken_config(" ".join(str(problem).split())) from None
        if not isinstance(loaded, dict):
            raise self._broken_config("it is empty" if loaded is None else f"it holds a {type(loaded).__name__}")
        if missing := [name for name in _MARKS if not isinstance(loaded.get(name), str) or not loaded[name]]:
            raise self._broken_config(f"{' and '.join(missing)} must be text")
        if not isinstance(loaded.get("models", {}), dict):
            raise self._broken_config("models must hold named settings")
        return loaded

    def _broken_config(self, why: str) -> UsageProblem:
        return UsageProblem(
            f"{self.config_file} is damaged ({why}); set it aside with: "
            f"pointvos doctor --run {quoted(self.path)} --repair, then run the same annotate command again, "
            "which rewrites it"
        )

    def metadata(self) -> dict[str, str]:
        """Run id and config hash, for the metadata of every Parquet file of the run."""
        config = self.config()
        return {"pointvos.run_id": config["run_id"], "pointvos.config_hash": config["config_hash"]}

    def table_file(self, table: Table[Any], stem: str) -> AnyPath:
        """The file of one unit in one table."""
        return self.path / table.name / f"{stem}.parquet"

    def committed(self) -> dict[str, str]:
        """Unit hash by video id of every video that is done and has all its tables: somebody may have removed some."""
        done = tables.VIDEOS.read(self.path, columns=["video_id", "unit"])
        present = [set(table.stems(self.path)) for table in UNIT_TABLES]
        units = zip(done["video_id"].to_pylist(), done["unit"].to_pylist(), strict=True)
        return {name: unit for name, unit in units if all(unit_name(name, unit) in stems for stems in present)}

    def drop_unit(self, video_id: str, unit: str) -> None:
        """Remove a unit, its commit mark first, so that it is never half there and called done."""
        self.drop_units([(video_id, unit)])

    def drop_units(self, pairs: Iterable[tuple[str, str]], of: Sequence[Table[Any]] = ALL_UNIT_TABLES) -> None:
        """Remove units, given as (video_id, unit), table by table; a joined file is rewritten without them."""
        self.drop_stems({unit_name(*pair) for pair in pairs}, of)

    def drop_stems(self, stems: Collection[str], of: Sequence[Table[Any]] = ALL_UNIT_TABLES) -> None:
        """Remove what is there of units, given by the names of their files: all commit marks first."""
        for table in of if stems else ():
            for file in table.files(self.path):
                if file.stem in stems:
                    file.unlink(missing_ok=True)
            drop_joined(self.path, table, stems)

    def drop_superseded(self, units: Mapping[str, str]) -> None:
        """Remove what a video gave when it, or its localizations, were others; a result only once there is a new one.

        Args:
            units: video id → unit hash of the input as it is now.
        """
        done = tables.VIDEOS.read(self.path, columns=["video_id", "unit"])
        pairs = set(zip(done["video_id"].to_pylist(), done["unit"].to_pylist(), strict=True))
        self.drop_units(
            (video_id, unit)
            for video_id, unit in sorted(pairs)
            if unit != units.get(video_id, unit) and (video_id, units[video_id]) in pairs
        )
        rejected = rejected_videos(self.path, pairs)
        self.drop_units((pair for pair in pairs if pair[0] in rejected), [tables.VIDEOS])
        kept = {unit_name(*pair) for pair in (*pairs, *units.items())}
        for file in tables.REJECTS.files(self.path, "*.*.parquet"):
            if file.stem not in kept and any(_is_of(video_id, file) for video_id in units):
                file.unlink()

    def frames_of(self, video_id: str) -> AnyPath:
        """The folder of the JPEGs that people look at."""
        return self.path / "frames" / frame_folder_name(video_id)

    def frame_file(self, video_id: str, frame_idx: int) -> AnyPath:
        """One of these JPEGs; it may be missing. Runs of earlier versions named the folders by the bare ids."""
        name = f"{frame_idx:06d}.jpg"
        file = self.frames_of(video_id) / name
        parts = [p if len(p.encode(errors="replace")) <= 200 else f"{p[:40]}-{digest(p)}" for p in video_id.split("/")]
        if file.is_file() or "\0" in video_id or not {"", ".", ".."}.isdisjoint(parts):
            return file
        old = self.path.joinpath("frames", *parts, name)
        return old if old.is_file() else file

    def remove_leftovers(self) -> None:
        """Remove what an interrupted command left under temporary names. Call it under the lock."""
        shutil.rmtree(self.work, ignore_errors=True)
        for folder in (self.path, *(self.path / table.name for table in tables.TABLES)):
            for stale in left_behind(folder):
                stale.unlink(missing_ok=True)

    @contextmanager
    def tidied(self) -> Iterator[None]:
        """:meth:`remove_leftovers`, then work; in the end no temporary folder is left. Use it under the lock."""
        self.remove_leftovers()
        try:
            yield
        finally:
            shutil.rmtree(self.work, ignore_errors=True)


def empty_folder(folder: AnyPath) -> None:
    """Remove a folder with all that is in it, and an empty one above it."""
    if isinstance(folder, Path):
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # others may have theirs beside it
            folder.parent.rmdir()
    else:
        folder.unlink_all(folder.rglob("*"))


def rejected_videos(run: AnyPath, pairs: Collection[tuple[str, str]]) -> list[str]:
    """Ids of the videos, given with their units as (video_id, unit), that the rejects of their own unit reject."""
    by_stem = {unit_name(*pair): pair[0] for pair in pairs}
    files = [file for file in tables.REJECTS.files(run) if file.stem in by_stem]
    found = [
        *zip((f.stem for f in files), tables.REJECTS.read_each(files, [("stage", "=", "annotate")]), strict=True),
        *((stem, rows) for stem, rows in tables.REJECTS.joined_rows(run) if stem in by_stem),
    ]
    return sorted({by_stem[stem] for stem, rows in found if by_stem[stem] in _keys(rows, "annotate")})


def _keys(rejects: pa.Table, stage: str) -> set[str]:
    """What a stage rejected; without ``pyarrow.compute``, which takes every worker a fiftieth of a second to import."""
    stages_and_keys = zip(rejects["stage"].to_pylist(), rejects["key"].to_pylist(), strict=True)
    return {key for stage_, key in stages_and_keys if stage_ == stage}


def _is_of(video_id: str, rejects: AnyPath) -> bool:
    """True when a unit's rejects are those of a video; another video's name may begin alike."""
    if rejects.stem.rpartition(".")[0] != unit_name(video_id, "").rpartition(".")[0]:
        return False
    keys = tables.REJECTS.read_files([rejects])["key"].to_pylist()
    return all(f"{key}/".startswith(f"{video_id}/") for key in keys)

"""Results of a video that is tracked again wait aside until the new ones are there, so that a stop loses nothing."""

from __future__ import annotations

from pipeline.runs.folder import ALL_UNIT_TABLES, UNIT_TABLES, RunFolder, empty_folder
from pipeline.runs.names import unit_name
from pipeline.runs.units import take_apart
from schemas import tables
from schemas.remote_paths import AnyPath
from schemas.videos import Video
from schemas.whole_files import write_whole


def keep_previous(run: RunFolder, video: Video) -> None:
    """Move all tables of a video out of the run; they are in one of both places at any time."""
    stem, folder = unit_name(video.video_id, video.unit), _folder(run)
    take_apart(run, video, (tables.VIDEOS, *UNIT_TABLES))
    for table in reversed(ALL_UNIT_TABLES):  # the commit mark last
        file = run.table_file(table, stem)
        if file.is_file():
            write_whole(folder / table.name / file.name, file.read_bytes())
    run.drop_unit(video.video_id, video.unit)


def restore_previous(run: RunFolder) -> None:
    """Put back what waits aside where nothing new has come in its place, and remove the rest."""
    folder, done = _folder(run), run.committed()
    for mark in tables.VIDEOS.files(folder):
        (video,) = tables.VIDEOS.records(tables.VIDEOS.read_files([mark]))
        if video.video_id not in done:
            for table in reversed(ALL_UNIT_TABLES):
                for file in table.files(folder, mark.name):
                    write_whole(run.table_file(table, mark.stem), file.read_bytes())
    empty_folder(folder)


def _folder(run: RunFolder) -> AnyPath:
    return run.path / "studio" / "aside"

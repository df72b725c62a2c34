"""Who else may have put something into a run folder: symbolic links, other users, names of earlier versions."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

from pipeline.terminal.console import UsageProblem, errors
from schemas import tables


def refuse_links(run: Path) -> None:
    """Make sure that a run folder holds files and folders only.

    What is written to a symbolic link or read from it would lie elsewhere, and to open a named pipe waits for whoever
    opens its other end. The run folder itself may be a link, and below ``review/data`` and ``review/home`` the server
    keeps what it likes.

    Raises:
        UsageProblem: there is something else; the message names it.
    """
    servers_own = {run / "review" / name for name in ("data", "home")}
    found = next(_neither_file_nor_folder(run, servers_own), None)
    if found is None:
        return
    if found.is_symlink():
        raise UsageProblem(
            f"{found} is a symbolic link to {os.readlink(found)!r}, which may lead out of the run folder; "  # noqa: PTH115
            "remove it, or put the file or folder itself in its place"
        )
    raise UsageProblem(f"{found} is a named pipe, a socket or a device, which a run folder must not contain; remove it")


def _neither_file_nor_folder(folder: Path, left_out: Collection[Path]) -> Iterator[Path]:
    """Links and special files in a folder and below it, not below ``left_out``; each folder is read once."""
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            if Path(entry.path) not in left_out:
                yield from _neither_file_nor_folder(Path(entry.path), left_out)
        elif not entry.is_file(follow_symlinks=False):
            yield Path(entry.path)


def warn_of_other_writers(run: Path) -> None:
    """Say when other users can write to the run folder: its tables are believed, though nothing in it is executed."""
    found = run.stat()
    is_foreign = found.st_uid not in (os.geteuid(), 0)
    if found.st_mode & stat.S_IWOTH or (is_foreign and found.st_mode & stat.S_IWGRP):
        who = "everybody" if found.st_mode & stat.S_IWOTH else f"user {found.st_uid} and group {found.st_gid}"
        errors.print(
            f"Warning: {who} can write to {run} and change its results; restrict access with: chmod go-w {run}",
            soft_wrap=True,
        )


def rename_hidden_units(run: Path) -> None:
    """Give units of earlier versions whose names begin with ``_`` or ``-`` names that every reader of Parquet sees.

    Raises:
        UsageProblem: they cannot be renamed.
    """
    for table in tables.TABLES:
        for old in sorted((run / table.name).glob("[_-]*.parquet")):
            name, _, unit = old.stem.rpartition(".")
            new = old.with_name(f"{re.sub('^[_-]+', '', name) or 'video'}.{unit}.parquet")
            try:
                old.rename(new)
            except FileNotFoundError:  # another command was faster
                continue
            except OSError as problem:
                raise UsageProblem(
                    f"{old} of an earlier version needs the name {new.name} ({problem.strerror}); make {run} writable"
                ) from None

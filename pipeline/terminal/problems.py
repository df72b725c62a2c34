"""Sentences for what goes wrong outside the program: damaged files, full disks, folders without permission."""

from __future__ import annotations

import errno

from schemas.tables import DamagedTableError

_FULL = {
    errno.ENOSPC: "no space is left",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file is too big",
}
_CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS}


def sentence_of(problem: Exception) -> str | None:
    """What happened, which file, and what to do; None for what can only be a fault in the program."""
    if isinstance(problem, DamagedTableError):
        return f"{problem}; see what to do with: pointvos doctor --run DIR, and do it with --repair"
    if not isinstance(problem, OSError) or problem.errno is None:
        return None
    where = f" at {problem.filename}" if problem.filename else ""
    if problem.errno in _FULL:
        return f"{_FULL[problem.errno]}{where}. Finished work is kept: free some space and run the same command again"
    if problem.errno in _CLOSED:
        return f"{problem.strerror}{where}; check who may write there, then run the same command again"
    return f"{problem.strerror}{where}; finished work is kept: run the same command again when this is fixed"

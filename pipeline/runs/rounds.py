"""Correction rounds of a video on disk: what was asked, its result, and every state in between.

``corrections`` are written before the work on them. A round writes what it replaces (``superseded``), then the masks,
whose metadata name the round: with them it is done. A round that was cut off is done again from the state before it, so
the result is the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.runs.folder import ROUND_TABLES, UNIT_TABLES, RunFolder
from pipeline.runs.names import unit_name
from pipeline.runs.units import take_apart, unit_file, unit_records
from schemas import tables
from schemas.corrections import Correction
from schemas.elements import ObjectFrame
from schemas.localizations import Localization
from schemas.masks import Mask
from schemas.remote_paths import AnyPath
from schemas.superseded import SupersededMask, masks_at, superseded
from schemas.tables import marks_of
from schemas.videos import Video
from schemas.whole_files import write_whole

_ROUND = "pointvos.round"
ANNOTATING = ("clicks", "absent", "lock", "add")
"""Kinds of corrections that make their frame one that is never overwritten."""


@dataclass(frozen=True, slots=True)
class VideoRounds:
    """All rounds of one video.

    Attributes:
        masks: the present state.
        superseded: rows that any finished round took out.
        corrections: all that was said, pending ones too.
        number: the last finished round; 0 without any.
    """

    masks: tuple[Mask, ...]
    superseded: tuple[SupersededMask, ...]
    corrections: tuple[Correction, ...]
    number: int

    @classmethod
    def read(cls, run: RunFolder, video: Video) -> VideoRounds:
        """Read them; what a round that was cut off has left counts for nothing."""
        number = round_of(unit_file(run, tables.MASKS, video))
        old = unit_records(run, tables.SUPERSEDED, video)
        return cls(
            tuple(unit_records(run, tables.MASKS, video)),
            tuple(one for one in old if one.until_round <= number),
            tuple(unit_records(run, tables.CORRECTIONS, video)),
            number,
        )

    @property
    def pending(self) -> tuple[Correction, ...]:
        """Corrections that no finished round holds."""
        return tuple(one for one in self.corrections if one.round > self.number)

    @property
    def in_effect(self) -> tuple[Correction, ...]:
        """Corrections of finished rounds that were not taken back."""
        rounds = set(self._line(self.number))
        return tuple(one for one in self.corrections if one.round in rounds and one.kind != "undo")

    def at(self, number: int) -> list[Mask]:
        """The masks after a round."""
        return masks_at(self.masks, self.superseded, number)

    def annotated(self, object_id: str, localized: Collection[int] = ()) -> set[int]:
        """Frames on which a person said something of an object, hints included: they are never overwritten."""
        said = {c.frame_idx for c in self.in_effect if c.object_id == object_id and c.kind in ANNOTATING}
        return said | set(localized)

    def undone_to(self) -> int | None:
        """The round that taking back the last one leads to; None when there is nothing to take back."""
        line = self._line(self.number)
        return line[-2] if len(line) > 1 else None

    def _line(self, number: int) -> list[int]:
        """The rounds that a state is made of, 0 first: those that were taken back are left out."""
        undone = {one.round: one.to_round for one in self.corrections if one.kind == "undo"}
        line = [0]
        for round_ in range(1, number + 1):
            if round_ in undone:
                line = line[: line.index(undone[round_]) + 1]
            else:
                line.append(round_)
        return line


def round_of(file: AnyPath) -> int:
    """The round that the file of a video's masks, or of what was made of them, belongs to."""
    return int(marks_of(file).get(_ROUND, "0")) if file.is_file() else 0


def round_marks(number: int) -> dict[str, str]:
    """The metadata that :func:`round_of` reads."""
    return {_ROUND: str(number)} if number else {}


def write_corrections(run: RunFolder, video: Video, corrections: Sequence[Correction]) -> None:
    """Replace all corrections of a video, whole or not at all."""
    tables.CORRECTIONS.write(unit_file(run, tables.CORRECTIONS, video), corrections, run.metadata())


def commit_round(
    run: RunFolder, video: Video, rounds: VideoRounds, changes: Mapping[ObjectFrame, Mask | None]
) -> VideoRounds:
    """Write the round behind the last finished one.

    Args:
        run: the run.
        video: one of its videos.
        rounds: as read.
        changes: new masks by object and frame; None takes a mask away. What is the same again is left as it is.
    """
    number = rounds.number + 1
    before = {(mask.object_id, mask.frame_idx): mask for mask in rounds.masks}
    changed = {key: mask for key, mask in changes.items() if not _is_same(before.get(key), mask)}
    gone = [superseded(before[key], number) for key in sorted(changed) if key in before]
    drawn = {key: replace(mask, round=number) for key, mask in changed.items() if mask is not None}
    kept = {key: mask for key, mask in before.items() if key not in changed}
    masks = sorted((kept | drawn).values(), key=lambda mask: (mask.object_id, mask.frame_idx))
    done = VideoRounds(tuple(masks), (*rounds.superseded, *gone), rounds.corrections, number)
    tables.SUPERSEDED.write(unit_file(run, tables.SUPERSEDED, video), done.superseded, run.metadata())
    tables.MASKS.write(unit_file(run, tables.MASKS, video), done.masks, {**run.metadata(), **round_marks(number)})
    return done


def undoing(rounds: VideoRounds, to_round: int) -> dict[ObjectFrame, Mask | None]:
    """The changes that bring the masks of an earlier round back."""
    then = {(mask.object_id, mask.frame_idx): mask for mask in rounds.at(to_round)}
    now = {(mask.object_id, mask.frame_idx) for mask in rounds.masks}
    return {**dict.fromkeys(now - then.keys()), **then}


def move_unit(run: RunFolder, video: Video, unit: str, localizations: Sequence[Localization]) -> Video:
    """Give a video the hash of its changed hints, its masks as they are; the old files go last.

    Between the first and the last step both are there, and whoever comes next keeps the one of the hints.

    Args:
        run: the run.
        video: one of its videos.
        unit: hash of the video and its hints as they are now.
        localizations: these hints.
    """
    if unit == video.unit:
        return video
    moved = replace(video, unit=unit, n_objects=len({one.object_id for one in localizations}))
    take_apart(run, video, UNIT_TABLES)
    for table in (*UNIT_TABLES, *ROUND_TABLES):
        file = unit_file(run, table, video)
        if table is tables.LOCALIZATIONS:
            table.write(unit_file(run, table, moved), localizations, run.metadata())
        elif file.is_file():
            write_whole(unit_file(run, table, moved), file.read_bytes())
    tables.VIDEOS.write(run.table_file(tables.VIDEOS, unit_name(moved.video_id, unit)), [moved], run.metadata())
    run.drop_unit(video.video_id, video.unit)
    return moved


def _is_same(old: Mask | None, new: Mask | None) -> bool:
    if old is None or new is None:
        return old is new
    return replace(new, round=old.round) == old

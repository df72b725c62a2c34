"""Words and the masks that they mean: Ref-YouTube-VOS, and Video Narrative Grounding (VNG).

Sources: https://youtube-vos.org/dataset/rvos/, https://github.com/google/video-localized-narratives
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from schemas.json_text import parse_json
from stages.validate import coco
from stages.validate.mask_folders import sequence_problems
from stages.validate.problems import Problem, index_map, type_problems

META = "meta_expressions.json"
MASKS = ("extra_masks.json", "orig_masks.json")
_VIDEO = {"frames": (list,), "expressions": (dict,)}
_EXPRESSION = {"exp": (str,)}
_NOUN = {"narrative_actor_idx": (int,), "noun_phrase_start_idx": (int,), "noun_phrase_end_idx": (int,)}
Video = Mapping[str, Any]


def is_narrative_grounding(root: Path) -> bool:
    """Whether masks lie in JSON files beside the words, as VNG has them."""
    return any((root / name).is_file() for name in MASKS)


def problems_in(root: Path) -> Iterator[Problem]:
    """Every broken rule below ``root``, which holds ``meta_expressions.json``; one frame is in memory at a time."""
    try:
        videos = parse_json((root / META).read_bytes())["videos"].items()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        yield Problem(META, f"cannot be read as {{videos: {{name: {{frames, expressions}}}}}}: {problem!r}")
        return
    is_narratives = is_narrative_grounding(root)
    if is_narratives:
        yield from _mask_problems(root)
    ids = _annotation_ids(root) if is_narratives else {}
    for name, video in videos:
        where = f"{META} video {name}"
        problems = list(type_problems(where, video, _VIDEO))
        yield from problems
        if problems:
            continue
        try:
            if is_narratives:
                yield from _nouns(where, video, ids.get(name, set()))
            else:
                yield from _expressions(where, video, _indices(root, name, video))
                yield from _annotation_problems(root, name, video)
            yield from _result_problems(root, name, video)
        except OSError as problem:
            yield Problem(where, f"its files cannot be listed ({problem}); the rest of the video was not read")


def _mask_problems(root: Path) -> Iterator[Problem]:
    """Of both files of masks, of which one may be empty."""
    files = [root / name for name in MASKS if (root / name).is_file()]
    for file in files if len(files) == 1 else [file for file in files if b'"file_names"' in file.read_bytes()] or files:
        yield from coco.problems_in(file)


def _expressions(where: str, video: Video, known: Collection[str]) -> Iterator[Problem]:
    return _typed_problems(where, video, _EXPRESSION, partial(_expression, known=known))


def _nouns(where: str, video: Video, known: Collection[str]) -> Iterator[Problem]:
    narratives = [
        str(one.get("description", "")) for one in _listed(video, "actor_narratives") if isinstance(one, dict)
    ]
    return _typed_problems(where, video, _NOUN, partial(_noun, narratives=narratives, known=known))


def _typed_problems(
    where: str,
    video: Video,
    fields: Mapping[str, tuple[type, ...]],
    problems_of: Callable[[str, Mapping[str, Any]], Iterator[Problem]],
) -> Iterator[Problem]:
    """Of every expression, fields that are missing or of another type; else what ``problems_of`` finds."""
    for number, one in video["expressions"].items():
        place = f"{where} expression {number}"
        yield from list(type_problems(place, one, fields)) or problems_of(place, one)


def _expression(place: str, one: Mapping[str, Any], known: Collection[str]) -> Iterator[Problem]:
    if not one["exp"].strip():
        yield Problem(place, "the expression is empty")
    if "obj_id" in one and known and str(one["obj_id"]) not in known:
        yield Problem(place, f"object {one['obj_id']!r} is in no mask of its video")


def _noun(place: str, one: Mapping[str, Any], narratives: Sequence[str], known: Collection[str]) -> Iterator[Problem]:
    actor, start, end = (one[name] for name in _NOUN)
    if not 0 <= actor < len(narratives):
        yield Problem(place, f"narrative {actor} is not one of the {len(narratives)} of its video")
    elif not 0 <= start < end <= len(narratives[actor]):
        length = len(narratives[actor])
        yield Problem(place, f"the noun at {start} to {end} is not inside its narrative of {length} characters")
    if "obj_id" in one and str(one["obj_id"]) not in known:
        yield Problem(place, f"mask {one['obj_id']!r} is not among those of its video")


def _listed(video: Video, name: str) -> Sequence[Any]:
    found = video.get(name)
    return found if isinstance(found, list) else []


def _annotation_ids(root: Path) -> dict[str, set[str]]:
    """Video name → ids of its masks; of broken documents none, since they are told already."""
    found: dict[str, set[str]] = {}
    for file in (root / name for name in MASKS):
        try:
            document = parse_json(file.read_bytes())
            frames = {one["id"]: str(one["file_names"][0]).rpartition("/")[0] for one in document["videos"]}
            for one in document["annotations"]:
                found.setdefault(frames[one["video_id"]], set()).add(str(one["id"]))
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            continue
    return found


def _indices(root: Path, name: str, video: Video) -> set[str]:
    """Indices of objects on the masks of a video; empty where the dataset comes without masks."""
    found: set[int] = set()
    for frame in video["frames"]:
        try:
            found.update(np.unique(index_map(root / "Annotations" / name / f"{frame}.png")[1]).tolist())
        except OSError:
            continue
    return {str(index) for index in found}


def _annotation_problems(root: Path, name: str, video: Video) -> Iterator[Problem]:
    if not (root / "Annotations" / name).is_dir():
        return
    yield from sequence_problems(root, name)
    for frame in video["frames"]:
        if not (root / "Annotations" / name / f"{frame}.png").is_file():
            yield Problem(f"{META} video {name}", f"frame {frame!r} has no mask in Annotations")


def _result_problems(root: Path, name: str, video: Video) -> Iterator[Problem]:
    """A binary PNG for every expression and frame, where there are results."""
    folder = root / "results" / name
    for number in video["expressions"] if folder.is_dir() else ():
        if missing := [f for f in video["frames"] if not (folder / str(number) / f"{f}.png").is_file()]:
            yield Problem(
                f"results/{name}/{number}", f"{len(missing)} frames have no mask; the first is {missing[0]!r}"
            )
        for file in sorted((folder / str(number)).glob("*.png")):
            try:
                values = np.unique(index_map(file)[1]).tolist()
            except OSError as problem:
                yield Problem(file.relative_to(root).as_posix(), f"the PNG cannot be decoded ({problem})")
                continue
            if len(values) > 2:
                yield Problem(
                    file.relative_to(root).as_posix(), f"{len(values)} different values; a mask of results has two"
                )

"""Groups of videos that must not be parted, and the split of each group."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from schemas.digests import uniform
from schemas.splits import SPLITS, VideoSplit

Ratios = tuple[float, ...]
"""Shares of SPLITS, in their order; 1 in all."""


def groups_of(video_ids: Iterable[str], pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Smallest id of a group → its members, in order; those that are linked over others belong together too.

    >>> groups_of(["a", "b", "c", "d"], [("c", "d"), ("d", "a")])
    {'a': ['a', 'c', 'd'], 'b': ['b']}
    """
    head = {video_id: video_id for video_id in sorted(video_ids)}

    def head_of(video_id: str) -> str:
        while head[video_id] != video_id:
            head[video_id] = head[head[video_id]]
            video_id = head[video_id]
        return video_id

    for one, other in pairs:
        first, second = sorted((head_of(one), head_of(other)))
        head[second] = first
    groups = defaultdict(list)
    for video_id in head:
        groups[head_of(video_id)].append(video_id)
    return dict(groups)


def assign(
    video_ids: Sequence[str],
    pairs: Sequence[tuple[str, str]],
    ratios: Ratios,
    seed: int,
    listed: Mapping[str, str],
    before: Mapping[str, VideoSplit],
) -> list[VideoSplit]:
    """The split of every video, by id. All videos of a group are in one split, unless a list puts them into several.

    Args:
        video_ids: all videos.
        pairs: videos that must not be parted.
        ratios: of videos that no list names and that had no split before.
        seed: decides on these, by their ids alone.
        listed: id → split by an official list; these stand.
        before: by id, of videos that had a split; they keep it unless their group forbids.
    """
    alike = defaultdict(set)
    for one, other in pairs:
        alike[one].add(other)
        alike[other].add(one)
    found = []
    for group, members in groups_of(video_ids, pairs).items():
        split, is_drawn = _split_of_group(group, members, ratios, seed, listed, before)
        for member in members:
            own, rule = split, "hash" if is_drawn and member == group else "group"
            if member in listed:
                own, rule = listed[member], "list"
            elif member in before and before[member].split == own:
                rule = before[member].rule
            found.append(VideoSplit(member, own, group, rule, tuple(sorted(alike[member]))))
    return sorted(found, key=lambda one: one.video_id)


def divided_groups(splits: Iterable[VideoSplit]) -> dict[str, list[VideoSplit]]:
    """Groups whose videos are in several splits, which only a list can do."""
    groups = defaultdict(list)
    for one in splits:
        groups[one.group].append(one)
    return {group: own for group, own in groups.items() if len({one.split for one in own}) > 1}


def drawn_split(video_id: str, ratios: Ratios, seed: int) -> str:
    """By a hash of the id and the seed, whatever other videos there are.

    >>> drawn_split("dog", (1.0, 0.0, 0.0), 0), drawn_split("dog", (0.0, 0.0, 1.0), 0)
    ('train', 'test')
    """
    place, end = uniform("split", seed, video_id), 0.0
    for split, share in zip(SPLITS, ratios, strict=True):
        end += share
        if share and place < end:
            return split
    return next(split for split, share in zip(reversed(SPLITS), reversed(ratios), strict=True) if share)


def _split_of_group(
    group: str,
    members: Sequence[str],
    ratios: Ratios,
    seed: int,
    listed: Mapping[str, str],
    before: Mapping[str, VideoSplit],
) -> tuple[str, bool]:
    """The split of the members of a group that no list names, and whether it is drawn now."""
    for known in (
        [listed[member] for member in members if member in listed],
        [before[member].split for member in members if member in before],
    ):
        if counts := Counter(known):
            return max(counts, key=lambda split: (counts[split], -SPLITS.index(split))), False
    return drawn_split(group, ratios, seed), True

"""Videos of one group are in one split, and videos that are added move no other."""

from __future__ import annotations

from collections import Counter

from schemas.splits import SPLITS, VideoSplit
from stages.split.assignment import assign, divided_groups, drawn_split

RATIOS = (0.8, 0.1, 0.1)
NAMES = [f"video{i}" for i in range(1000)]


def splits(names, pairs=(), listed=None, before=None, ratios=RATIOS, seed=0):
    old = {name: VideoSplit(name, split, name, "hash") for name, split in (before or {}).items()}
    return {one.video_id: one for one in assign(names, pairs, ratios, seed, listed or {}, old)}


def chosen(found):
    return {name: one.split for name, one in found.items()}


def test_shares_are_met_on_average_and_the_seed_decides():
    counts = Counter(chosen(splits(NAMES)).values())
    assert 760 < counts["train"] < 840
    assert 70 < counts["val"] < 130
    assert 70 < counts["test"] < 130
    assert chosen(splits(NAMES)) == chosen(splits(NAMES[::-1])) != chosen(splits(NAMES, seed=1))
    assert set(chosen(splits(NAMES, ratios=(0.0, 1.0, 0.0))).values()) == {"val"}


def test_videos_that_are_added_move_no_other():
    few = chosen(splits(NAMES[::2]))
    assert few.items() <= chosen(splits(NAMES)).items()


def test_a_larger_share_of_a_split_takes_from_others_only():
    before, after = (chosen(splits(NAMES, ratios=ratios)) for ratios in (RATIOS, (0.9, 0.05, 0.05)))
    assert {n for n in NAMES if before[n] == "train"} <= {n for n in NAMES if after[n] == "train"}


def test_all_videos_of_a_group_are_in_one_split_whatever_else_is_linked():
    pairs = [(f"video{i}", f"video{i + 1}") for i in range(0, 400, 4)] + [
        (f"video{i}", f"video{i + 2}") for i in range(0, 400, 4)
    ]
    found = splits(NAMES, pairs)
    assert not divided_groups(found.values())
    for i in range(0, 400, 4):
        own = [found[f"video{i + k}"] for k in range(3)]
        assert len({one.split for one in own}) == len({one.group for one in own}) == 1
        assert own[0].alike == tuple(sorted((f"video{i + 1}", f"video{i + 2}")))
    alone = chosen(splits(NAMES))
    assert all(found[name].split == alone[name] for name in NAMES[400:])


def test_a_copy_that_is_added_goes_where_its_original_is():
    for split in SPLITS:
        original = next(n for n in NAMES if drawn_split(n, RATIOS, 0) == split)
        copy = next(f"a{i}" for i in range(100) if drawn_split(f"a{i}", RATIOS, 0) != split)
        found = splits([original, copy], [(copy, original)], before={original: split})
        assert (found[copy].split, found[copy].rule, found[copy].group) == (split, "group", copy)
        assert (found[original].split, found[original].rule) == (split, "hash")


def test_a_video_that_links_two_groups_moves_the_smaller_one():
    before = {"a": "train", "b": "test", "c": "test"}
    found = splits(["a", "b", "c", "d"], [("b", "c"), ("a", "d"), ("b", "d")], before=before)
    assert chosen(found) == dict.fromkeys("abcd", "test")
    assert {name: found[name].rule for name in "abcd"} == {"a": "group", "b": "hash", "c": "hash", "d": "group"}


def test_an_official_list_stands_and_what_is_like_its_videos_follows():
    found = splits(["a", "b", "c"], [("a", "b")], listed={"a": "test"}, before={"a": "train", "b": "train"})
    assert (found["a"].split, found["a"].rule) == ("test", "list")
    assert (found["b"].split, found["b"].rule) == ("test", "group")
    assert not divided_groups(found.values())


def test_a_list_that_parts_near_duplicates_is_named():
    found = splits(["a", "b", "c"], [("a", "b"), ("b", "c")], listed={"a": "test", "b": "train"})
    assert chosen(found) == {"a": "test", "b": "train", "c": "train"}
    assert {group: [v.video_id for v in own] for group, own in divided_groups(found.values()).items()} == {
        "a": ["a", "b", "c"]
    }

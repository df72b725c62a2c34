from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise

import pytest

from schemas.localizations import Trace
from stages.ingest import vidln

START = 1_000_000


def sample(ms: int, x: float, y: float = 0.5, kf_idx: int = 0) -> dict:
    return {"x": x, "y": y, "time_ms_since_epoch": START + ms, "kf_idx": kf_idx}


def spoken(caption: str, starts_ms: list[int]) -> list[dict]:
    """Alignment of the words of a caption."""
    words, at = [], 0
    for word, start in zip(caption.split(), starts_ms, strict=True):
        at = caption.index(word, at)
        words.append(
            {
                "referenced_word": word,
                "referenced_word_start_idx": at,
                "referenced_word_end_idx": at + len(word),
                "start_ms": start,
                "end_ms": start + 10,
            }
        )
        at += len(word)
    return words


def actor(**changes) -> dict:
    caption = "A dog runs home"
    return {
        "actor_name": "Dog",
        "caption": caption,
        "recording_start_time_ms_since_epoch": START,
        "traces_start_time_ms_since_epoch": START + 5000,
        "noun_segments": [[2, 5], [11, 15]],
        "time_alignment": spoken(caption, [0, 100, 200, 300]),
        "traces": [[sample(90, 0.1), sample(100, 0.2), sample(150, 0.3)], [sample(200, 0.4), sample(310, 0.5, 0.5, 1)]],
    } | changes


def line(*actors: dict, **changes) -> str:
    narrative = {
        "vidln_id": 1,
        "dataset_id": "OVIS_train",
        "video_id": "abc",
        "annotator_id": 7,
        "keyframe_names": ["img_0000003", "img_0000010"],
        "actor_narratives": list(actors) or [actor()],
    }
    return json.dumps(narrative | changes)


def parse(*lines: str):
    parsed = vidln.parse("\n".join(lines), "/data/a.jsonl")
    return parsed.localizations, parsed.rejects


def of(localizations, object_id):
    return {one.frame_idx: one for one in localizations if one.object_id == object_id}


def xs(localization):
    return [[x for x, _ in part] for part in localization.hint.parts_norm]


def test_an_actor_has_its_whole_trace_by_frame():
    localizations, rejects = parse(line())
    found = of(localizations, "a0")
    assert not rejects
    assert xs(found[2]) == [[0.1, 0.2, 0.3], [0.4]]
    assert xs(found[9]) == [[0.5]]
    assert (found[2].video_id, found[2].object_name, found[2].expression) == (
        "OVIS_train/abc",
        "Dog",
        "A dog runs home",
    )
    assert (found[2].group, found[2].rule, found[2].input_uri) == ("actors", "actor_trace", "/data/a.jsonl")


def test_a_noun_has_the_trace_of_its_words_up_to_the_next_word():
    localizations, _ = parse(line())
    (noun,) = of(localizations, "a0n0").values()
    assert xs(noun) == [[0.2, 0.3], [0.4]]  # 100 to 200 ms, both ends included
    assert noun.hint.parts_ms == ((START + 100, START + 150), (START + 200,))
    assert (noun.object_name, noun.expression, noun.rule) == ("dog", "dog", "noun_trace")


def test_nouns_that_mean_the_actor_exclude_the_other_actors():
    caption = "A pack of dogs and a cat chase other dogs"
    spans = [[caption.index(word), caption.index(word) + len(word)] for word in ("pack", "dogs", "cat")]
    spans.append([caption.rindex("dogs"), len(caption)])
    pack = actor(
        actor_name="Pack of dogs", caption=caption, noun_segments=spans, time_alignment=spoken(caption, [0] * 10)
    )
    localizations, _ = parse(line(actor(), pack))
    groups = {one.object_id: one.group for one in localizations}
    assert groups == {
        "a0": "actors", "a0n0": "actors/a0", "a0n1": "",
        "a1": "actors", "a1n0": "actors/a1", "a1n1": "actors/a1", "a1n2": "", "a1n3": "",
    }  # fmt: skip


def test_a_noun_that_is_another_actors_name_excludes_all_but_that_one():
    caption = "A cat hits a dog and a dog"
    spans = [[2, 5], [13, 16], [23, 26]]
    cat = actor(actor_name="Cat", caption=caption, noun_segments=spans, time_alignment=spoken(caption, [0] * 8))
    localizations, _ = parse(line(actor(), cat, actor(actor_name="Bird", caption="A bird", noun_segments=[[2, 6]])))
    groups = {one.object_id: one.group for one in localizations}
    assert [groups[noun_id] for noun_id in ("a1n0", "a1n1", "a1n2", "a2n0")] == [
        "actors/a1", "actors/a0", "actors/a0", "actors/a2",
    ]  # fmt: skip
    shared, _ = parse(line(actor(), cat, actor()))
    assert {one.group for one in shared if one.object_id == "a1n1"} == {""}


def test_the_last_word_is_open_ended():
    localizations, _ = parse(line())
    (noun,) = of(localizations, "a0n1").values()
    assert (noun.frame_idx, xs(noun), noun.object_name) == (9, [[0.5]], "home")


def test_a_part_ends_where_another_word_is_spoken():
    traces = [[sample(100, 0.1), sample(250, 0.2), sample(150, 0.3)]]
    localizations, _ = parse(line(actor(traces=traces)))
    assert xs(of(localizations, "a0n0")[2]) == [[0.1], [0.3]]


def test_a_narrators_lead_moves_the_interval_of_a_noun():
    alignment = spoken("A dog runs home", [130, 230, 330, 430])
    localizations, _ = parse(line(actor(time_alignment=alignment)))  # the first point comes at 90 ms
    (noun,) = of(localizations, "a0n0").values()
    assert (noun.frame_idx, xs(noun)) == (2, [[0.4]])  # 190 to 290 ms


def test_a_noun_without_points_takes_its_actors_trace():
    localizations, rejects = parse(line(actor(time_alignment=[])))
    assert not rejects
    for noun_id in ("a0n0", "a0n1"):
        found = of(localizations, noun_id)
        assert [one.rule for one in found.values()] == ["noun_actor_fallback"] * 2
        assert xs(found[2]) == [[0.1, 0.2, 0.3], [0.4]]


def test_oops_names_count_from_0_and_ovis_names_from_1():
    oops, _ = parse(line(dataset_id="oops_train", keyframe_names=["000003", "000010"]))
    ovis, _ = parse(line())
    assert sorted(of(oops, "a0")) == [3, 10]
    assert sorted(of(ovis, "a0")) == [2, 9]


def test_actors_are_numbered_through_the_file():
    localizations, rejects = parse(line(actor(), actor()), line(actor(), annotator_id=8), line(video_id="other"))
    assert not rejects
    assert sorted({(one.video_id, one.object_id) for one in localizations if "n" not in one.object_id}) == [
        ("OVIS_train/abc", "a0"),
        ("OVIS_train/abc", "a1"),
        ("OVIS_train/abc", "a2"),
        ("OVIS_train/other", "a0"),
    ]


def test_the_background_is_skipped_with_its_nouns_once_a_narrative():
    localizations, rejects = parse(line(actor(actor_name="background"), actor()))
    assert {one.object_id for one in localizations} == {"a1", "a1n0", "a1n1"}
    assert [(reject.key, reject.error, reject.is_skip) for reject in rejects] == [
        ("OVIS_train/abc/a0", "background_narrative", True)
    ]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"traces": []}, "empty_trace"),
        ({"traces": [[], []]}, "empty_trace"),
        ({"traces": [[sample(0, float("nan"))]]}, "not_finite"),
        ({"traces": [[sample(0, float("inf"))]]}, "not_finite"),
        ({"traces": [[sample(0, 3.0), sample(9, -2.0)]]}, "outside_image"),
        ({"traces": [[sample(0, 0.5, kf_idx=2)]]}, "unknown_keyframe"),
        ({"traces": [[sample(0, 0.5, kf_idx=-1)]]}, "unknown_keyframe"),
        ({"traces": [7]}, "malformed"),
        ({"traces": None}, "malformed"),
        ({"traces": [[{"x": 0.5}]]}, "missing_field"),
        ({"caption": ""}, "malformed"),
        ({"time_alignment": [{}]}, "missing_field"),
    ],
)
def test_an_unusable_actor_is_rejected_with_its_nouns_and_spares_the_rest(changes, error):
    localizations, rejects = parse(line(actor(**changes), actor()))
    assert {one.object_id for one in localizations} == {"a1", "a1n0", "a1n1"}
    assert [(reject.key.rsplit("/", 1)[1], reject.error) for reject in rejects] == [
        ("a0", error),
        ("a0n0", error),
        ("a0n1", error),
    ]
    assert all(reject.stage == "ingest" and reject.detail for reject in rejects)


@pytest.mark.parametrize("span", [[2], [5, 2], [2, 99], [-1, 3], [1, 2], "dog"])
def test_a_noun_that_marks_no_text_is_rejected(span):
    localizations, rejects = parse(line(actor(noun_segments=[span, [2, 5]])))
    assert {one.object_id for one in localizations} == {"a0", "a0n1"}
    assert [(reject.key, reject.error) for reject in rejects] == [("OVIS_train/abc/a0n0", "bad_noun_span")]


def test_points_slightly_outside_are_put_on_the_edge_and_far_ones_cut_the_trace():
    traces = [[sample(0, 1.04, -0.03), sample(1, 0.5), sample(2, 1.5), sample(3, 0.6)]]
    localizations, _ = parse(line(actor(traces=traces)))
    assert of(localizations, "a0")[2].hint.parts_norm == (((1.0, 0.0), (0.5, 0.5)), ((0.6, 0.5),))


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ("{nonsense", "not_json"),
        ("[1]", "malformed"),
        ("{}", "missing_field"),
        (line(keyframe_names="x"), "malformed"),
        (line(actor_narratives={}), "malformed"),
        ('{"a": 1, "a": 2}', "duplicate_key"),
    ],
)
def test_a_bad_line_is_rejected_by_its_number_and_spares_the_others(bad, error):
    localizations, (reject,) = parse("", bad, line())
    assert len(localizations) == 4
    assert (reject.key, reject.error) == ("a.jsonl:2", error)


def test_a_keyframe_name_without_a_number_rejects_the_actor():
    _, rejects = parse(line(keyframe_names=["first", "second"]))
    assert {reject.error for reject in rejects} == {"bad_frame"}


def test_a_repeated_line_is_rejected():
    localizations, (reject,) = parse(line(), line())
    assert len(localizations) == 4
    assert (reject.key, reject.error, reject.detail) == ("a.jsonl:2", "duplicate_entry", "line 2 repeats line 1")


def test_real_narratives_give_every_actor_and_noun_an_object_but_those_of_the_background(shared_data):
    path = shared_data / "vidln/vidln_sample.jsonl"
    parsed = vidln.parse(path.read_text(), str(path))
    found = {(one.video_id, one.object_id) for one in parsed.localizations}
    rejected = {tuple(reject.key.rsplit("/", 1)) for reject in parsed.rejects}
    expected = set()
    for narrative in map(json.loads, path.read_text().splitlines()):
        video_id = f"{narrative['dataset_id']}/{narrative['video_id']}"
        for i, raw in enumerate(narrative["actor_narratives"]):
            nouns = range(0 if raw["actor_name"] == "background" else len(raw["noun_segments"]))
            expected |= {(video_id, f"a{i}")} | {(video_id, f"a{i}n{k}") for k in nouns}
    assert all(reject.is_skip for reject in parsed.rejects)
    assert len(parsed.rejects) == 3
    assert found | rejected == expected
    assert not found & rejected
    assert Counter(one.rule for one in parsed.localizations) == {
        "noun_trace": 53,
        "actor_trace": 20,
        "noun_spoken_trace": 1,
    }


@pytest.mark.parametrize(
    ("video", "object_id", "keyframe", "first_ms", "last_ms"),
    [
        ("5d24e4ea", "a0", 5, 2772, 4605),  # the first of four strokes: the others name the other tiger, too
        ("5d24e4ea", "a0n2", 5, 20692, 21784),  # "the other tiger", from the lead before the word on
        ("Slo Mo Symphony _ A Classical Tribute to Slo Mo Fails24", "a0", 8, 9076, 9588),
        ("71217dfc", "a0n2", 0, 52710, 53347),  # "the river"; what was drawn before "land" is left out
    ],
)
def test_real_strokes_go_to_what_they_name(shared_data, video, object_id, keyframe, first_ms, last_ms):
    path = shared_data / "vidln/vidln_sample.jsonl"
    narrative = next(one for one in map(json.loads, path.read_text().splitlines()) if one["video_id"] == video)
    start = narrative["actor_narratives"][0]["recording_start_time_ms_since_epoch"]
    expected = {
        p["time_ms_since_epoch"]
        for trace in narrative["actor_narratives"][0]["traces"]
        for p in trace
        if p["kf_idx"] == keyframe and first_ms <= p["time_ms_since_epoch"] - start <= last_ms
    }
    (found,) = [
        one
        for one in vidln.parse(path.read_text(), str(path)).localizations
        if one.video_id.endswith(f"/{video}")
        and one.object_id == object_id
        and expected & {t for part in one.hint.parts_ms for t in part}
    ]
    assert {t for part in found.hint.parts_ms for t in part} == expected


def test_real_parts_run_forward_in_time(shared_data):
    path = shared_data / "vidln/vidln_sample.jsonl"
    for one in vidln.parse(path.read_text(), str(path)).localizations:
        assert isinstance(one.hint, Trace)
        assert all(a <= b for part in one.hint.parts_ms for a, b in pairwise(part))


def test_a_noun_keeps_its_place_in_the_caption_without_the_blanks_around_both():
    caption = "  A dog runs "
    localizations, _ = parse(line(actor(caption=caption, noun_segments=[[4, 8]])))
    noun, whole = (next(iter(of(localizations, name).values())) for name in ("a0n0", "a0"))
    assert (noun.noun_span, whole.noun_span) == ((2, 5), None)
    assert whole.expression[slice(*noun.noun_span)] == noun.expression == "dog"
    assert noun.to_row()["noun_span"] == (2, 5)

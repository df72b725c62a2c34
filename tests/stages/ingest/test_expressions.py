"""Expressions of Ref-YouTube-VOS, of Video Narrative Grounding, and one a line."""

from __future__ import annotations

import json

import pytest

from schemas.localizations import Expression, Localization
from stages.ingest.detection import detect_format
from stages.ingest.expressions import parse_lines
from stages.ingest.registry import read_localizations

META = {
    "videos": {
        "0062f687f1": {
            "expressions": {
                "0": {"exp": "the  black swan ", "obj_id": "1"},
                "1": {"exp": "a duckling", "obj_id": "2"},
                "2": {"exp": "a bird in front", "obj_id": "1"},
                "3": {"exp": "a bird in front", "obj_id": "1"},
            },
            "frames": ["00000", "00005"],
        }
    }
}
NARRATED = {
    "videos": {
        "v": {
            "frames": ["00000"],
            "actor_narratives": [{"actor_idx": "1", "actor_name": "dog", "description": "The brown dog jumps."}],
            "expressions": {
                "0": {
                    "narrative_actor_idx": "1",
                    "noun_phrase_start_idx": 4,
                    "noun_phrase_end_idx": 13,
                    "obj_id": "7",
                },
                "1": {"narrative_actor_idx": "1", "noun_phrase_start_idx": 4, "noun_phrase_end_idx": 99, "obj_id": "8"},
                "2": {"narrative_actor_idx": "5", "noun_phrase_start_idx": 0, "noun_phrase_end_idx": 3, "obj_id": "9"},
            },
        }
    }
}


@pytest.fixture
def written(tmp_path):
    def write(content, name="meta_expressions.json"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def test_all_expressions_of_an_object_become_one_localization(written):
    path = written(META)
    localizations, rejects = read_localizations(path)
    assert not rejects
    swan = Expression(("the black swan", "a bird in front"), anywhere=True)
    duckling = Expression(("a duckling",), anywhere=True)
    assert localizations == [
        Localization(
            "0062f687f1", "1", 0, swan, "", "the black swan; a bird in front", "objects", "expression", str(path)
        ),
        Localization("0062f687f1", "2", 0, duckling, "", "a duckling", "objects", "expression", str(path)),
    ]


def test_an_expression_without_an_object_is_an_object_of_its_own(written):
    localizations, _ = read_localizations(written({"videos": {"v": {"expressions": {"4": {"exp": "a dog"}}}}}))
    assert [one.object_id for one in localizations] == ["4"]


def test_noun_phrases_of_narratives_are_expressions_and_wrong_spans_are_named(written):
    localizations, rejects = read_localizations(written(NARRATED))
    assert [(one.object_id, one.hint) for one in localizations] == [("7", Expression(("brown dog",)))]
    assert [(r.key, r.error) for r in rejects] == [("v/1", "bad_span"), ("v/2", "unknown_narrative")]


def test_lines_may_name_the_frame_to_look_on(written):
    lines = [
        {"video": "a", "object": 1, "expression": "the car"},
        {"video": "a", "object": 1, "expression": "a red car"},
        {"video": "b", "object": "2", "expression": "a dog", "frame": 12},
        {"video": "b", "object": "3", "expression": "a cat", "frame": "00003.jpg"},
    ]
    localizations, rejects = read_localizations(written("\n".join(map(json.dumps, lines)) + "\n", "x.jsonl"))
    assert not rejects
    assert [(one.video_id, one.object_id, one.frame_idx, one.hint) for one in localizations] == [
        ("a", "1", 0, Expression(("the car", "a red car"), anywhere=True)),
        ("b", "2", 12, Expression(("a dog",), anywhere=False)),
        ("b", "3", 3, Expression(("a cat",), anywhere=False)),
    ]


def test_a_bad_line_is_named_and_spares_the_others(written):
    lines = [
        '{"video": "a", "object": 1, "expression": "the car"}',
        '{"video": "a", "object": 2, "expression": "  "}',
        '{"video": "a", "object": 3}',
        '{"video": "a", "object": 4, "expression": "a dog", "frame": -1}',
        "nonsense",
    ]
    localizations, rejects = read_localizations(written("\n".join(lines), "x.jsonl"))
    assert len(localizations) == 1
    assert [(r.key, r.error) for r in rejects] == [
        ("line 2", "no_words"),
        ("line 3", "missing_field"),
        ("line 4", "bad_frame"),
        ("line 5", "not_json"),
    ]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (META, "meta.json"),
        (NARRATED, "other.json"),
        ('{"video": "a", "object": 1, "expression": "the car"}', "one.json"),
        ('{"video": "a", "object": 1, "expression": "the car"}\n' * 2, "two.txt"),
    ],
)
def test_the_format_is_told_by_the_content(written, content, name):
    path = written(content, name)
    assert detect_format(path) == "expressions"
    assert read_localizations(path)[0]


def test_a_row_of_an_expression_holds_words_and_no_place():
    one = Localization("v", "1", 0, Expression(("a dog",)), expression="a dog")
    row = one.to_row()
    assert (row["kind"], row["expression"], row["x"], row["label"]) == ("expression", "a dog", [], [])
    with pytest.raises(ValueError, match="no words"):
        Expression((" ",))


def test_all_instances_are_asked_for_by_a_line_of_its_own_and_not_on_one_frame():
    lines = [
        '{"video": "v", "object": "dog", "expression": "a dog", "all": true}',
        '{"video": "v", "object": "dog", "expression": "a puppy", "all": true}',
        '{"video": "v", "object": "cat", "expression": "a cat", "all": true, "frame": 3}',
        '{"video": "v", "object": "hen", "expression": "a hen", "all": "yes"}',
    ]
    parsed = parse_lines("\n".join(lines), "x.jsonl")
    assert [(one.object_id, one.hint) for one in parsed.localizations] == [
        ("dog", Expression(("a dog", "a puppy"), every=True))
    ]
    assert [reject.detail for reject in parsed.rejects] == [
        "all instances are searched for in the whole video; leave out the frame",
        "all is 'yes'; expected true or false",
    ]

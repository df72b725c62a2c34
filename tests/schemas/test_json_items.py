from __future__ import annotations

import io
import json

import pytest

from schemas.json_items import JsonItems


class Dripping(io.StringIO):
    """Gives three characters at a time, so that every value is cut somewhere."""

    def read(self, size=-1):
        return super().read(3)


DOCUMENT = {"a": [1, 2.5, {"b": [None, "x\n€"]}, -12345678901], "c": {"d": [[]]}, "e": [], "f": "g", "h": 17, "": []}


@pytest.mark.parametrize("kind", [io.StringIO, Dripping])
@pytest.mark.parametrize("indent", [None, 1])
def test_items_come_one_by_one_wherever_the_text_is_cut(kind, indent):
    wanted = [(k, v) for k, value in DOCUMENT.items() for v in (value if isinstance(value, list) else [value])]
    assert list(JsonItems(kind(json.dumps(DOCUMENT, indent=indent)))) == wanted
    assert list(JsonItems(kind(json.dumps(DOCUMENT["a"], indent=indent)))) == [("", v) for v in DOCUMENT["a"]]
    assert list(JsonItems(kind(" {} "))) == list(JsonItems(kind("[\n]"))) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "line 1 is not JSON: the document begins with ''"),
        ("17", "begins with '1'"),
        ('{"a": 1\n"b": 2}', "line 2 is not JSON: expected ',', found '\"'"),
        ('{"a": [1, 2', "expected ',', found ''"),
        ('{"a": \n\n[1, nope]}', "line 3 is not JSON: Expecting value"),
        ("{1: 2}", "key 1 is not text"),
        ("[] []", "'[' follows the end"),
        ("[" + "[" * 5000, "is not JSON"),
    ],
)
def test_what_is_no_json_is_named_with_its_line(text, sentence):
    with pytest.raises(ValueError, match="is not JSON") as refused:
        list(JsonItems(Dripping(text)))
    assert sentence in str(refused.value)


def test_the_line_of_an_item_is_known():
    items = JsonItems(Dripping('{"a": [\n 1,\n\n 2],\n "b": 3}'))
    assert [(key, value, items.line) for key, value in items] == [("a", 1, 2), ("a", 2, 4), ("b", 3, 5)]

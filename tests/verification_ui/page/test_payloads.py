from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from label_studio_sdk.label_interface import LabelInterface

from schemas.coords import percent_to_pixel
from schemas.reviews import DESIGNS
from verification_ui.page.asked_objects import AskedObject
from verification_ui.page.hotkeys import ANSWER_KEYS, CANDIDATE_KEYS, FLAG_KEYS, LOOK_KEYS
from verification_ui.page.label_config import guidelines, label_config
from verification_ui.page.media_paths import media_names
from verification_ui.page.payloads import Payload, Question, payload
from verification_ui.page.tasks import build_tasks

ASKED = AskedObject("dog", "the dog <b>on</b> the left", (0,))


def made(run: Any, design: str) -> tuple[Question, Payload]:
    task = build_tasks(run.candidates.values(), design)[0]
    points = [run.candidates[i] for i in task.candidate_ids]
    question = Question(task, points, ASKED, media_names(task, ASKED), 120, 200)
    return question, payload(question)


@pytest.mark.parametrize("design", DESIGNS)
def test_the_label_config_is_valid_and_finds_all_its_data(tiny_run: Any, design: str) -> None:
    interface = LabelInterface(label_config(design))
    interface.validate()
    _, given = made(tiny_run, design)
    assert interface.validate_task({"data": given.body["data"]}) is True
    assert json.loads(json.dumps(given.body)) == given.body


@pytest.mark.parametrize("design", DESIGNS)
def test_style_sheets_hold_nothing_that_label_studio_escapes(design: str) -> None:
    config = label_config(design)
    style = config[config.index("<Style>") + 7 : config.index("</Style>")]
    assert not set(style) & set("<>&")


def test_pre_placed_points_pass_the_servers_strict_validation(tiny_run: Any) -> None:
    question, given = made(tiny_run, "frame")
    interface = LabelInterface(label_config("frame"))
    for prediction in given.body["predictions"]:
        assert interface.validate_prediction(prediction, return_errors=True) == []
    regions = given.body["predictions"][0]["result"]
    back = [
        percent_to_pixel([[r["value"]["x"], r["value"]["y"]]], r["original_width"], r["original_height"]).tolist()[0]
        for r in regions
    ]
    assert back == [[c.x, c.y] for c in question.candidates]
    assert [r["id"] for r in regions] == list(question.task.candidate_ids)
    assert {r["value"]["keypointlabels"][0] for r in regions[:6]} == {"on_object"}
    assert {r["value"]["keypointlabels"][0] for r in regions[6:]} == {"off_object"}


def test_every_tile_has_its_candidate_its_key_and_both_claims(tiny_run: Any) -> None:
    question, given = made(tiny_run, "contact_sheet")
    tiles, doubts = given.body["data"]["points"], given.body["data"]["unsure"]
    assert [t["value"] for t in tiles] == [d["value"] for d in doubts] == list(question.task.candidate_ids)
    assert [t["hotkey"] for t in tiles] == list(CANDIDATE_KEYS[:12])
    assert [d["hotkey"] for d in doubts] == [f"shift+{key}" for key in CANDIDATE_KEYS[:12]]
    assert ["pv-is pv-on" in t["html"] for t in tiles] == [c.is_fg_candidate for c in question.candidates]
    assert [i for i, t in enumerate(tiles) if "pv-row" in t["html"]] == [6]  # the first background candidate


def test_names_from_outside_cannot_become_markup(tiny_run: Any) -> None:
    tags: list[str] = []

    class Collector(HTMLParser):
        def handle_starttag(self, tag: str, attrs: Any) -> None:
            tags.append(tag)

    _, given = made(tiny_run, "contact_sheet")
    Collector().feed(given.body["data"]["question"])
    assert tags == ["div", "span", "b", "span", "span", "style"]
    assert "the dog &lt;b&gt;on&lt;/b&gt; the left" in given.body["data"]["question"]


def test_a_candidate_id_that_label_studio_would_cut_is_refused(tiny_run: Any) -> None:
    question, _ = made(tiny_run, "frame")
    object.__setattr__(question.candidates[0], "candidate_id", "a#1")
    with pytest.raises(ValueError, match="'a#1' holds '#'"):
        payload(question)


@pytest.mark.parametrize(
    ("design", "keys"),
    [
        ("contact_sheet", {**FLAG_KEYS, **LOOK_KEYS}),
        ("frame", {**ANSWER_KEYS, **FLAG_KEYS, **LOOK_KEYS}),
        ("single", {**ANSWER_KEYS, **LOOK_KEYS}),
    ],
)
def test_the_keys_are_those_of_the_label_config_and_of_the_guidelines(design: str, keys: dict[str, str]) -> None:
    for choice, key in keys.items():
        assert f'value="{choice}" hotkey="{key}"' in label_config(design)
        assert f"<b>{key.upper()}</b>" in guidelines(design)
    assert len(set(keys.values())) == len(keys)
    assert not set(CANDIDATE_KEYS) & set({**FLAG_KEYS, **LOOK_KEYS}.values())


def test_a_blind_question_says_nothing_of_what_its_candidate_claims(tiny_run: Any) -> None:
    question, given = made(tiny_run, "single")
    (candidate,) = question.candidates
    turned = replace(question, candidates=[replace(candidate, is_fg_candidate=not candidate.is_fg_candidate)])
    assert payload(turned) == given
    assert "predictions" not in given.body


def test_a_task_without_a_clip_says_so(tiny_run: Any) -> None:
    question, given = made(tiny_run, "contact_sheet")
    assert "No clip: the video could not be read" in given.body["data"]["clip"]
    with_clip = payload(replace(question, has_clip=True)).body["data"]["clip"]
    assert f'<video src="/data/local-files/?d={question.names.clip}" autoplay muted loop' in with_clip


@pytest.mark.parametrize("read", [label_config, guidelines])
def test_an_unknown_design_is_refused(read: Any) -> None:
    with pytest.raises(ValueError, match="unknown review design 'cards'; known: contact_sheet, frame, single"):
        read("cards")

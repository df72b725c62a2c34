"""Which ImageNet classes an expression means."""

from __future__ import annotations

import pytest
from torchvision.models import EfficientNet_B0_Weights

from stages.backends.embedded.classes import ClassWords

NAMES = EfficientNet_B0_Weights.DEFAULT.meta["categories"]


@pytest.fixture(scope="module")
def words() -> ClassWords:
    return ClassWords(NAMES)


def meant(words: ClassWords, *expressions: str) -> tuple[str, list[str]]:
    sense = words.sense(expressions)
    return sense.noun, [NAMES[number] for number in sense.classes]


@pytest.mark.parametrize(
    ("expression", "noun", "classes"),
    [
        ("the black swan", "black swan", ["black swan"]),
        ("white swans swimming", "swan", ["black swan"]),
        ("a horse jumping over a fence", "horse", ["sorrel"]),
        ("jumping horse", "horse", ["sorrel"]),
        ("the yellow school bus parked at the kerb", "school bus", ["school bus"]),
        ("a pair of sunglasses on a table", "sunglass", ["sunglass", "sunglasses"]),
        ("The owl's", "owl", ["great grey owl"]),
        ("a polar bear", "polar bear", ["ice bear"]),
        ("bears", "bear", ["brown bear", "American black bear", "ice bear", "sloth bear"]),
        ("there is a plane taking off", "plane", ["airliner", "warplane"]),
        ("crane", "crane", ["crane"]),
        ("the mountain bike on the left", "mountain bike", ["mountain bike"]),
    ],
)
def test_the_head_noun_is_what_is_meant(words, expression, noun, classes):
    assert meant(words, expression) == (noun, classes)


def test_a_dog_is_any_of_118_breeds_and_no_wolf(words):
    noun, classes = meant(words, "a small brown dog running to the left")
    assert (noun, len(classes), classes[0], classes[-1]) == ("dog", 118, "Chihuahua", "Mexican hairless")
    assert meant(words, "two puppies playing")[1] == classes


@pytest.mark.parametrize(
    "expression",
    ["a person riding a bike", "a break dancer", "dog owner", "the man jumps over a horse", "children on a bus"],
)
def test_people_have_no_class(words, expression):
    sense = words.sense([expression])
    assert sense.classes == ()
    assert sense.near == ("ballplayer", "groom", "scuba diver")


def test_a_part_of_a_thing_is_not_the_thing(words):
    assert meant(words, "horse tail") == ("tail", [])
    assert meant(words, "the dog's nose") == ("nose", [])


def test_a_slip_of_the_pen_is_answered_with_what_is_near(words):
    assert "flamingo" in words.sense(["a pink flamngo"]).near


def test_of_several_expressions_the_majority_counts(words):
    assert meant(words, "the animal", "a cat on the sofa", "a cat")[0] == "cat"
    assert meant(words, "a man riding a horse", "the rider", "the rider in white", "a horse")[1] == []


def test_words_without_a_noun_mean_nothing(words):
    assert meant(words, "on the left") == ("", [])


def test_every_word_of_the_table_has_classes(words):
    assert all(words._known.values())
    assert {len(words.sense([word]).classes) for word in ("fish", "bird", "insect")} == {16, 59, 27}

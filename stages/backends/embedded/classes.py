"""Which classes of a classifier an expression means."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from stages.backends.embedded.nouns import noun_phrase, singular

Phrase = tuple[str, ...]
_WORDS_FILE = Path(__file__).with_name("words.json")
_ENDINGS = ("ing", "ed")
"""How a verb ends that follows the noun: "the car parked at the kerb"."""


@dataclass(frozen=True, slots=True)
class Sense:
    """What a noun means.

    Attributes:
        noun: as the expression has it, in the singular.
        classes: class numbers, ascending; none for a noun that no class fits.
        near: names of the classes that come nearest where none fits.
    """

    noun: str
    classes: tuple[int, ...]
    near: tuple[str, ...] = ()


class ClassWords:
    """The class names of ImageNet-1k and the everyday words for groups of them.

    A noun means, in this order: nothing, when it names people (no class does); the classes that ``words.json`` groups
    under it; the class of that name; all classes whose names end with it ("bear": brown bear, sloth bear ...).
    """

    def __init__(self, names: Sequence[str]) -> None:
        words: Mapping[str, Any] = json.loads(_WORDS_FILE.read_text(encoding="utf-8"))
        self.names = tuple(names)
        self._plural: Mapping[str, str] = words["plural"]
        self._stops, self._measures = frozenset(words["stops"]), frozenset(words["measures"])
        self._nothing = {(word,): tuple(words["near_people"]) for word in words["people"]}
        self._nothing |= {(word,): tuple(near) for word, near in words["near"].items()}
        known = _by_name(names, self._phrase)
        known |= {(word,): self._numbers(members) for word, members in words["groups"].items()}
        known |= {self._phrase(word): known[self._phrase(same)] for word, same in words["same"].items()}
        self._known: dict[Phrase, tuple[int, ...]] = known

    def sense(self, expressions: Iterable[str]) -> Sense:
        """What several expressions of one object mean: the sense that most of them share, the first of equals."""
        senses = [self._sense(noun_phrase(text, self._stops, self._measures)) for text in expressions]
        named = [sense for sense in senses if sense.classes or sense.near] or senses
        return max(Counter(named).items(), key=lambda item: item[1])[0]

    def _sense(self, words: Sequence[str]) -> Sense:
        phrase = tuple(singular(word, self._plural) for word in words)
        end = self._end(words, phrase)
        head = phrase[max(end - 1, 0) : end]
        if head in self._nothing:
            return Sense(head[0], (), self._nothing[head])
        for start in range(end):
            if classes := self._known.get(phrase[start:end]):
                return Sense(" ".join(phrase[start:end]), classes)
        noun = head[0] if head else ""
        return Sense(noun, (), tuple(get_close_matches(noun, map(" ".join, self._known), n=2, cutoff=0.8)))

    def _end(self, words: Sequence[str], phrase: Phrase) -> int:
        """Where the noun ends: behind the last word, or behind the first noun that a verb follows."""
        for end in range(1, len(phrase)):
            if words[end].endswith(_ENDINGS) and self._is_noun(phrase[:end]) and not self._is_noun(phrase[: end + 1]):
                return end
        return len(phrase)

    def _is_noun(self, phrase: Phrase) -> bool:
        return phrase[-1:] in self._nothing or any(phrase[start:] in self._known for start in range(len(phrase)))

    def _phrase(self, name: str) -> Phrase:
        return tuple(singular(word, self._plural) for word in name.lower().replace("'s", "").split())

    def _numbers(self, members: Sequence[str]) -> tuple[int, ...]:
        """Class numbers of names and of ranges ``first..last``."""
        numbers: list[int] = []
        for member in members:
            first, _, last = member.partition("..")
            numbers += range(self.names.index(first), self.names.index(last or first) + 1)
        return tuple(sorted(numbers))


def _by_name(names: Sequence[str], phrase: Any) -> dict[Phrase, tuple[int, ...]]:
    """Classes by their whole names and, where no name is just that word, by the last word of their names."""
    whole: dict[Phrase, list[int]] = defaultdict(list)
    endings: dict[Phrase, list[int]] = defaultdict(list)
    for number, name in enumerate(names):
        whole[phrase(name)].append(number)
        endings[phrase(name)[-1:]].append(number)
    return {key: tuple(numbers) for key, numbers in {**endings, **whole}.items()}

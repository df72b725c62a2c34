"""The words of an expression that may name the object.

An expression begins with its noun phrase ("the small brown dog | on the left", "a horse | jumping over a fence");
what follows the first preposition, verb or relative pronoun names other things.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping

_OWNER = re.compile(r"['’]s\b")
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*|\d+")


def singular(word: str, irregular: Mapping[str, str]) -> str:
    """The singular of a lower-case English noun, by rule.

    >>> [singular(word, {"wolves": "wolf"}) for word in ("dogs", "foxes", "ponies", "wolves", "bus", "glass")]
    ['dog', 'fox', 'pony', 'wolf', 'bus', 'glass']
    """
    if word in irregular:
        return irregular[word]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def noun_phrase(expression: str, stops: Container[str], measures: Container[str]) -> tuple[str, ...]:
    """The first run of words between stop words, in lower case; ``a pair of`` and its like are passed over.

    >>> noun_phrase("The small brown dog on the left", {"the", "on", "left"}, ())
    ('small', 'brown', 'dog')
    >>> noun_phrase("a flock of birds", {"a", "of"}, {"flock"})
    ('birds',)
    """
    run: list[str] = []
    for word in _WORD.findall(_OWNER.sub("", expression.lower())):
        if word not in stops:
            run.append(word)
        elif word == "of" and run and run[-1] in measures:
            run.clear()
        elif run:
            break
    return tuple(run)

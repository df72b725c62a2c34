"""Large JSON documents, an item at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TextIO

_PIECE = 1 << 16
_OF_NUMBERS, _LONGEST = "0123456789.eE+-", 8
_SPACE = " \t\r\n"
_DECODER = json.JSONDecoder()


class JsonItems:
    """Iterate once over the items of a document: (key, value) of an object, ("", value) of a list.

    A list that is the value of a key comes element by element, as (key, element); everything else comes whole, one item
    in memory at a time.

    Attributes:
        line: of the item that was read last, from 1.
    """

    def __init__(self, file: TextIO) -> None:
        self._file, self._text, self._at, self._is_end = file, "", 0, False
        self._lines_before = 0
        self.line = 1

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Read the document.

        Raises:
            ValueError: it is not JSON, or neither an object nor a list; the message tells the line.
        """
        opening = self._peek()
        if opening == "[":
            yield from (("", value) for value in self._list())
        elif opening == "{":
            yield from self._object()
        else:
            raise self._problem(f"the document begins with {opening!r}; expected an object or a list")
        if extra := self._peek():
            raise self._problem(f"{extra!r} follows the end of the document")

    def _object(self) -> Iterator[tuple[str, Any]]:
        for _ in self._separated("}"):
            key = self._value()
            if not isinstance(key, str):
                raise self._problem(f"key {key!r} is not text")
            self._take(":")
            if self._peek() == "[":
                yield from ((key, value) for value in self._list())
            else:
                yield key, self._value()

    def _list(self) -> Iterator[Any]:
        for _ in self._separated("]"):
            yield self._value()

    def _separated(self, closing: str) -> Iterator[None]:
        """Stop before each item of a list or an object; whoever iterates reads it."""
        self._at += 1
        if self._peek() == closing:
            self._at += 1
            return
        while True:
            yield
            if self._peek() == closing:
                self._at += 1
                return
            self._take(",")

    def _take(self, expected: str) -> None:
        if (found := self._peek()) != expected:
            raise self._problem(f"expected {expected!r}, found {found!r}")
        self._at += 1

    def _peek(self) -> str:
        """The next character that is not a space, not taken; empty at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text) or not self._more():
                self.line = self._lines_before + self._text.count("\n", 0, self._at) + 1
                return self._text[self._at : self._at + 1]

    def _value(self) -> Any:
        self._peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as problem:
                if not self._more():
                    raise self._problem(str(getattr(problem, "msg", problem))) from None
                continue
            if not self._text[end : end + _LONGEST].strip(_OF_NUMBERS) and self._more():  # a number may go on
                continue
            self._at = end
            return value

    def _more(self) -> bool:
        """Read on, twice as much as is held, so that a large value costs no more than its length."""
        if self._is_end:
            return False
        rest = self._text[self._at :]
        piece = self._file.read(max(_PIECE, len(rest)))
        self._lines_before += self._text.count("\n", 0, self._at)
        self._text, self._at, self._is_end = rest + piece, 0, not piece
        return bool(piece)

    def _problem(self, why: str) -> ValueError:
        return ValueError(f"line {self.line} is not JSON: {why}")

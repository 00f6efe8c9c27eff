"""Where each key of a TOML text stands: tomllib reads values, and says of no key in which line it was."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str | int, ...]
"""Keys, and the numbers of an array's items, from the document down."""
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_STRING = re.compile(
    r'"""(?:\\[\s\S]|[^\\])*?"""(?:"{0,2})' + r"|'''[\s\S]*?'''(?:'{0,2})" + r'|"(?:\\.|[^"\\\n])*"' + r"|'[^'\n]*'"
)
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]+")


def places(text: str, document: Mapping[str, Any]) -> dict[Path, int]:
    """Returns path -> line, from 1, of each key and item of the document that tomllib made of the text.

    Nothing where what is found is not exactly what the document holds: a wrong number would be worse than none.
    """
    try:
        found = _Scan(text).found
    except (AttributeError, IndexError, RecursionError):
        return {}
    if found.keys() != set(_paths(document)):
        return {}
    ends = [end.start() for end in re.finditer("\n", text)]
    return {path: bisect_left(ends, at) + 1 for path, at in found.items()}


def _paths(value: object, path: Path = ()) -> Iterator[Path]:
    if isinstance(value, Mapping | list):
        for key, one in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield (*path, key)
            yield from _paths(one, (*path, key))


class _Scan:
    """Walks a text that is known to be TOML, and notes at which character each key and item begins."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._tables: dict[Path, int] = {}
        self.found: dict[Path, int] = {}
        table: Path = ()
        while self._skip(_BLANK) < len(text):
            if text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _skip(self, pattern: re.Pattern[str]) -> int:
        """Goes over what the pattern matches, which is there, and returns where that ends."""
        match = pattern.match(self._text, self._at)
        assert match is not None
        self._at = match.end()
        return self._at

    def _take(self, pattern: re.Pattern[str]) -> str:
        start = self._at
        return self._text[start : self._skip(pattern)]

    def _header(self) -> Path:
        """Reads `[a.b]` or `[[a.b]]`, of which each holds one table more, and returns the table it begins."""
        start = self._at
        many = self._text.startswith("[[", start)
        self._at += 1 + many
        path: Path = ()
        keys = self._key()
        self._at += 1 + many
        for depth, key in enumerate(keys, 1):
            path = (*path, key)
            self.found.setdefault(path, start)
            if many and depth == len(keys):
                self._tables[path] = self._tables.get(path, 0) + 1
            if path in self._tables:
                path = (*path, self._tables[path] - 1)
                self.found.setdefault(path, start)
        return path

    def _key(self) -> list[str]:
        """Reads a dotted key, and the space around it."""
        keys = []
        while True:
            self._skip(_SPACE)
            quoted = self._text[self._at] in "\"'"
            word = self._take(_STRING if quoted else _BARE)
            keys.append(tomllib.loads(f"key = {word}")["key"] if quoted else word)
            self._skip(_SPACE)
            if self._text[self._at] != ".":
                return keys
            self._at += 1

    def _pair(self, table: Path) -> None:
        start, path = self._at, table
        for key in self._key():
            path = (*path, key)
            self.found.setdefault(path, start)
        self._at += 1
        self._value(path)

    def _value(self, path: Path) -> None:
        self._skip(_BLANK)
        first = self._text[self._at]
        if first == "[":
            self._items(path)
        elif first == "{":
            self._inline(path)
        else:
            self._skip(_STRING if first in "\"'" else _SCALAR)

    def _items(self, path: Path) -> None:
        self._at += 1
        number = 0
        while self._text[self._skip(_BLANK)] != "]":
            self.found[(*path, number)] = self._at
            self._value((*path, number))
            number += 1
            self._comma()
        self._at += 1

    def _inline(self, table: Path) -> None:
        self._at += 1
        while self._text[self._skip(_BLANK)] != "}":
            self._pair(table)
            self._comma()
        self._at += 1

    def _comma(self) -> None:
        self._at = self._skip(_BLANK) + (self._text[self._at] == ",")

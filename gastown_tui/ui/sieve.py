"""Which lines of a log a person wants: a small language, and an index that is made a slice at a time. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence

from gastown_tui.town.lines import Line
from gastown_tui.town.log import Test, of_level

SHOWN_CHARACTERS = 4096
HINT = "words · level:warn comp:handoff session:gt-x · level:broken"
_LEVELS = ("", "warn", "error", "broken")
_LEVEL = "level:"


def condition(query: str) -> Test | None:
    """Returns what a line must pass: every `level:`, `comp:` and `session:`, and every other word in its text; None for all."""
    named, words = list[Test](), list[str]()
    for word in query.split():
        name, _, value = word.partition(":")
        make = _TESTS.get(name.casefold())
        if make and value:
            named.append(make(value))
        else:
            words.append(word.casefold())
    if words:
        named.append(lambda line: _says(line, words))
    return named[0] if len(named) == 1 else (lambda line: all(test(line) for test in named)) if named else None


def next_level(query: str) -> str:
    """Returns the query with the next level: warnings and above, errors and above, what was not as it should be, all."""
    words = query.split()
    now = next((word.casefold().removeprefix(_LEVEL) for word in words if word.casefold().startswith(_LEVEL)), "")
    after = _LEVELS[(_LEVELS.index(now) + 1) % len(_LEVELS)] if now in _LEVELS else ""
    kept = [word for word in words if not word.casefold().startswith(_LEVEL)]
    return " ".join([*([_LEVEL + after] if after else []), *kept])


def for_session(session: str) -> str:
    """Returns the query for the lines that name a session."""
    return f"session:{session}"


def _text(line: Line) -> str:
    text = line.message or line.raw or ""
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS]


def _says(line: Line, words: Sequence[str]) -> bool:
    return all(map(_text(line).casefold().__contains__, words))


def _component(value: str) -> Test:
    value = value.casefold()
    return lambda line: value in (line.component or "").casefold()


def _session(value: str) -> Test:
    """Returns the test for a session's whole name: `gt-x` is not in `gt-x-2`."""
    whole = re.compile(rf"(?<![\w-]){re.escape(value)}(?![\w-])").search
    return lambda line: value in (text := _text(line)) and whole(text) is not None


_TESTS: dict[str, Callable[[str], Test]] = {"level": of_level, "comp": _component, "component": _component, "session": _session}


class Sieve:
    """The numbers of the lines that pass a query. A line's number stays its own while older lines come and go.

    Lines that belong to the event above pass with it.
    """

    def __init__(self, query: str = "") -> None:
        self.query = query
        self.examined = 0
        self._passes = condition(query)
        self._found: list[int] = []
        self._first = self._end = self._low = self._high = 0
        self._begun = False

    @property
    def shown(self) -> Sequence[int]:
        """The numbers found so far, ascending."""
        return self._found if self._passes else range(self._first, self._end)

    @property
    def whole(self) -> bool:
        """Whether every line was looked at."""
        return self._passes is None or (self._begun and self._low <= self._first and self._high >= self._end)

    def take(self, lines: Sequence[Line], first: int, end: int, most: int) -> bool:
        """Looks at up to `most` lines not looked at yet, new ones before old ones, and returns whether that was all.

        `first` is the number of `lines[0]`; those from the number `end` on are left out.
        """
        self._first, self._end = first, end
        if self._passes:
            self._forget()
            ahead = min(self._end, self._high + most)
            self._found += self._passing(lines, self._high, ahead)
            most, self._high = most - (ahead - self._high), ahead
            back = self._event(lines, max(first, self._low - most)) if most else self._low
            self._found[:0] = self._passing(lines, back, self._low)
            self._low = back
        return self.whole

    def _forget(self) -> None:
        """Drops what is no longer there; where nothing that was looked at still is, begins anew at the end."""
        if not self._begun or not self._first <= self._high <= self._end:
            self._begun, self._found, self._low, self._high = True, [], self._end, self._end
        if self._low < self._first:
            self._low = self._first
            del self._found[: bisect_left(self._found, self._first)]

    def _event(self, lines: Sequence[Line], number: int) -> int:
        """Returns the number of the event that a line belongs to: a slice must not part them."""
        while number > self._first and lines[number - self._first].verdict == "joined":
            number -= 1
        return number

    def _passing(self, lines: Sequence[Line], start: int, stop: int) -> list[int]:
        self.examined += stop - start
        found: list[int] = []
        passes, first = self._passes, self._first
        passed = bool(self._found) and self._found[-1] == start - 1
        for number in range(start, stop):
            line = lines[number - first]
            if line.verdict != "joined":
                passed = passes is not None and passes(line)
            if passed:
                found.append(number)
        return found

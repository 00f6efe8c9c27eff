"""Where a person is in the log: which lines pass, which one is chosen, and whether the end is followed. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from gastown_tui.observe.ports import LogBook
from gastown_tui.town.lines import Line

from .sieve import Sieve

SLICE = 2000
"""How many lines are looked at in one go, in a few milliseconds; then keys have their turn."""


class Reading:
    """A filter over a log and a place in what passes. The place is a line's number, so it stays while lines come and go."""

    def __init__(self, book: LogBook, query: str = "") -> None:
        self.book = book
        self.at: int | None = None
        self._sieve = Sieve(query)
        self._end = 0

    @property
    def query(self) -> str:
        return self._sieve.query

    @property
    def shown(self) -> Sequence[int]:
        """The numbers of the lines that pass, as far as they were looked at."""
        return self._sieve.shown

    @property
    def whole(self) -> bool:
        """Whether every line was looked at."""
        return self._sieve.whole

    @property
    def count(self) -> int:
        """How many lines there are, whether they pass or not."""
        return self._end - self.book.first

    @property
    def examined(self) -> int:
        """How many lines this filter has looked at."""
        return self._sieve.examined

    @property
    def line(self) -> Line | None:
        """The chosen line; while the end is followed, the last one."""
        number = self.at if self.at is not None else self.shown[-1] if self.shown else -1
        index = number - self.book.first
        return self.book.lines[index] if self.shown and 0 <= index < len(self.book.lines) else None

    def filter(self, query: str) -> None:
        """Begins with another filter at the end."""
        self._sieve, self.at = Sieve(query), None

    def look(self, *, held: bool = False) -> bool:
        """Looks at the next slice of lines, of those that are there since it was `held`; returns whether that was all."""
        book = self.book
        end = book.first + len(book.lines)
        self._end = max(book.first, min(self._end, end)) if held else end
        whole = self._sieve.take(book.lines, book.first, self._end, SLICE)
        if self.at is not None:
            self.at = self.shown[min(len(self.shown) - 1, bisect_left(self.shown, self.at))] if self.shown else None
        return whole

    def move(self, by: int) -> bool:
        """Moves the choice by so many lines, at the end to follow it; returns whether that asks for earlier lines."""
        last = len(self.shown) - 1
        to = (last if self.at is None else bisect_left(self.shown, self.at)) + by
        if last >= 0:
            self.at = None if by > 0 and to >= last else self.shown[max(0, min(last, to))]
        return by < 0 and to <= 0 and self.book.more

    def choose_since(self, stamp: float) -> bool:
        """Chooses the first line that is not older than a stamp (wall seconds); follows the end and returns no, where none is."""
        stamps = ((number, self.book.lines[number - self.book.first].ts) for number in self.shown)
        self.at = next((number for number, ts in stamps if ts is not None and ts >= stamp), None)
        return self.at is not None

    def begins_after(self, stamp: float) -> bool:
        """Returns whether there are lines not read yet that may be of that time."""
        oldest = next((line.ts for line in self.book.lines if line.ts is not None), None)
        return self.book.more and (oldest is None or oldest > stamp)

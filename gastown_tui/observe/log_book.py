"""The automonitor's log as the screens read it (`ports.LogBook`): what was followed, bounded, and told in good measure."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from gastown_tui.town.lines import Line

MOST_LINES = 20_000
MOST_IN_ALL = 100_000
TELL_EVERY_S = 0.05


class Book:
    """Holds the newest 20,000 lines and what `earlier` brought, 100,000 in all. Used on the event loop only.

    `before` reads what lies before the first line kept: lines, newest last.
    """

    def __init__(self) -> None:
        self.state = "no automonitor's log was looked for yet"
        self.torn = ""
        self.first = 0
        self.before: Callable[[int], Awaitable[Sequence[Line]]] | None = None
        self._lines: list[Line] = []
        self._file_from = 0
        self._room = MOST_LINES
        self._tells: list[Callable[[], None]] = []
        self._due: asyncio.TimerHandle | None = None
        self._told_at = 0.0

    @property
    def lines(self) -> Sequence[Line]:
        return self._lines

    @property
    def dropped(self) -> int:
        return self._lines[0].offset if self._lines and self.first >= self._file_from else 0

    def on_change(self, tell: Callable[[], None]) -> None:
        self._tells.append(tell)

    def take(self, lines: Sequence[Line], state: str, torn: str, *, replaced: bool = False) -> None:
        """Appends lines; with `replaced`, they are the first of another file. Tells, at once or a twentieth of a second later."""
        if not lines and (state, torn) == (self.state, self.torn):
            return
        if replaced:
            self._file_from = self.first + len(self._lines)
        self._lines.extend(lines)
        self.state, self.torn = state, torn
        self._forget()
        self._tell()

    async def earlier(self) -> None:
        if self.before is None or not self.dropped:
            return
        first, found = self.first, await self.before(self.dropped)
        if first == self.first and found:
            self._lines[:0] = found
            self.first -= len(found)
            self._file_from = min(self._file_from, self.first)
            self._room = min(MOST_IN_ALL, self._room + len(found))
            self._forget()
            self._tell()

    def _forget(self) -> None:
        if (more := len(self._lines) - self._room) > 0:
            del self._lines[:more]
            self.first += more

    def _tell(self) -> None:
        if self._due is None:
            loop = asyncio.get_running_loop()
            self._due = loop.call_at(max(loop.time(), self._told_at + TELL_EVERY_S), self._tell_now)

    def _tell_now(self) -> None:
        self._due, self._told_at = None, asyncio.get_running_loop().time()
        for tell in self._tells:
            tell()

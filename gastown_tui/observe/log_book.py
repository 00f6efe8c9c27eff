"""The automonitor's log as the screens read it (`ports.LogBook`): what was followed, bounded, and told in good measure."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from gastown_tui.town.lines import Line

MOST_LINES = 20_000
MOST_IN_ALL = 100_000
MOST_WEIGHT = 64 << 20
TELL_EVERY_S = 0.05


class Book:
    """Holds the newest 20,000 lines and what `earlier` brought, 100,000 in all, of 64 million characters at most.

    Used on the event loop only.
    """

    def __init__(self) -> None:
        self.state = "no automonitor's log was looked for yet"
        self.torn = ""
        self.first = 0
        self._before: Callable[[Line], Awaitable[Sequence[Line]]] | None = None
        self._lines: list[Line] = []
        self._ended = False
        self._room = MOST_LINES
        self._weight = 0
        self._tells: list[Callable[[], None]] = []
        self._due: asyncio.TimerHandle | None = None
        self._told_at = 0.0

    @property
    def lines(self) -> Sequence[Line]:
        return self._lines

    @property
    def dropped(self) -> int:
        return self._lines[0].offset if self.more else 0

    @property
    def more(self) -> bool:
        return self._before is not None and bool(self._lines) and not self._ended

    @property
    def heard(self) -> bool:
        """Whether anybody wants to be told."""
        return bool(self._tells)

    def on_change(self, tell: Callable[[], None]) -> None:
        self._tells.append(tell)

    def begin(self, before: Callable[[Line], Awaitable[Sequence[Line]]]) -> None:
        """Begins anew, for another follower; `before` reads what lies before a line of its log, newest last."""
        self.first += len(self._lines)
        self._lines, self._before, self._room, self._weight, self._ended = [], before, MOST_LINES, 0, False

    def end(self) -> None:
        """Keeps what was read; nothing earlier can be had any more."""
        self._before = None

    def take(self, lines: Sequence[Line], state: str, torn: str) -> None:
        """Appends lines and tells of them, at once or a twentieth of a second after the last time."""
        if not lines and (state, torn) == (self.state, self.torn):
            return
        self._lines.extend(lines)
        self._weight += _weight(lines)
        self.state, self.torn = state, torn
        self._forget()
        self._tell()

    async def earlier(self) -> None:
        if self._before is None or not self.more or len(self._lines) >= MOST_IN_ALL or self._weight >= MOST_WEIGHT:
            return
        first, found = self.first, await self._before(self._lines[0])
        if first == self.first and not found:
            self._ended = True
            self._tell()
        elif first == self.first:
            self._lines[:0] = found
            self._weight += _weight(found)
            self.first -= len(found)
            self._room = min(MOST_IN_ALL, self._room + len(found))
            self._forget()
            self._tell()

    def _forget(self) -> None:
        more = max(0, len(self._lines) - self._room)
        self._weight -= _weight(self._lines[:more])
        while self._weight > MOST_WEIGHT and more < len(self._lines) - 1:
            self._weight -= _weight(self._lines[more : more + 1])
            more += 1
        del self._lines[:more]
        self.first += more
        self._ended = self._ended and not more

    def _tell(self) -> None:
        if self._due is None:
            loop = asyncio.get_running_loop()
            self._due = loop.call_at(max(loop.time(), self._told_at + TELL_EVERY_S), self._tell_now)

    def _tell_now(self) -> None:
        self._due, self._told_at = None, asyncio.get_running_loop().time()
        for tell in self._tells:
            tell()


def _weight(lines: Sequence[Line]) -> int:
    return sum(len(line.message) + len(line.raw or "") for line in lines)

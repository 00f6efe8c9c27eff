"""The automonitor's log of the fixed town: every kind of line, and a book that grows when a test says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gastown_tui.town.lines import Line

WALL = 1795257725.0  # 2026-11-21 10:42:05 UTC


def _lines() -> tuple[Line, ...]:
    """Two cycles, the last one four minutes ago, with a line of every verdict."""
    told = (
        (1500, "INFO", "monitor", "Cycle 13 started"),
        (1499, "INFO", "upstream", "Release v0.5.0 commit 9f57a35a93d4: no change"),
        (1498, "INFO", "handoff", "Session gt-crew-jack age: 72m (>3600s) → restart"),
        (1492, "INFO", "handoff", "Restarted gt-crew-jack via gt crew restart jack --rig gastown"),
        (1491, "INFO", "handoff", "Session hq-mayor age: 45m → OK"),
        (1490, "ERROR", "ai", "AI analysis failed: timed out after 300s"),
        (1489, "INFO", "monitor", "Cycle 13 complete, sleeping 1200s"),
        (249, "INFO", "monitor", "Cycle 14 started"),
        (248, "WARN", "upstream", "New release v0.5.1 (current v0.5.0); wrote pending_upgrade.txt"),
        (247, "INFO", "handoff", "Session hq-mayor age: 66m (>3600s) → restart"),
        (241, "INFO", "handoff", "Restarted hq-mayor via gt mayor restart"),
    )
    good = [Line(90 * number, "ok", (), WALL - ago, *said) for number, (ago, *said) in enumerate(told)]
    offset = 90 * len(good)
    bad = (
        _broken(offset, "recovered", ("template",), 240, "ERROR", "handoff", 'gt said "no such crew"'),
        Line(offset + 100, "joined", (), raw='run "gt crew list"'),
        Line(offset + 130, "rejected", ("no object",), raw="Traceback (most recent call last): \x1b[31mboom"),
        _broken(offset + 180, "flagged", ("utf-8",), 239, "NOTICE", "watcher", "Watcher gt-crew-emma nudged: caf� is fine"),
        Line(offset + 270, "ok", (), WALL - 238, "INFO", "monitor", "Cycle 14 complete, sleeping 1200s"),
    )
    return (*good, *bad)


def _broken(offset: int, verdict: str, flags: tuple[str, ...], ago: int, level: str, component: str, message: str) -> Line:
    raw = f'{{"ts":"2026-11-21","level":"{level}","component":"{component}","message":"{message}"}}'
    return Line(offset, verdict, flags, WALL - ago, level, component, message, raw)


class Book:
    """A `LogBook` that holds what a test gives it; `earlier` brings what `past` holds."""

    def __init__(
        self, lines: Sequence[Line] | None = None, *, past: Sequence[Line] = (), state: str = "", torn: str = ""
    ) -> None:
        self.lines: Sequence[Line] = tuple(_lines() if lines is None else lines)
        self.first = self.dropped = len(past)
        self.past, self.state, self.torn = tuple(past), state, torn
        self._tells: list[Callable[[], None]] = []

    @property
    def more(self) -> bool:
        return bool(self.past)

    def tell(self, told: Callable[[], None]) -> None:
        self._tells.append(told)

    def grow(self, *lines: Line, **other: str) -> None:
        """Appends lines, or says another `state` or `torn`, and tells it."""
        self.lines = (*self.lines, *lines)
        for name, value in other.items():
            setattr(self, name, value)
        for told in self._tells:
            told()

    async def earlier(self) -> None:
        self.lines, self.past = (*self.past, *self.lines), ()
        self.first = self.dropped = 0
        for told in self._tells:
            told()

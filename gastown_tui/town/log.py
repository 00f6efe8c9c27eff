"""The automonitor's log on the command line: which of its lines are wanted, and each as JSON or as a line for a person."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from .lines import Line, session_of
from .text import rfc3339, safe, stamp

RANKS = {"TRACE": 0, "DEBUG": 1, "INFO": 2, "NOTICE": 3, "WARN": 4, "WARNING": 4, "ERROR": 5, "CRITICAL": 6, "FATAL": 6}
MARKS = {"ok": " ", "flagged": "~", "recovered": "~", "joined": "|", "rejected": "!"}
_AGO = re.compile(r"(\d{1,9}) ?([smhd])").fullmatch
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

Document = dict[str, Any]


class Wish(NamedTuple):
    """What is wanted of a log: all of it, where nothing is said.

    `level`: it and those above; one that nobody knows exactly. `session`: the lines that speak of it. `grep` looks at messages.
    `since` (wall seconds): from the first line on that tells this time or a later one, in the order of the file.
    """

    level: str | None = None
    session: str | None = None
    grep: re.Pattern[str] | None = None
    since: float | None = None


class Sift:
    """Says of one event after the other whether it is wanted. The further lines of a message belong to their event."""

    def __init__(self, wish: Wish) -> None:
        self._grep = wish.grep
        self._since = wish.since
        self._tests = _tests(wish)
        self._event = self._found = False

    def wants(self, line: Line) -> bool:
        if self._since is not None and line.ts is not None and line.ts >= self._since:
            self._since = None
        if line.verdict != "joined":
            self._event, self._found = all(test(line) for test in self._tests), False
        self._found = self._found or self._grep is None or self._grep.search(line.message) is not None
        return self._since is None and self._event and self._found


def _tests(wish: Wish) -> list[Callable[[Line], bool]]:
    tests: list[Callable[[Line], bool]] = []
    if wish.level is not None:
        levels = _levels(wish.level.upper())
        tests.append(lambda line: line.level is not None and line.level.upper() in levels)
    if wish.session is not None:
        names = (wish.session,)
        tests.append(lambda line: session_of(line, names) == names[0])
    return tests


def _levels(least: str) -> Collection[str]:
    rank = RANKS.get(least)
    return {least} if rank is None else {level for level, other in RANKS.items() if other >= rank}


def since(text: str, now: float) -> float | None:
    """Returns the wall seconds of `10m`, `2h` or `1d` before `now`, or of an RFC 3339 time; None of anything else."""
    if ago := _AGO(text.strip()):
        return now - int(ago[1]) * _SECONDS[ago[2]]
    return stamp(text.strip())


def log_document(events: Sequence[Line], names: Collection[str]) -> Document:
    """Returns the JSON of one physical line; where it holds several events, the further ones stand in `also`."""
    main = next((event for event in events if event.verdict != "rejected"), events[0])
    document: Document = {"schema": 1, "offset": main.offset, **_event(main, names)}
    if main.verdict == "rejected":
        document["raw"] = main.raw
    if len(events) > 1:
        document["also"] = [_event(event, names) for event in events if event is not main]
    return document


def _event(line: Line, names: Collection[str]) -> Document:
    return {
        "verdict": line.verdict,
        "flags": list(line.flags),
        "ts": rfc3339(line.ts),
        "level": line.level,
        "component": line.component,
        "message": line.message,
        "session": session_of(line, names),
    }


def log_line(line: Line) -> str:
    """Returns a line for a person: a mark (`~` mended, `|` goes on, `!` rejected), UTC, level, component and message, inert."""
    at = (rfc3339(line.ts) or "")[:19].replace("T", " ")
    told = f"{MARKS[line.verdict]} {at:19}  {safe(line.level or ''):5}  {safe(line.component or ''):9}  {safe(line.message)}"
    return told.rstrip()

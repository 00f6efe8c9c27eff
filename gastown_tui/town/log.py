"""The automonitor's log on the command line: which of its lines are wanted, and each as JSON or as a line for a person."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from .lines import Line, session_of
from .text import rfc3339, safe, stamp

RANKS = {"TRACE": 0, "DEBUG": 1, "INFO": 2, "NOTICE": 3, "WARN": 4, "WARNING": 4, "ERROR": 5, "CRITICAL": 6, "FATAL": 6}
BROKEN = "BROKEN"
MARKS = {"ok": " ", "flagged": "~", "recovered": "~", "joined": "|", "rejected": "!"}
_AGO = re.compile(r"(\d{1,9}) ?([smhd])").fullmatch
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

Document = dict[str, Any]
Test = Callable[[Line], bool]


class Wish(NamedTuple):
    """What is wanted of a log: all of it, where nothing is said.

    `level`: as in `of_level`. `session`: the lines that speak of it. `grep` looks at messages.
    `since` (wall seconds): from the first line on that tells this time or a later one, in the order of the file.
    """

    level: str | None = None
    session: str | None = None
    grep: re.Pattern[str] | None = None
    since: float | None = None


class Sift:
    """Says of one event after the other whether it is wanted. The further lines of a message belong to their event.

    `met`: whether any event yet was of the level, or anybody knows that level.
    """

    def __init__(self, wish: Wish) -> None:
        self._level = of_level(wish.level) if wish.level else None
        self._session = wish.session
        self._grep = wish.grep
        self._since = wish.since
        self.met = wish.level is None or is_level(wish.level)
        self._event = self._found = False

    def wants(self, line: Line) -> bool:
        if self._since is not None and line.ts is not None and line.ts >= self._since:
            self._since = None
        if line.verdict != "joined":
            met = self._level is None or self._level(line)
            self.met = self.met or met
            self._event = met and (self._session is None or session_of(line, (self._session,)) == self._session)
            self._found = False
        self._found = self._found or self._grep is None or self._grep.search(line.message) is not None
        return self._since is None and self._event and self._found


def of_level(word: str) -> Test:
    """Returns the test for a level and those above, of which the beginning is enough; `broken`: what was not as it should be.

    A word that nobody knows means that very level. What tells no known level passes every known one: nobody knows that it is
    harmless.
    """
    word = word.upper()
    if word == BROKEN:
        return lambda line: line.verdict != "ok"
    rank = _rank(word)
    if rank is None:
        return lambda line: (line.level or "").upper() == word
    lower = {level for level, other in RANKS.items() if other < rank}
    return lambda line: (line.level or "").upper() not in lower


def is_level(word: str) -> bool:
    """Returns whether a word means a level that is known before the log is."""
    return word.upper() == BROKEN or _rank(word.upper()) is not None


def _rank(word: str) -> int | None:
    return next((rank for level, rank in RANKS.items() if level.startswith(word)), None)


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

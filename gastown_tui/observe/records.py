"""Stops and starts on record: the ends of `.events.jsonl` and `logs/town.log`, followed through every rotation."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from gastown_tui.town.facts import Halt, Stop
from gastown_tui.town.snapshot import Told
from gastown_tui.town.text import stamp

from .following import Follower

TAIL_BYTES = 1 << 20
MOST_STOPS = 5000
MOST_TOLD = 500
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CALM = ("", "absent", "empty", "not a regular file")
_KNOWN_REASONS = ("user shutdown", "idle-reap", "self-clean", "done")


def utc_stamp(value: object) -> float | None:
    """Returns the wall seconds of an RFC 3339 time as `text.stamp` does, None for what is no text."""
    return stamp(value) if isinstance(value, str) else None


def local_stamp(text: str) -> float | None:
    """Returns the wall seconds of `Sat Nov 21 09:40:09 2026` or `2026-11-21 09:40:09` in the host's zone, or None."""
    try:
        match text.split():
            case [_, month, day, clock, year] if month in _MONTHS:
                date = (int(year), _MONTHS.index(month) + 1, int(day))
            case [day, clock]:
                first, second, third = day.split("-")
                date = (int(first), int(second), int(third))
            case _:
                return None
        hour, minute, second_of = (int(part) for part in clock.split(":"))
        return time.mktime((*date, hour, minute, second_of, 0, 0, -1))
    except (ValueError, OverflowError):
        return None


class Records:
    """The stops, the last halt and the last starts that the town's logs tell of.

    Of each target the last stop is kept, and the last of which nobody knows what it means: no older one says anything more.
    """

    def __init__(self, root: Path) -> None:
        self.errors: tuple[str, ...] = ()
        self._stops: dict[tuple[str, bool], Stop] = {}
        self._halt: Halt | None = None
        self._starts: dict[str, float] = {}
        # Most of what is written is not told.
        self._untold: deque[bytes] = deque(maxlen=4 * MOST_TOLD)
        self._events: tuple[Told, ...] = ()
        takers = {".events.jsonl": self._event, "logs/town.log": self._log_line}
        # What is told twice of a file that is being rewritten says nothing new: it is not waited for.
        self._logs = [(name, Follower(root / name, TAIL_BYTES, settle_s=0), take) for name, take in takers.items()]

    def read(self, now: float) -> tuple[tuple[Stop, ...], Halt | None, Mapping[str, float]]:
        """Returns (the last stops, the last halt, role or address -> its last start). `now`: monotonic seconds."""
        for _, log, take in self._logs:
            more = True
            while more:
                lines, more = log.read(now, TAIL_BYTES)
                for _, line in lines:
                    take(line)
        self.errors = tuple(f"{name} cannot be read: {log.state}" for name, log, _ in self._logs if log.state not in _CALM)
        return tuple(self._stops.values()), self._halt, dict(self._starts)

    @property
    def recorded(self) -> str | None:
        """Returns why the events cannot be read, nothing where they can, None where there are none."""
        state = self._logs[0][1].state
        return None if state == "absent" else "" if state in _CALM else f".events.jsonl: {state}"

    def events(self) -> tuple[Told, ...]:
        """Returns the last events that a person may want to see, newest last; the same object where none came."""
        if self._untold:
            from gastown_tui.town.events import told

            found = [told(*event) for event in map(_decoded, self._untold) if event]
            self._untold.clear()
            if news := [event for event in found if event]:
                self._events = (*self._events, *news)[-MOST_TOLD:]
        return self._events

    def _add(self, stop: Stop) -> None:
        key = (stop.target, stop.known)
        last = self._stops.get(key)
        if last is not None and last.at >= stop.at:
            return
        # The last told is the last in the order, so that the one told longest ago is forgotten first.
        self._stops.pop(key, None)
        self._stops[key] = stop
        if len(self._stops) > MOST_STOPS:
            del self._stops[next(iter(self._stops))]

    def _event(self, line: bytes) -> None:
        self._untold.append(line)
        if not any(word in line for word in (b'"session_death"', b'"halt"', b'"session_start"')):
            return
        if (found := _decoded(line)) is not None:
            event, at = found
            payload = event.get("payload")
            self._known_event(event, payload if isinstance(payload, dict) else {}, at)

    def _known_event(self, event: Mapping[str, object], payload: Mapping[str, object], at: float) -> None:
        match event.get("type"):
            case "session_start" if isinstance(actor := event.get("actor"), str):
                self._starts[actor] = max(at, self._starts.get(actor, 0.0))
            case "session_death" if isinstance(session := payload.get("session"), str):
                self._add(_death(session, at, str(payload.get("reason") or "")))
            case "halt" if self._halt is None or at >= self._halt.at:
                services = payload.get("services")
                self._halt = Halt(at, tuple(str(name) for name in services) if isinstance(services, list) else ())

    def _log_line(self, line: bytes) -> None:
        if b"] " not in line or not any(kind in line[:40] for kind in (b"[kill]", b"[crash]")):
            return
        when, _, rest = line.decode("utf-8", "replace").partition(" [")
        kind, _, detail = rest.partition("] ")
        target, _, what = detail.partition(" ")
        if (at := local_stamp(when)) is not None and target:
            reason = what.partition("(")[2].rpartition(")")[0] or what
            self._add(Stop(target, at, reason, crash=kind == "crash"))


def _decoded(line: bytes) -> tuple[Mapping[str, object], float] | None:
    """Returns an event and when it happened; None for what is no event."""
    with suppress(ValueError, RecursionError):
        event = json.loads(line.decode("utf-8", "replace"))
        if isinstance(event, dict) and (at := utc_stamp(event.get("ts"))) is not None:
            return event, at
    return None


def _death(session: str, at: float, reason: str) -> Stop:
    crash = reason.startswith("crash")
    return Stop(session, at, reason, crash=crash, known=crash or reason.startswith(_KNOWN_REASONS))

"""Stops and starts on record: the ends of `.events.jsonl` and `logs/town.log`, followed by identity and offset."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from gastown_tui.town.facts import Halt, Stop

TAIL_BYTES = 1 << 20
MOST_STOPS = 5000
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_KNOWN_REASONS = ("user shutdown", "idle-reap", "self-clean", "done")


def utc_stamp(value: object) -> float | None:
    """Returns the wall seconds of an RFC 3339 time (without a zone: UTC), or None.

    So it is for the year 1 too, with which Go says never.
    """
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        stamp = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return stamp if stamp > 0 else None


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


class _Tail:
    """Follows one growing file: whole lines only, from its last MiB, again from there when it was replaced or cut."""

    def __init__(self, path: Path, take: Callable[[bytes], None]) -> None:
        self._path = path
        self._take = take
        self._identity: tuple[int, int] | None = None
        self._offset = 0
        self._rest = b""

    def read(self) -> None:
        """Hands every new whole line to `take`. Raises OSError where the file is there and cannot be read."""
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            self._identity = None
            return
        identity = (stat.st_dev, stat.st_ino)
        if identity != self._identity or stat.st_size < self._offset:
            self._identity, self._rest = identity, b""
            self._offset = max(0, stat.st_size - TAIL_BYTES)
        if stat.st_size == self._offset or not self._path.is_file():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            while data := file.read(min(TAIL_BYTES, stat.st_size - self._offset)):
                self._offset += len(data)
                self._take_lines(data)

    def _take_lines(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-TAIL_BYTES:]
        for line in lines:
            self._take(line)


class Records:
    """The stops, the last halt and the last starts that the town's logs tell of.

    Of each target the last stop is kept, and the last of which nobody knows what it means: no older one says anything more.
    """

    def __init__(self, root: Path) -> None:
        self.errors: tuple[str, ...] = ()
        self._stops: dict[tuple[str, bool], Stop] = {}
        self._halt: Halt | None = None
        self._starts: dict[str, float] = {}
        self._tails = (
            (".events.jsonl", _Tail(root / ".events.jsonl", self._event)),
            ("logs/town.log", _Tail(root / "logs" / "town.log", self._log_line)),
        )

    def read(self) -> tuple[tuple[Stop, ...], Halt | None, Mapping[str, float]]:
        """Returns (the last stops, the last halt, role or address -> its last start)."""
        errors = []
        for name, tail in self._tails:
            try:
                tail.read()
            except OSError as error:
                errors.append(f"{name} cannot be read: {error.strerror or error}")
        self.errors = tuple(errors)
        return tuple(self._stops.values()), self._halt, dict(self._starts)

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
        if not any(word in line for word in (b'"session_death"', b'"halt"', b'"session_start"')):
            return
        with suppress(ValueError, RecursionError):
            event = json.loads(line.decode("utf-8", "replace"))
            if isinstance(event, dict) and (at := utc_stamp(event.get("ts"))) is not None:
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
        stamp, _, rest = line.decode("utf-8", "replace").partition(" [")
        kind, _, detail = rest.partition("] ")
        target, _, what = detail.partition(" ")
        if (at := local_stamp(stamp)) is not None and target:
            reason = what.partition("(")[2].rpartition(")")[0] or what
            self._add(Stop(target, at, reason, crash=kind == "crash"))


def _death(session: str, at: float, reason: str) -> Stop:
    crash = reason.startswith("crash")
    return Stop(session, at, reason, crash=crash, known=crash or reason.startswith(_KNOWN_REASONS))

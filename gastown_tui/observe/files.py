"""The town's own files: registry, pid files, heartbeats, daemon, stops on record, emergency stop. Read only, bounded.

A file is read again only when it changed; one that cannot be read or understood keeps its last good value and is named.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from gastown_tui.town.facts import Daemon, Heartbeat, PidFile, Rig, TownFiles
from gastown_tui.town.snapshot import Moment

from .processes import started_at
from .records import Records, local_stamp, utc_stamp

MOST_BYTES = 4 << 20
START_SLACK_S = 2.0
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_AMOUNT = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([smh])")
_DURATION = re.compile(rf"(?:{_AMOUNT.pattern})+")

Signature = tuple[int, int, int]
T = TypeVar("T")


class FileReader:
    """Reads one town's files again and again. `process_start` returns a running process's start (wall) or None."""

    def __init__(self, root: Path, process_start: Callable[[int], float | None] = started_at) -> None:
        self._root = str(root)
        self._name = root.name
        self._process_start = process_start
        self._cache: dict[str, tuple[Signature, Any]] = {}
        self._errors: list[str] = []
        self._records = Records(root)
        self._last: dict[str, Any] = {}

    def read(self, at: Moment, present: frozenset[str] = frozenset(), *, events: bool = False) -> TownFiles:
        """Returns what the files say, with the town's own events where they are wanted.

        Processes are looked up only for pid files of sessions that are not `present`.
        """
        self._errors = []
        town = self._json("mayor/town.json")
        registry = self._json("mayor/rigs.json") or self._json("rigs.json")
        rigs = tuple(self._rigs(registry.get("rigs")))
        stops, halt, starts = self._records.read(at.mono)
        return TownFiles(
            at,
            name=_text(town.get("name")) or self._name,
            registered=bool(rigs),
            rigs=rigs,
            dogs=dict(self._dogs()),
            daemon=self._same("daemon", self._daemon()),
            pids={record.session: record for record in self._pids(present)},
            heartbeats={beat.session: self._same(beat.session, beat) for beat in self._heartbeats()},
            stops=stops,
            halt=halt,
            starts=starts,
            estop=tuple(self._estop()),
            errors=(*self._errors, *self._records.errors),
            events=self._records.events() if events else (),
            recorded=self._records.recorded,
        )

    def _same(self, key: str, value: T) -> T:
        """Returns the value that was returned before if it is equal: what is the same object needs no new judgement."""
        before = self._last.get(key)
        self._last[key] = same = before if before == value else value
        return same

    def _rigs(self, entries: object) -> Iterator[Rig]:
        for name, entry in sorted(entries.items()) if isinstance(entries, dict) else ():
            if "/" in name or name in ("", ".", ".."):
                # A name is a folder of the town: one that leads elsewhere is no rig.
                continue
            beads = entry.get("beads") if isinstance(entry, dict) else None
            prefix = _text(beads.get("prefix")) if isinstance(beads, dict) else None
            values = self._json(f".beads-wisp/config/{name}.json").get("values")
            status = values.get("status") if isinstance(values, dict) else None
            parked = status if status in ("parked", "docked") else None
            yield Rig(name, prefix or "", parked, self._folders(f"{name}/crew"), self._folders(f"{name}/polecats"))

    def _dogs(self) -> Iterator[tuple[str, str]]:
        for name in self._folders("deacon/dogs"):
            if name != "boot" and (state := _text(self._json(f"deacon/dogs/{name}/.dog.json").get("state"))):
                yield name, state

    def _daemon(self) -> Daemon:
        pid = self._cached("daemon/daemon.pid", _first_number)
        state = self._json("daemon/state.json")
        heartbeat = self._json("mayor/daemon.json").get("heartbeat")
        period = _duration(heartbeat.get("interval")) if isinstance(heartbeat, dict) else None
        return Daemon(
            running=pid is not None and self._wrote("daemon/daemon.pid", pid),
            pid=pid,
            started=utc_stamp(state.get("started_at")),
            last_heartbeat=utc_stamp(state.get("last_heartbeat")),
            period=period or Daemon(running=False).period,
        )

    def _wrote(self, path: str, pid: int) -> bool:
        """Whether a running process of that number can have written the file: one that began later only has its number."""
        start, signature = self._process_start(pid), _signature(f"{self._root}/{path}")
        return start is not None and signature is not None and start <= signature[2] / 1e9 + START_SLACK_S

    def _pids(self, present: frozenset[str]) -> Iterator[PidFile]:
        for session in self._names(".runtime/pids", ".pid"):
            pid, started = self._cached(f".runtime/pids/{session}.pid", _pid_and_start) or (0, None)
            if pid:
                yield PidFile(session, pid, started, None if session in present else self._runs(pid, started))

    def _runs(self, pid: int, started: float | None) -> bool:
        """Whether that very process runs: pids are used again, so its start must be the one on file."""
        start = self._process_start(pid)
        return start is not None and (started is None or abs(start - started) <= START_SLACK_S)

    def _heartbeats(self) -> Iterator[Heartbeat]:
        files = [(session, f".runtime/heartbeats/{session}.json") for session in self._names(".runtime/heartbeats", ".json")]
        for session, path in [*files, ("hq-deacon", "deacon/heartbeat.json")]:
            beat = self._json(path)
            if (at := utc_stamp(beat.get("timestamp"))) is not None:
                yield Heartbeat(session, at, _text(beat.get("state")), _text(beat.get("context")), _text(beat.get("bead")))

    def _estop(self) -> Iterator[tuple[str, float | None, str]]:
        for name in sorted(self._listed("")):
            if name == "ESTOP" or name.startswith("ESTOP."):
                trigger, stamp, reason = [*(self._text(name) or "").strip().split("\t", 2), "", "", ""][:3]
                yield name[6:], utc_stamp(stamp), reason or trigger

    def _names(self, folder: str, suffix: str) -> list[str]:
        return sorted(name.removesuffix(suffix) for name in self._listed(folder) if name.endswith(suffix))

    def _listed(self, folder: str) -> list[str]:
        with suppress(OSError):
            return os.listdir(f"{self._root}/{folder}")
        return []

    def _folders(self, folder: str) -> tuple[str, ...]:
        signature = _signature(f"{self._root}/{folder}")
        cached = self._cache.get(f"{folder}/")
        if signature is None or (cached and cached[0] == signature):
            return cached[1] if cached and signature else ()
        with suppress(OSError), os.scandir(f"{self._root}/{folder}") as entries:
            names = tuple(sorted(entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir()))
            self._cache[f"{folder}/"] = (signature, names)
            return names
        return ()

    def _json(self, path: str) -> Mapping[str, Any]:
        value = self._cached(path, json.loads)
        return value if isinstance(value, dict) else {}

    def _text(self, path: str) -> str | None:
        value = self._cached(path, str)
        return value if isinstance(value, str) else None

    def _cached(self, path: str, parse: Callable[[str], Any]) -> Any:
        """Returns a file's parsed value, the last good one with an error if it broke, None if it is not there."""
        signature, cached = _signature(f"{self._root}/{path}"), self._cache.get(path)
        if signature is None:
            self._cache.pop(path, None)
            return None
        if cached and cached[0] == signature:
            return cached[1]
        try:
            value = parse(_read(f"{self._root}/{path}"))
        except (OSError, ValueError, RecursionError) as error:
            self._errors.append(f"{path} cannot be read: {error or type(error).__name__}")
            return cached[1] if cached else None
        self._cache[path] = (signature, value)
        return value


def _first_number(text: str) -> int | None:
    first = text.partition("\n")[0].strip()
    return int(first) if first.isdecimal() else None


def _pid_and_start(text: str) -> tuple[int, float | None] | None:
    number, _, started = text.strip().partition("|")
    return (int(number), local_stamp(started)) if number.isdecimal() else None


def _signature(path: str) -> Signature | None:
    try:
        stat = os.stat(path)
    except (OSError, ValueError):
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _read(path: str) -> str:
    """Returns a regular file's text, at most 4 MiB. A FIFO or a folder is an error and is never waited for."""
    if not os.path.isfile(path):
        raise ValueError("not a regular file")
    with open(path, "rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError("larger than 4 MiB")
    return data.decode("utf-8", "replace")


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _duration(value: object) -> float | None:
    """Returns the seconds of a duration as Go prints it (`3m`, `1h30m0s`, `1.5h`), or None."""
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in _AMOUNT.findall(value)) or None

"""When bd may be asked, and about what: one call at a time, a tenth of the time at most, and less where it fails."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from typing import NamedTuple

from .databases import Database, read_text
from .dump import Dump
from .export import Signature, signature

TIMES_LATENCY = 10.0
LEAST_S = 15.0
# What was written and not committed may move no file.
HEARTBEAT_S = 300.0
BACKOFF_S = (10.0, 20.0, 40.0, 80.0, 160.0, 300.0)

Hint = tuple[Signature | None, ...]


def hint(database: Database) -> Hint:
    """Returns what changes when somebody writes to a database; never opens anything of it."""
    return tuple(map(signature, (*database.journals, f"{database.folder}/last-touched")))


def written_at(database: Database) -> float | None:
    """Returns when a database was written to last (wall seconds), as far as its files tell."""
    return max((found[2] / 1e9 for found in hint(database) if found), default=None)


def server_hint(root: str) -> tuple[object, ...]:
    """Returns what changes when a town's Dolt server starts, is stopped, or ends by itself, and at nothing else."""
    pid = read_text(f"{root}/daemon/dolt.pid").strip()
    return pid, pid.isascii() and pid.isdigit() and os.path.exists(f"/proc/{pid}")


class _Asked(NamedTuple):
    at: float
    hint: Hint
    fails: int = 0


class Rhythm:
    """Times are those of the monotonic clock. `server` returns what changes when the town's server comes or goes."""

    def __init__(self, server: Callable[[], tuple[object, ...]] = tuple) -> None:
        self._server = server
        self._told = server()
        self._asked: dict[str, _Asked] = {}
        self._spaced_at = self._free_at = 0.0
        self._fails = 0

    def again(self) -> None:
        """Lets every database be asked about as soon as the time that the last answer took allows."""
        self._free_at, self._fails = self._spaced_at, 0
        self._asked.clear()

    def due(self, databases: Mapping[str, Database], now: float) -> list[str]:
        """Returns the databases that may be asked about now, first whichever was asked about longest ago."""
        if (told := self._server()) != self._told:
            self._told = told
            self.again()
        if now < self._free_at:
            return []
        waiting = [folder for folder, database in databases.items() if self._is_due(folder, database, now)]
        return sorted(waiting, key=lambda folder: self._asked[folder].at if folder in self._asked else -math.inf)

    def _is_due(self, folder: str, database: Database, now: float) -> bool:
        asked = self._asked.get(folder)
        if asked is None or now - asked.at >= HEARTBEAT_S:
            return True
        least = BACKOFF_S[min(asked.fails, len(BACKOFF_S)) - 1] if asked.fails else LEAST_S
        return now - asked.at >= least and (asked.fails > 0 or hint(database) != asked.hint)

    def asked(self, folder: str, database: Database, dump: Dump, before: Hint, began: float, now: float) -> None:
        """Notes a call that began and ended then; `before` is the hint from before it."""
        last, failed = self._asked.get(folder), dump.beads is None
        # Where bd opens the database by itself, even its reading moves the files.
        seen = before if database.server else hint(database)
        self._asked[folder] = _Asked(began, seen, (last.fails if last else 0) + 1 if failed else 0)
        self._fails = self._fails + 1 if dump.down else 0
        wait = BACKOFF_S[min(self._fails, len(BACKOFF_S)) - 1] if self._fails else 0.0
        self._spaced_at = began + TIMES_LATENCY * (now - began)
        self._free_at = max(self._spaced_at, now + wait)

"""An automonitor's folder: its log followed line by line, and what its state files hold. Read only, bounded, in a thread."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain
from threading import Lock
from typing import NamedTuple

from gastown_tui.town.facts import MonitorRead, SourceFailed
from gastown_tui.town.lines import Line, Parser
from gastown_tui.town.monitor import Reckoning
from gastown_tui.town.snapshot import Moment

from .following import Follower, Raw
from .log_past import before
from .monitor_files import MonitorFiles, reason

LOG = "monitor.jsonl"
TAIL_BYTES = 1 << 20
# So many lines take a millisecond; whoever draws gets the interpreter after that.
SLICE = 200
GIVE_UP_S = 0.0005
_CALM = ("", "absent", "empty")


class Step(NamedTuple):
    """What one reading brought; `state` and `torn` as a `LogBook` has them, `more`: there is more at once, `soon`: almost.

    `fact` is None where nobody named a folder and there never was one.
    """

    fact: MonitorRead | SourceFailed | None
    lines: Sequence[Line] = ()
    state: str = ""
    torn: str = ""
    more: bool = False
    folder: tuple[int, int] | None = None
    soon: bool = False


class MonitorFolder:
    """Reads one automonitor's folder again and again. Its methods use the disk, may run in any thread, and raise nothing.

    `named`: somebody asked for this folder, so that it must be there. `alone`: nobody else wants the interpreter.
    """

    def __init__(self, path: str, *, named: bool = False, alone: bool = False) -> None:
        self.path = path
        self._expected = named
        self._alone = alone
        self._lock = Lock()
        self._follower = Follower(f"{path}/{LOG}", TAIL_BYTES)
        self._parser = Parser()
        self._reckoning = Reckoning()
        self._begun = False
        self._files = MonitorFiles(path)

    def read(self, now: Moment) -> Step:
        """Returns what came since the last reading, from about 256 KiB of the log at most."""
        with self._lock:
            found, wrong = _folder(self.path)
            if wrong is not None:
                return self._without_folder(wrong, now)
            self._expected = True
            raw, more = self._follower.read(now.mono)
            lines = self._parsed(raw, now.wall)
            state, torn = self._follower.state, self._follower.torn(now.mono).decode("utf-8", "replace")
            return Step(self._read(now, state), lines, state, torn, more, found, self._follower.settling(now.mono))

    def _without_folder(self, wrong: OSError, now: Moment) -> Step:
        absent = wrong.errno == errno.ENOENT
        told = f"{self.path}: {reason(wrong)}"
        expected = self._expected or not absent
        return Step(SourceFailed("monitor", told, now, absent=absent) if expected else None, state=told)

    def earlier(self, line: Line) -> Sequence[Line]:
        """Returns the lines of about a MiB before one that was read; it may stand in a file that was rotated since."""
        return [*chain.from_iterable(Parser().feed(before(f"{self.path}/{LOG}", line)))]

    def close(self) -> None:
        with self._lock:
            self._follower.close()

    def _parsed(self, raw: Sequence[Raw], now: float) -> list[Line]:
        if not self._begun:
            self._begun, self._reckoning = bool(raw), Reckoning(raw[0][0] if raw else self._follower.start)
        lines: list[Line] = []
        for begin in range(0, len(raw), SLICE):
            if begin and not self._alone:
                time.sleep(GIVE_UP_S)
            fresh = [*chain.from_iterable(self._parser.feed(raw[begin : begin + SLICE]))]
            self._reckoning.take(fresh, now)
            lines += fresh
        return lines

    def _read(self, now: Moment, state: str) -> MonitorRead:
        read = self._files.read(now)
        faults = () if state in _CALM else (f"{LOG} cannot be read: {state[:1].lower()}{state[1:]}",)
        return read._replace(log=self._reckoning.digest(), written=_written(f"{self.path}/{LOG}"), faults=faults + read.faults)


def _folder(path: str) -> tuple[tuple[int, int] | None, OSError | None]:
    """Returns (device and inode, what is wrong) of a folder."""
    try:
        found = os.stat(path)
        if not stat.S_ISDIR(found.st_mode):
            return None, NotADirectoryError(errno.ENOTDIR, "it is no folder")
        if not os.access(path, os.R_OK | os.X_OK, effective_ids=True):
            return None, PermissionError(errno.EACCES, "Permission denied")
    except (OSError, ValueError) as error:
        return None, error if isinstance(error, OSError) else OSError(errno.EINVAL, str(error))
    return (found.st_dev, found.st_ino), None


def _written(path: str) -> float | None:
    with suppress(OSError):
        found = os.stat(path)
        return found.st_mtime if stat.S_ISREG(found.st_mode) else None
    return None


def read_once(path: str, now: Moment, *, named: bool = False) -> MonitorRead | SourceFailed | None:
    """Returns what a folder says, from the last MiB of its log."""
    folder = MonitorFolder(path, named=named, alone=True)
    try:
        step = folder.read(now)
        while step.more:
            step = folder.read(now)
        return step.fact
    finally:
        folder.close()

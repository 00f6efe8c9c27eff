"""The automonitor's state files: small, rewritten in place by a script, so that every look may meet an empty or a half one."""

from __future__ import annotations

import errno
import json
import os
import stat
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from gastown_tui.town.facts import MonitorRead
from gastown_tui.town.monitor import count, handoffs
from gastown_tui.town.snapshot import Moment
from gastown_tui.town.text import clock_time, mask, mask_variable

MOST_BYTES = 4 << 20
AGAIN_S = (0.05, 0.05, 0.05)
REWRITTEN_S = 1.0
COMPLAIN_S = 5.0
RESET_S = 3600.0
MOST_KEYS = 100
MOST_TEXT = 200
# A file changed that shortly before it was read may change again and keep its stamp: clocks of file systems are coarse.
_SETTLED_S = 0.1

Signature = tuple[int, int, int]


class Rewritten:
    """One such file: its last good value, and since when it says nothing good. `value` is None while there is no file."""

    def __init__(self, path: str, parse: Callable[[bytes], Any]) -> None:
        self.value: Any = None
        self._path = path
        self._parse = parse
        self._read_at: Signature | None = None
        self._good_at = 0.0
        self._broken: tuple[str, float] | None = None

    def read(self, now: Moment) -> bool:
        """Reads the file where it changed; returns whether it has another value. May take 150 ms, where it is no good."""
        signature, before = _signature(self._path), self.value
        if signature is None:
            self.value = self._read_at = self._broken = None
            return before is not None
        if signature == self._read_at:
            return False
        self._read_at = signature if now.wall - signature[2] / 1e9 > _SETTLED_S else None
        try:
            self.value, self._broken, self._good_at = self._good(now.wall - signature[2] / 1e9), None, signature[2] / 1e9
        except (OSError, ValueError) as error:
            since = min(self._broken[1] if self._broken else now.mono, now.mono - (now.wall - signature[2] / 1e9))
            self._broken = (reason(error), since)
        return bool(self.value != before)

    def _good(self, old: float) -> Any:
        """Returns what the file says; one that changed just now is being written, and read again for that."""
        for wait in AGAIN_S if old < REWRITTEN_S else ():
            with suppress(ValueError):
                return self._parse(contents(self._path))
            time.sleep(wait)
        return self._parse(contents(self._path))

    def fault(self, now: Moment) -> str | None:
        """Returns what is wrong with the file, once that has lasted: the loop writes it anew each time."""
        if self._broken is None or now.mono - self._broken[1] < COMPLAIN_S:
            return None
        told = f"{os.path.basename(self._path)} cannot be read: {self._broken[0]}"
        return told if self.value is None else f"{told}; it is shown as of {clock_time(self._good_at)}"


class MonitorFiles:
    """What the files of an automonitor's folder hold beside its log."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._state = Rewritten(f"{folder}/state.json", _object)
        self._handoffs = Rewritten(f"{folder}/handoffs.json", _object)
        self._pending = Rewritten(f"{folder}/pending_upgrade.txt", _text)
        self._listed: tuple[int, str | None] | None = None
        self._reset: tuple[str, float] | None = None

    def read(self, now: Moment) -> MonitorRead:
        """Returns what they hold; of the log nothing."""
        state = self._state.value or {}
        if self._state.read(now):
            self._note_reset(count(state.get("cycles_run")), now)
        for file in (self._handoffs, self._pending):
            file.read(now)
        state = self._state.value or {}
        handed, strange = handoffs(self._handoffs.value or {}, now.wall)
        cycles = count(state.get("cycles_run"))
        faults = [file.fault(now) for file in (self._state, self._handoffs, self._pending)]
        faults.append("state.json: cycles_run is no count" if cycles is None and "cycles_run" in state else None)
        faults.append(self._reset[0] if self._reset and now.mono - self._reset[1] < RESET_S else None)
        return MonitorRead(
            self._folder,
            now,
            cycles=cycles,
            told={key: _told(key, value) for key, value in list(state.items())[:MOST_KEYS] if key != "cycles_run"},
            handoffs=handed,
            pending_upgrade=self._pending.value,
            files=self._written(),
            faults=(*(fault for fault in faults if fault), *strange),
        )

    def _note_reset(self, before: int | None, now: Moment) -> None:
        cycles = count((self._state.value or {}).get("cycles_run"))
        if before is not None and cycles is not None and cycles < before:
            self._reset = (f"state.json was reset: cycles_run went from {before} to {cycles}", now.mono)

    def _written(self) -> Mapping[str, float]:
        """Returns when the newest analysis and the last snapshot were written."""
        names = ("current_state.txt", self._newest_analysis())
        found = ((name, _signature(f"{self._folder}/{name}")) for name in names if name)
        return {name: signature[2] / 1e9 for name, signature in found if signature}

    def _newest_analysis(self) -> str | None:
        """Returns the name of the analysis written last; the form of the time within the name is anybody's."""
        with suppress(OSError):
            changed = os.stat(self._folder).st_mtime_ns
            if self._listed is None or self._listed[0] != changed:
                with os.scandir(self._folder) as entries:
                    logs = [one for one in entries if one.name.startswith("ai_analysis_") and one.name.endswith(".log")]
                    newest = max(((log.stat().st_mtime_ns, log.name) for log in logs), default=(0, None))
                self._listed = (changed, newest[1])
            return self._listed[1]
        return None


def contents(path: str) -> bytes:
    """Returns a regular file's bytes, 4 MiB at most, and never waits. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        if found.st_size > MOST_BYTES:
            raise OSError(errno.EFBIG, f"larger than {MOST_BYTES >> 20} MiB")
        # It may grow meanwhile.
        return os.read(descriptor, found.st_size + MOST_TEXT)
    finally:
        os.close(descriptor)


def reason(error: OSError | ValueError) -> str:
    """Returns why something cannot be read, as the second half of a sentence."""
    told = (isinstance(error, OSError) and error.strerror) or str(error)
    return told[:1].lower() + told[1:]


def _object(data: bytes) -> Mapping[str, Any]:
    if not data.strip():
        raise ValueError("it is empty")
    try:
        found = json.loads(data.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON") from None
    if not isinstance(found, dict):
        raise ValueError("it holds no object")
    return found


def _text(data: bytes) -> str:
    """Returns a free text as one line; an empty file says that there is something, and not what."""
    lines = data[: 16 * MOST_TEXT].decode("utf-8", "replace").splitlines()
    return mask(" · ".join(line.strip() for line in lines if line.strip()), 5 * MOST_TEXT) or "(an empty file)"


def _told(name: str, value: object) -> str:
    return mask_variable(name, mask(value, MOST_TEXT)) if isinstance(value, str) else mask(json.dumps(value), MOST_TEXT)


def _signature(path: str) -> Signature | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns

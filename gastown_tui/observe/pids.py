"""The ends of processes, seen within milliseconds and without asking anybody."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
from collections.abc import Callable, Iterable
from pathlib import Path

OPEN_FILES = 65_536


class PidWatcher:
    """Calls `on_exit(pid)` on the event loop, once for each watched process that ends.

    A descriptor names the process and not its number, so a number that is used again is not mistaken. Where none is to be
    had (limit of open files, another platform), that pid is looked at every `period` seconds.
    """

    def __init__(self, on_exit: Callable[[int], None], *, period: float = 1.0) -> None:
        self._on_exit = on_exit
        self._period = period
        self._loop = asyncio.get_running_loop()
        self._born: dict[int, str | None] = {}
        self._descriptors: dict[int, int] = {}
        self._polled: set[int] = set()
        self._ended: set[int] = set()
        self._timer: asyncio.TimerHandle | None = None
        raise_open_files()

    @property
    def polled(self) -> frozenset[int]:
        """The pids without a descriptor."""
        return frozenset(self._polled)

    def watch(self, pids: Iterable[int]) -> None:
        """Sets which processes are watched. One that is gone already is reported soon; one that was reported is not again."""
        wanted = set(pids)
        for pid in self._born.keys() - wanted:
            self._forget(pid)
        for pid in wanted:
            if pid in self._ended and _born(pid) not in (None, self._born[pid]):
                self._forget(pid)
            if pid not in self._born:
                self._begin(pid)
        self._arm()

    def close(self) -> None:
        """Watches nothing any more; no call follows."""
        self.watch(())
        if self._timer:
            self._timer.cancel()

    def _begin(self, pid: int) -> None:
        self._born[pid] = _born(pid)
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            self._ended.add(pid)
            self._loop.call_soon(self._report, pid)
        except (OSError, AttributeError):
            self._polled.add(pid)
        else:
            self._descriptors[pid] = descriptor
            self._loop.add_reader(descriptor, self._end, pid)

    def _forget(self, pid: int) -> None:
        del self._born[pid]
        self._release(pid)
        self._ended.discard(pid)

    def _release(self, pid: int) -> None:
        self._polled.discard(pid)
        descriptor = self._descriptors.pop(pid, None)
        if descriptor is not None:
            self._loop.remove_reader(descriptor)
            os.close(descriptor)

    def _end(self, pid: int) -> None:
        self._release(pid)
        self._ended.add(pid)
        self._report(pid)

    def _report(self, pid: int) -> None:
        if pid in self._ended:
            self._on_exit(pid)

    def _arm(self) -> None:
        if self._polled and self._timer is None:
            self._timer = self._loop.call_later(self._period, self._poll)

    def _poll(self) -> None:
        self._timer = None
        for pid in [pid for pid in self._polled if not _runs(pid, self._born[pid])]:
            self._end(pid)
        self._arm()


def _born(pid: int) -> str | None:
    """Returns what tells a process from a later one of the same number: its start in ticks since boot; None if unreadable."""
    return _stat(pid)[1]


def _runs(pid: int, born: str | None) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    state, now = _stat(pid)
    # A zombie has ended, whatever its parent does; a descriptor says so too.
    return state not in ("Z", "X") and (born is None or now == born)


def _stat(pid: int) -> tuple[str | None, str | None]:
    """Returns state and start of a process, after the name, which may hold anything."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return fields[0], fields[19]
    except (OSError, IndexError):
        return None, None


def raise_open_files() -> int:
    """Raises the soft limit of open files as far as it may go, at most to 65,536; returns the limit that holds."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return wanted
    return soft

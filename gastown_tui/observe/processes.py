"""The processes below a pane, from /proc. On another platform process facts are unknown, with the reason."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from gastown_tui.town.facts import Process, Tree
from gastown_tui.town.programs import HEADLESS
from gastown_tui.town.snapshot import Moment

MOST_PROCESSES = 256
MOST_ARGUMENTS = 32
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def read_tree(pane_id: str, root: int, at: Moment, proc: Path = Path("/proc")) -> Tree:
    """Returns the processes at and below `root`, parents first, at most 256; none when it is gone.

    The tree has an `error` where there is no /proc. Anything may end while it is read: what is gone is left out.
    """
    if not _tells_children(proc):
        return Tree(pane_id, root, (), at, f"{proc} does not tell the children of a process; process facts need Linux")
    found: list[Process] = []
    waiting = [root]
    boot = _boot_time(str(proc), at.wall)
    while waiting and len(found) < MOST_PROCESSES:
        pid = waiting.pop(0)
        if stat := _read(f"{proc}/{pid}/stat"):
            process, threads = _process(pid, stat, proc, boot)
            found.append(process)
            waiting += _children(proc, pid, threads)
    return Tree(pane_id, root, tuple(found), at)


def read_process(pid: int, proc: Path = Path("/proc")) -> Process | None:
    """Returns one process, or None if it is gone. Of its arguments the first two and known flags: the rest may be a secret."""
    stat = _read(f"{proc}/{pid}/stat")
    return _process(pid, stat, proc, _boot_time(str(proc)))[0] if stat else None


def _process(pid: int, stat: bytes, proc: Path, boot: float) -> tuple[Process, int]:
    """Returns a process by its `stat`, and how many threads it has."""
    folder = f"{proc}/{pid}"
    comm, state, parent, ticks, threads = _parse_stat(stat)
    argv = [part.decode("utf-8", "replace") for part in (_read(f"{folder}/cmdline", 4096) or b"").split(b"\0")[:MOST_ARGUMENTS]]
    argv0, argv1 = (*argv, "", "")[:2]
    try:
        exe = os.readlink(f"{folder}/exe").removesuffix(" (deleted)")
    except OSError:
        exe = ""
    started = boot + ticks / _TICKS
    return Process(pid, parent, comm, argv0, argv1, exe, state, started, HEADLESS.intersection(argv[1:])), threads


def started_at(pid: int, proc: Path = Path("/proc")) -> float | None:
    """Returns when a running process began (wall seconds), or None if it is gone or was never waited for."""
    process = read_process(pid, proc)
    return process.started if process and process.state not in "ZX" else None


def _parse_stat(stat: bytes) -> tuple[str, str, int, int, int]:
    """Returns name, state, parent, start (ticks since boot) and number of threads."""
    # The name stands in brackets and may hold brackets and spaces itself.
    head, _, tail = stat.rpartition(b")")
    name, fields = head.partition(b"(")[2].decode("utf-8", "replace"), tail.split()
    return name, fields[0].decode(), int(fields[1]), int(fields[19]), int(fields[17])


def _children(proc: Path, pid: int, threads: int) -> list[int]:
    """Returns the children of every thread of a process; any thread may have forked."""
    tasks: list[str] = []
    with suppress(OSError):
        tasks = [str(pid)] if threads == 1 else os.listdir(f"{proc}/{pid}/task")
    return [int(child) for task in tasks for child in (_read(f"{proc}/{pid}/task/{task}/children") or b"").split()]


@lru_cache(maxsize=1)
def _tells_children(proc: Path) -> bool:
    return os.path.exists(f"{proc}/thread-self/children")


def _read(path: str, most: int = 65536) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return os.read(descriptor, most)
    except OSError:
        return None
    finally:
        os.close(descriptor)


_boots: dict[str, float] = {}


def _boot_time(proc: str, wall: float | None = None) -> float:
    """Returns when the system started, in wall seconds; 0 where it is not told. `wall`: now, if known.

    The kernel tells whole seconds, by which every process would seem up to a second older than it is, and none newborn; what
    is cut off follows from how long the system has been up. It is found once, so that a process keeps its start.
    """
    if (known := _boots.get(proc)) is not None:
        return known
    told = _told_boot_time(proc)
    if wall is None:
        return told
    exact = wall - float((_read(f"{proc}/uptime") or b"0").split()[0])
    if not told <= exact < told + 1:
        # A clock that was set since, or the uptime of a container.
        return told
    _boots[proc] = exact
    return exact


@lru_cache(maxsize=1)
def _told_boot_time(proc: str) -> float:
    for line in (_read(f"{proc}/stat", 1 << 20) or b"").splitlines():
        if line.startswith(b"btime "):
            return float(line.split()[1])
    return 0.0

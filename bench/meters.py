"""What the kernel says about a process: time, memory, children. Exact, and the same however busy the machine is."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from math import ceil
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def own_cpu(pid: int) -> float:
    """Returns the seconds that a process has used, all its threads together, those that ended among them; 0 when it is gone."""
    with suppress(OSError):
        # The number of a process's CPU clock, as the kernel builds it from a pid (CPUCLOCK_SCHED of the whole process).
        return time.clock_gettime(~pid << 3 | 2)
    return 0.0


def cpu(pid: int) -> float:
    """Returns the seconds used by a process and by all it has ever started, whether they still run or not."""
    with suppress(OSError):
        reaped = sum(int(ticks) for ticks in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[13:15])
        return own_cpu(pid) + reaped / TICKS + sum(map(cpu, children(pid)))
    return 0.0


def children(pid: int) -> list[int]:
    """Returns the processes that a process has started and that still run."""
    with suppress(OSError):
        return [
            int(child) for thread in Path(f"/proc/{pid}/task").iterdir() for child in (thread / "children").read_text().split()
        ]
    return []


def pss(pid: int) -> float:
    """Returns the megabytes that a process takes, shared ones divided by those who share them."""
    return _megabytes(pid, "smaps_rollup", "Pss:")


def own(pid: int) -> float:
    """Returns the megabytes that no file stands behind: those are a process's own, whoever else runs and ends meanwhile."""
    return _megabytes(pid, "smaps_rollup", "Anonymous:")


def peak(pid: int) -> float:
    """Returns the most megabytes a process has held; `ru_maxrss` also counts what was there before its program was loaded."""
    return _megabytes(pid, "status", "VmHWM:")


def _megabytes(pid: int, file: str, name: str) -> float:
    lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def p99(values: Sequence[float]) -> float:
    """Returns the value that one of a hundred exceeds; with fewer than a hundred, the greatest."""
    return sorted(values)[ceil(0.99 * len(values)) - 1]

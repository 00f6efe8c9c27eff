"""What a piece of work costs, and how long a process takes, whatever else the machine does meanwhile."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def least(work: Callable[[], object]) -> float:
    """Returns the least processor time (seconds) of five times."""
    spent = []
    for _ in range(5):
        before = time.process_time()
        work()
        spent.append(time.process_time() - before)
    return min(spent)


def timed(argv: Sequence[str], env: Mapping[str, str]) -> tuple[subprocess.CompletedProcess[str], float]:
    """Runs a command that says little to its end. Returns what it gave, and the seconds that it took.

    Those for which it was ready to run and others had the processors do not count.
    """
    began = time.monotonic()
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stderr
        out, err = process.stdout.read(), process.stderr.read()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        took = time.monotonic() - began
        took -= held_up(process.pid)
    return subprocess.CompletedProcess(argv, process.returncode, out, err), took


def held_up(*pids: int) -> float:
    """Returns the seconds for which processes were ready to run and others had the processors, of a zombie too."""
    return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) for pid in pids) / 1e9

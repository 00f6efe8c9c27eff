"""A followed file that is rotated in every way while a process writes a burst to it: no line is lost or told twice."""

from __future__ import annotations

import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gastown_tui.observe.following import SETTLE_S, Follower

COUNT = 20_000
STEP = 40
# A file that is pruned keeps its last 5000 lines: nobody who is further behind could have them all.
AHEAD = 2000 // STEP

WRITER = """
import os, shutil, sys
path, kind, count, step, every = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
out = open(path, "ab", buffering=0)
for number in range(count):
    out.write(b"line %06d\\n" % number)
    if number % step == step - 1:
        os.write(1, b".")
        os.read(0, 1)
    if number % every == every - 1:
        turn = "%s.%d" % (path, number // every)
        if kind == "rename":
            os.rename(path, turn)
        elif kind == "copytruncate":
            shutil.copyfile(path, turn)
            os.truncate(path, 0)
        elif kind == "delete":
            os.unlink(path)
        else:
            with open(path, "rb") as file:
                kept = file.read().splitlines(True)[-5000:]
            with open(path if kind == "prune" else path + "~", "wb") as file:
                file.writelines(kept)
            if kind == "replace":
                os.rename(path + "~", path)
        if kind in ("rename", "delete", "replace"):
            out.close()
            out = open(path, "ab", buffering=0)
"""


class Writer:
    """A process that writes, and is never more than so many steps ahead of what was told."""

    def __init__(self, log: Path, kind: str, every: int) -> None:
        words = [sys.executable, "-c", WRITER, str(log), kind, *map(str, (COUNT, STEP, every))]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self._let = 0

    def go_on(self, told: int) -> None:
        assert self.process.stdin
        steps = min(AHEAD + told // STEP, COUNT // STEP) - self._let
        self.process.stdin.write(b"." * steps)
        self._let += steps

    def wait(self) -> None:
        """Waits until it wrote more, or a file that was rewritten may be decided about."""
        out = self.process.stdout
        assert out
        if select.select([out], [], [], SETTLE_S)[0]:
            out.read(COUNT)


@pytest.fixture
def writing(log: Path) -> Iterator[Callable[[str, int], Writer]]:
    started: list[Writer] = []

    def start(kind: str, every: int) -> Writer:
        started.append(Writer(log, kind, every))
        return started[-1]

    yield start
    for writer in started:
        writer.process.kill()
        writer.process.communicate()


@pytest.mark.parametrize(
    ("kind", "every"),
    [
        ("rename", 4000),
        ("rename", 300),
        ("copytruncate", 4000),
        ("copytruncate", 300),
        ("prune", 6000),
        ("replace", 6000),
        ("delete", 9000),
    ],
)
def test_a_rotation_while_a_burst_is_written(log: Path, kind: str, every: int, writing: Callable[[str, int], Writer]) -> None:
    log.touch()
    told: list[bytes] = []
    with closing(Follower(log)) as follower:
        follower.read(time.monotonic())
        writer = writing(kind, every)
        deadline = time.monotonic() + 60
        while len(told) < COUNT and time.monotonic() < deadline:
            writer.go_on(len(told))
            found, more = follower.read(time.monotonic())
            told += [raw for _, raw in found]
            if not more:
                writer.wait()
        assert writer.process.wait(10) == 0
        assert follower.read(time.monotonic() + SETTLE_S).lines == ()
    assert told == [b"line %06d" % number for number in range(COUNT)]

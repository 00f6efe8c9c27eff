"""A follower under test, with a clock of its own, and what writers and rotations do to its file."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from gastown_tui.observe.following import BLOCK, SETTLE_S, Follower


class Followed:
    """A follower, and what it told so far. `look` passes a second of its clock and takes what there is."""

    def __init__(self, path: Path, tail: int | None = None) -> None:
        self.follower = Follower(path, tail)
        self.now = 100.0
        self.told: list[str] = []
        self.places: list[int] = []

    def look(self, after: float = 1.0, most: int = BLOCK) -> list[str]:
        self.now += after
        new: list[str] = []
        more = True
        while more:
            found, more = self.follower.read(self.now, most)
            new += [raw.decode("utf-8", "replace") for _, raw in found]
            self.places += [offset for offset, _ in found]
        self.told += new
        return new

    def settle(self) -> list[str]:
        """Looks until a file that appeared or was rewritten is decided about."""
        return [*self.look(0.0), *self.look(SETTLE_S + 0.01), *self.look(0.0)]


def add(path: Path, *words: object) -> None:
    with path.open("a") as file:
        file.write("".join(f"{word}\n" for word in words))


def run(first: int, last: int) -> list[str]:
    """Returns numbered lines of unlike length, as a loop writes them."""
    return [f"line {number} {'x' * (number % 7)}" for number in range(first, last)]


def renamed(log: Path) -> None:
    log.rename(log.with_name("monitor.jsonl.1"))
    log.touch()


def copied_and_cut(log: Path) -> None:
    shutil.copyfile(log, log.with_name("monitor.jsonl.1"))
    os.truncate(log, 0)


def time_passes(log: Path) -> None:
    """Waits until the file system's clock, a few milliseconds coarse, gives files another time."""
    mark = log.with_name("clock")
    mark.touch()
    began = mark.stat().st_mtime_ns
    while mark.stat().st_mtime_ns == began:
        os.utime(mark)


def opened() -> int:
    """Returns how many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))

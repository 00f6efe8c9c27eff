"""`issues.jsonl`, which bd writes beside its database when it happens to run: as true as its stamp, and sometimes torn."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import NamedTuple

from gastown_tui.town.beads.bead import stamp
from gastown_tui.town.beads.reading import Skipped, read

from .databases import read_json

NAME = "issues.jsonl"
MOST_BYTES = 1 << 30
# A longer line is told as one that cannot be read.
MOST_LINE = 4 << 20
BATCH = 1 << 17
# A file that changed is left alone that long, or until it stands still from one look to the next.
WRITING_S = 1.0

Signature = tuple[int, int, int]
Keep = Callable[[bytes], bytes]
# By themselves: the collector looks through a list of so many again and again, and never through a dict of bytes.
Lines = dict[bytes, bytes]


class Reading(NamedTuple):
    """What an export says: its lines, and of when (wall seconds) that is. `said`: why it is not what it should be."""

    lines: Lines | None
    at: float | None = None
    said: str = ""


class Export:
    """The export of one database, read again when it changed. A torn one is only taken where there was no good one before."""

    def __init__(self, folder: str) -> None:
        self._path = f"{folder}/{NAME}"
        self._state = f"{folder}/export-state.json"
        self._seen: Signature | None = None
        self._read: Signature | None = None
        self._good = False
        self.said = ""

    def look(self, now: float, keep: Keep = bytes) -> Reading | None:
        """Returns what it says where that is new, else None; `said` tells what is wrong with it now."""
        found = signature(self._path)
        before, self._seen = self._seen, found
        if found is None:
            return self._missing()
        still = self._read is None or found == before or now - found[2] / 1e9 >= WRITING_S
        if found == self._read or not still:
            return None
        if self._good and found[1] == 0:
            self.said = f"{NAME} was emptied"
            return None
        self._read = found
        try:
            lines, torn = read_lines(self._path, keep)
        except (OSError, ValueError) as error:
            self.said = f"{NAME} cannot be read: {getattr(error, 'strerror', None) or error}"
            return None
        self.said = f"{NAME} ends early" if torn else ""
        if torn and self._good:
            return None
        self._good = not torn
        return Reading(lines, self._stamp(found), self.said)

    def _missing(self) -> Reading | None:
        """bd removes the file where it would be empty, and says so in its state."""
        state = read_json(self._state)
        if self._read is None and state.get("issues") == 0 and (at := stamp(state.get("timestamp"))) is not None:
            self._read, self._good = (0, 0, 0), True
            return Reading({}, at)
        self.said = f"{NAME} is gone" if self._good and self._read != (0, 0, 0) else ""
        return None

    def _stamp(self, found: Signature) -> float:
        """Returns of when it is: as its state says, unless the file was written by something else since."""
        told, written = stamp(read_json(self._state).get("timestamp")), found[2] / 1e9
        return told if told is not None and written - told < WRITING_S + 1.0 else written


def read_lines(path: str, keep: Keep = bytes, most: int = MOST_BYTES) -> tuple[Lines, bool]:
    """Returns (the lines that hold something, whether it ends within one).

    `keep` is given each line and returns the bytes to keep in its place. Raises OSError, and ValueError for what is no file.
    """
    with open(path, "rb", BATCH, opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("it is no regular file")
        if found.st_size > most:
            raise ValueError(f"it is larger than {most >> 20} MiB")
        lines, last = dict[bytes, bytes](), b"\n"
        for line in file:
            if not line.isspace():
                last = keep(line if len(line) <= MOST_LINE else line[:256])
                lines[last] = last
    return lines, not last.endswith(b"\n") and isinstance(read(last), Skipped)


def signature(path: str) -> Signature | None:
    """Returns what changes with a file: inode, size, when it was written (ns); None where there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns

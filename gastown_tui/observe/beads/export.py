"""`issues.jsonl`, which bd writes beside its database when it happens to run: as true as its stamp, and sometimes torn."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from gastown_tui.town.beads.bead import stamp
from gastown_tui.town.beads.reading import Skipped, read

from .databases import read_json

NAME = "issues.jsonl"
MOST_BYTES = 1 << 30
# A longer line is told as one that cannot be read.
MOST_LINE = 4 << 20
BATCH = 1 << 16
# A file that changed is left alone that long, or until it stands still from one look to the next.
WRITING_S = 1.0

Signature = tuple[int, int, int]


class Unreadable(Exception):  # noqa: N818 (it says what happened, as the others do)
    """What was read of it is not to be taken."""


class Reading(NamedTuple):
    """What a source says: its lines, of when (wall seconds) that is, and how many bytes.

    An export is read with its lines. Where they end with `Unreadable`, none of them counts.
    """

    lines: Iterable[bytes]
    at: float
    size: int


class Export:
    """The export of one database, read again when it changed. A torn one is only taken where there was no good one before."""

    def __init__(self, folder: str) -> None:
        self._path = f"{folder}/{NAME}"
        self._state = f"{folder}/export-state.json"
        self._seen: Signature | None = None
        self._read: Signature | None = None
        self._at: float | None = None
        self._good = self._taken = False
        self.said = ""

    def look(self, now: float) -> Reading | None:
        """Returns what it says where that is new, else None; `said` tells what is wrong with it, when its lines were read."""
        found = signature(self._path)
        before, self._seen = self._seen, found
        if found is None or (not found[1] and os.path.isfile(self._path)):
            return self._nothing("was emptied" if found else "is gone")
        still = self._read is None or found == before or now - found[2] / 1e9 >= WRITING_S
        if found == self._read or not still:
            return None
        self._read, self._at = found, self._stamp(found)
        return Reading(chain.from_iterable(self._lines()), self._at, found[1])

    def _nothing(self, what: str) -> Reading | None:
        """bd leaves no empty file: it removes it, and says so in its state. An empty one is gt's, of before the first export."""
        state = read_json(self._state)
        at = stamp(state.get("timestamp"))
        if state.get("issues") == 0 and at is not None and (self._at is None or at > self._at):
            self._read, self._at, self._good, self._taken, self.said = (0, 0, 0), at, True, True, ""
            return Reading((), at, 0)
        self.said = f"{NAME} {what}" if self._taken and self._read != (0, 0, 0) else ""
        return None

    def _lines(self) -> Iterator[list[bytes]]:
        """Yields lines, many at once: that takes least."""
        last = b""
        try:
            with open(self._path, "rb", BATCH, opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
                _check(os.fstat(file.fileno()))
                while lines := file.readlines(BATCH):
                    # A longer one than all that was asked for stands at their end.
                    lines[-1] = last = lines[-1] if len(lines[-1]) <= MOST_LINE else lines[-1][:256]
                    yield lines
        except (OSError, ValueError) as error:
            self.said = f"{NAME} cannot be read: {getattr(error, 'strerror', None) or error}"
            raise Unreadable from error
        torn = not last.endswith(b"\n") and bool(last.strip()) and isinstance(read(last), Skipped)
        self.said = f"{NAME} ends early" if torn else ""
        if torn and self._good:
            raise Unreadable
        self._good, self._taken = not torn, True

    def _stamp(self, found: Signature) -> float:
        """Returns of when it is: as its state says, unless the file was written by something else since."""
        told, written = stamp(read_json(self._state).get("timestamp")), found[2] / 1e9
        return told if told is not None and written - told < WRITING_S + 1.0 else written


def _check(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ValueError("it is no regular file")
    if found.st_size > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES >> 20} MiB")


def signature(path: str) -> Signature | None:
    """Returns what changes with a file: inode, size, when it was written (ns); None where there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns

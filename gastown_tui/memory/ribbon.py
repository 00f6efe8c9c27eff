"""The last day of one town, kept across runs: a file an hour, and in it a line for each minute in which a console looked.

    {"by":"5f3a90c1","minute":29920962,"cells":"3821…","from":298,"names":["gastown/crew/jack"]}

`cells` has two characters for each agent that this console has numbered in this file, in the order of their numbers: code and
activity, each as the character that many places behind "0". `names` are the agents numbered from `from` on. A minute without a
line is a gap. A line is one write at the end of the file, so two consoles need no lock; it begins with the line feed, so one
that is torn costs itself alone; whatever is no such line is passed over.
"""

from __future__ import annotations

import errno
import json
import os
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from gastown_tui.town.ribbon import CODES, DAY, MOST_ACTIVITY, MOST_AGENTS, Minute, Ribbon

from .documents import box_of, file_name, folder_identity, read_start

HOURS = DAY // 60
MOST_BYTES = 1 << 20
LONGEST_ID = 500
_ZERO = ord("0")
_CODES = bytes(byte - _ZERO if _ZERO <= byte < _ZERO + len(CODES) else 0 for byte in range(256))
_ACTIVITY = bytes(byte - _ZERO if _ZERO <= byte <= _ZERO + MOST_ACTIVITY else 0 for byte in range(256))
_Rows = defaultdict[str, tuple[list[bytes], list[bytes]]]
"""Codes and activity of each agent, hour by hour."""


def _new_rows() -> _Rows:
    gaps = [bytes(60)] * (HOURS + 1)
    return defaultdict(lambda: (gaps.copy(), gaps.copy()))


def kept_in_box(root: str) -> KeptDays | None:
    """Returns the past that a town in a box brought along, and takes with it; None where it brought none."""
    box = box_of(root)
    return KeptDays(box, root, boxed=True) if box else None


class KeptDays:
    """The files of the town at `root`. `boxed`: who made the folder removes it. `error`: why they cannot be written."""

    def __init__(self, state_dir: Path, root: str, *, boxed: bool = False) -> None:
        place = json.dumps([root, folder_identity(root)])
        self._folder = state_dir / "ribbon" / file_name(place)
        self._boxed = boxed
        self._by = ""
        self._hour = 0
        self._numbers: dict[str, int] = {}
        self.error: str | None = None

    def recall(self, minute: int) -> Ribbon:
        """Returns the day that ends with `minute`, of what every console kept; forgets what is older."""
        hours = range(minute // 60 - HOURS, minute // 60 + 1)
        self._prune(hours[-1])
        # Who wrote in the same hours is joined by the day: hour by hour it takes twice as long.
        layers: defaultdict[int, _Rows] = defaultdict(_new_rows)
        for index, hour in enumerate(hours):
            for layer, console in enumerate(_read(self._path(hour), hour, minute).values()):
                console.fill(layers[layer], index)
        ribbon = Ribbon()
        ribbon.turn(minute)
        for agent_id, (codes, activity) in chain.from_iterable(rows.items() for rows in layers.values()):
            ribbon.add(agent_id, hours[0] * 60, b"".join(codes), b"".join(activity))
        return ribbon

    def keep(self, minute: Minute) -> None:
        """Adds what was seen in a minute."""
        try:
            self._keep(minute)
            self.error = None
        except OSError as error:
            self.error = f"{self._folder} cannot be written: {error.strerror or error}"

    def _keep(self, minute: Minute) -> None:
        hour = minute.minute // 60
        if hour != self._hour:
            # A clock that is set back comes to a file in which others are numbered already.
            self._by, self._hour, self._numbers = os.urandom(4).hex(), hour, {}
            self._prune(hour)
        first = len(self._numbers)
        new = [agent_id for agent_id in minute.seen if agent_id not in self._numbers][: MOST_AGENTS - first]
        numbers = self._numbers | {agent_id: number for number, agent_id in enumerate(new, first)}
        pairs = (minute.seen.get(agent_id, (0, 0)) for agent_id in numbers)
        cells = bytes(_ZERO + value for pair in pairs for value in pair).decode()
        line = {"by": self._by, "minute": minute.minute, "cells": cells, "from": first, "names": new}
        self._append(self._path(hour), b"\n" + json.dumps(line, separators=(",", ":")).encode())
        self._numbers = numbers

    def _append(self, path: Path, line: bytes) -> None:
        path.parent.mkdir(mode=0o700, parents=not self._boxed, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        try:
            # More would not be read again.
            if os.fstat(descriptor).st_size + len(line) > MOST_BYTES:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            if os.write(descriptor, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(descriptor)

    def _path(self, hour: int) -> Path:
        return self._folder / f"{hour}.jsonl"

    def _prune(self, hour: int) -> None:
        """Removes the files of this and of other towns that are of no day any more."""
        for path in self._folder.parent.glob("*/*.jsonl"):
            if path.stem.isdecimal() and int(path.stem) < hour - HOURS:
                with suppress(OSError):
                    path.unlink()


@dataclass(slots=True)
class _Console:
    """What one console wrote into a file: its numbering, and the cells of each minute of the hour."""

    names: list[str] = field(default_factory=list)
    minutes: list[bytes] = field(default_factory=lambda: [b""] * 60)

    def fill(self, rows: _Rows, hour: int) -> None:
        """Puts its cells into the rows of the agents, as their hour of that index."""
        count = len(self.names)
        cells = b"".join(minute[: 2 * count].ljust(2 * count, b"0") for minute in self.minutes)
        codes, activity = cells[::2].translate(_CODES), cells[1::2].translate(_ACTIVITY)
        for number, agent_id in enumerate(self.names):
            row = rows[agent_id]
            row[0][hour], row[1][hour] = codes[number::count], activity[number::count]


def _read(path: Path, hour: int, latest: int) -> dict[str, _Console]:
    """Returns what each console wrote into a file; what is told of the time behind `latest` is of a clock that stood wrong."""
    consoles: dict[str, _Console] = {}
    for line in read_start(path, MOST_BYTES).decode("utf-8", "replace").split("\n"):
        with suppress(ValueError, RecursionError):
            match json.loads(line):
                case {"by": str(by), "minute": int(minute), "cells": str(cells), "from": int(first), "names": list(names)} if (
                    minute // 60 == hour and minute <= latest
                ):
                    console = consoles.setdefault(by, _Console())
                    if first == len(console.names):
                        console.names += [name[:LONGEST_ID] for name in names if isinstance(name, str)][: MOST_AGENTS - first]
                    console.minutes[minute % 60] = cells.encode("ascii", "replace")
    return consoles

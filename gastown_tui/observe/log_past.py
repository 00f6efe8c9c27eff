"""What stands before a line of a log: in its file, or at the end of the one that bore the name before. Read only, bounded."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from gastown_tui.town.lines import Line, Parser

from .following import LONGEST, SEARCHED_BYTES, Raw, is_generation, lines_of

EARLIER_BYTES = 1 << 20


def before(path: str, line: Line, most: int = EARLIER_BYTES) -> Sequence[Raw]:
    """Returns the whole lines in about `most` bytes before a line that was read of this log; none where no more are kept.

    The file is known by the line, which must stand at its offset: it may have been renamed, copied or cut meanwhile.
    """
    found = False
    for log in _logs(path):
        with suppress(OSError), _opened(log) as (descriptor, size):
            # What begins with the line as well is a copy of its file.
            if _holds(descriptor, line):
                if line.offset:
                    return _ending(descriptor, line.offset, most)
                found = True
            elif found and size:
                return _ending(descriptor, size, most)
    return ()


def _logs(path: str) -> list[str]:
    """Returns the log and what bore its name before, the newest first."""
    folder, name = os.path.split(path)
    olds = list[tuple[int, str]]()
    with suppress(OSError), os.scandir(folder or ".") as entries:
        for one in entries:
            with suppress(OSError):
                olds += [(one.stat().st_mtime_ns, one.path)] if is_generation(one.name, name) else []
    return [path, *(old for _, old in sorted(olds, reverse=True))]


@contextmanager
def _opened(path: str) -> Iterator[tuple[int, int]]:
    """Gives (descriptor, size) of a regular file. Raises OSError, and never waits."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        yield descriptor, found.st_size if stat.S_ISREG(found.st_mode) else 0
    finally:
        os.close(descriptor)


def _holds(descriptor: int, line: Line) -> bool:
    raw = os.pread(descriptor, LONGEST + 1, line.offset).partition(b"\n")[0]
    events = Parser().feed([(line.offset, raw)])[0]
    return line in events if line.raw is None else any(event.raw == line.raw for event in events)


def _ending(descriptor: int, end: int, most: int) -> Sequence[Raw]:
    """Returns the lines in about `most` bytes before a byte; one that is longer than that is taken whole."""
    begin = max(0, end - most)
    data = os.pread(descriptor, end - begin, begin)
    if begin and data.find(b"\n", 0, -1) < 0 and most < SEARCHED_BYTES:
        return _ending(descriptor, end, most * 2)
    cut = data.find(b"\n", 0, -1) + 1 if begin else 0
    data = data[cut:] if data.endswith(b"\n") else data[cut:] + b"\n"
    return tuple((at, raw[: LONGEST + 1]) for at, raw in lines_of(begin + cut, data))

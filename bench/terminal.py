"""A terminal that is always read, and knows when what was written."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

_SEQUENCE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_ASKS_FOR_SYNC, _HAS_SYNC = b"\x1b[?2026$p", b"\x1b[?2026;2$y"
DEADLINE = 20.0


def plain(data: bytes) -> bytes:
    """Returns what was written without colours; wherever the cursor was set begins a line."""
    return _SEQUENCE.sub(lambda found: b"\n" if found[0].endswith(b"H") else b"", data)


class Terminal:
    """A program on a pty of its own. `began` is when it was started (mono)."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], width: int = 200, height: int = 50) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self._chunks: list[tuple[float, bytes]] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self.began = time.monotonic()
        self.process = subprocess.Popen(argv, env=env, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)
        self._reader.start()

    def mark(self) -> int:
        """Returns the place behind what has been written so far."""
        with self._news:
            return len(self._chunks)

    def type(self, data: bytes) -> float:
        """Types, and returns when (mono)."""
        at = time.monotonic()
        os.write(self._master, data)
        return at

    def until(self, pattern: bytes, since: int = 0, seconds: float = DEADLINE) -> float:
        """Returns when (mono) the text, without its colours, held the pattern. Raises TimeoutError."""
        search = re.compile(pattern).search
        deadline = time.monotonic() + seconds
        with self._news:
            while True:
                if search(_SEQUENCE.sub(b"", self._since(since))):
                    return self._when(search, since)
                if self.process.poll() is not None or not self._news.wait(deadline - time.monotonic()):
                    raise TimeoutError(f"{pattern!r} never came; the last was {self._since(since)[-300:]!r}")

    def quiet(self, since: int, silence: float = 0.3, seconds: float = 5.0) -> int:
        """Returns how many bytes were written after the mark, once nothing came for `silence`, or `seconds` are over."""
        seen, deadline = -1, time.monotonic() + seconds
        while seen != (seen := self.mark()) and time.monotonic() < deadline:
            time.sleep(silence)
        return self.bytes(since)

    def bytes(self, since: int) -> int:
        """Returns how many bytes were written after the mark."""
        with self._news:
            return len(self._since(since))

    def text(self, since: int = 0) -> bytes:
        """Returns what was written after the mark, without its colours."""
        with self._news:
            return _SEQUENCE.sub(b"", self._since(since))

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(5)
        os.close(self._master)

    def _since(self, place: int) -> bytes:
        return b"".join(data for _, data in self._chunks[place:])

    def _when(self, search: Callable[[bytes], object], since: int) -> float:
        """Returns the time of the chunk that completed the pattern."""
        seen = b""
        for at, data in self._chunks[since:]:
            seen += data
            if search(_SEQUENCE.sub(b"", seen)):  # type: ignore[operator]
                return at
        raise AssertionError("it was there a moment ago")

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                return
            if _ASKS_FOR_SYNC in data:
                os.write(self._master, _HAS_SYNC)
            with self._news:
                self._chunks.append((time.monotonic(), data))
                self._news.notify_all()


@contextmanager
def terminal(argv: Sequence[str], env: Mapping[str, str], width: int = 200, height: int = 50) -> Iterator[Terminal]:
    """Gives a program on a terminal, and ends it afterwards."""
    running = Terminal([sys.executable, *argv], env, width, height)
    try:
        yield running
    finally:
        running.close()

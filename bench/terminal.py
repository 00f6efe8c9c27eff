"""A terminal that is always read: it knows what it shows, how many bytes that took, and when."""

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
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from unicodedata import east_asian_width

_TOKEN = re.compile(
    r"\x1b\[(?P<numbers>[0-?]*)[ -/]*(?P<final>[@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_][^\x1b]*\x1b\\|\x1b[^\[\]PX^_]"
    r"|(?P<control>[\x00-\x1a\x1c-\x1f])|(?P<text>[^\x00-\x1f]+)"
)
_ASKS_FOR_SYNC, _HAS_SYNC = b"\x1b[?2026$p", b"\x1b[?2026;2$y"
DEADLINE = 20.0


class Picture:
    """The text that a terminal shows, as far as Textual needs one: the cursor is set, text is put, the whole is cleared."""

    def __init__(self, width: int, height: int) -> None:
        self.rows = [[" "] * width for _ in range(height)]
        self._x = self._y = 0
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""

    def __str__(self) -> str:
        return "\n".join("".join(row) for row in self.rows)

    def feed(self, data: bytes) -> None:
        text, at = self._rest + self._decode(data), 0
        while token := _TOKEN.match(text, at):
            at = token.end()
            if token["text"]:
                self._put(token["text"])
            elif token["final"]:
                self._move(token["numbers"], token["final"])
            elif token["control"] == "\r":
                self._x = 0
            elif token["control"] == "\n":
                self._y += 1
        self._rest = text[at:]

    def _put(self, text: str) -> None:
        for letter in text:
            cells = [letter, ""] if east_asian_width(letter) in "WF" else [letter]
            if self._y < len(self.rows) and self._x + len(cells) <= len(self.rows[0]):
                self.rows[self._y][self._x : self._x + len(cells)] = cells
            self._x += len(cells)

    def _move(self, numbers: str, final: str) -> None:
        if final == "H":
            line, _, column = numbers.partition(";")
            self._y, self._x = int(line or 1) - 1, int(column or 1) - 1
        elif final == "J":
            self.rows = [[" "] * len(row) for row in self.rows]


class Terminal:
    """A program on a pty of its own. `began` is when it was started; all times are monotonic seconds."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], width: int = 200, height: int = 50) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.seen = bytearray()
        self._picture = Picture(width, height)
        self._wish: Callable[[], object] | None = None
        self._fulfilled = 0.0
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self.began = time.monotonic()
        self.process = subprocess.Popen(argv, env=env, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)
        self._reader.start()

    @property
    def screen(self) -> str:
        """The text on the screen."""
        with self._news:
            return str(self._picture)

    def type(self, data: bytes) -> float:
        """Types, and returns when."""
        at = time.monotonic()
        os.write(self._master, data)
        return at

    def shows(self, pattern: str, seconds: float = DEADLINE) -> float:
        """Returns when the picture came to hold the pattern. Raises TimeoutError."""
        search = re.compile(pattern).search
        return self.until(lambda: search(self.screen), seconds)

    def says(self, pattern: bytes, since: int = 0, seconds: float = DEADLINE) -> float:
        """Returns when the pattern had been written behind a place. Raises TimeoutError."""
        search = re.compile(pattern).search
        return self.until(lambda: search(self.seen, since), seconds)

    def writes(self, since: int) -> float:
        """Returns when anything was written behind a place. Raises TimeoutError."""
        return self.until(lambda: len(self.seen) > since)

    def until(self, wish: Callable[[], object], seconds: float = DEADLINE) -> float:
        """Returns when the wish came true, which is looked at with every piece that is read. Raises TimeoutError."""
        with self._news:
            if wish():
                return time.monotonic()
            self._wish = wish
            try:
                if not self._news.wait_for(lambda: self._wish is None, seconds):
                    raise TimeoutError(f"it did not come in {seconds:g} s; the screen:\n{self.screen}")
                return self._fulfilled
            finally:
                self._wish = None

    def quiet(self, since: int, silence: float = 0.3, seconds: float = 5.0) -> int:
        """Returns how many bytes were written behind a place, once nothing came for `silence`, or `seconds` are over."""
        length, deadline = -1, time.monotonic() + seconds
        while length != (length := len(self.seen)) and time.monotonic() < deadline:
            time.sleep(silence)
        return length - since

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(5)
        os.close(self._master)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                return
            at = time.monotonic()
            if _ASKS_FOR_SYNC in data:
                os.write(self._master, _HAS_SYNC)
            with self._news:
                self.seen += data
                self._picture.feed(data)
                if self._wish and self._wish():
                    self._wish, self._fulfilled = None, at
                    self._news.notify_all()


@contextmanager
def terminal(argv: Sequence[str], env: Mapping[str, str], width: int = 200, height: int = 50) -> Iterator[Terminal]:
    """Gives a program on a terminal, and ends it afterwards."""
    running = Terminal([sys.executable, *argv], env, width, height)
    try:
        yield running
    finally:
        running.close()

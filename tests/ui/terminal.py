"""A real terminal for the console: a pty that is drained and counted, as long as the test wants it drained."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

CHILD = Path(__file__).with_name("child.py")
RESTORED = b"\x1b[?1049l"
_DEADLINE = 60.0


class Terminal:
    """Runs the console of `child.py` on a pty of the given size."""

    def __init__(self, folder: Path, width: int = 200, height: int = 50, stderr: int | None = None, **env: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        orders, self._orders = os.pipe()
        unwanted = ("TMUX", "TMUX_PANE", "NO_COLOR", "TEXTUAL_THEME", "COLUMNS", "LINES")
        kept = {name: value for name, value in os.environ.items() if name not in unwanted}
        self.process = subprocess.Popen(
            [sys.executable, str(CHILD), str(folder), str(orders)],
            env={**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor", **env},
            stdin=slave,
            stdout=slave,
            stderr=slave if stderr is None else stderr,
            pass_fds=(orders,),
            start_new_session=True,
        )
        os.close(slave)
        os.close(orders)
        self.folder = folder
        self.seen = b""

    def drain(self, quiet: float = 0.3) -> bytes:
        """Reads until nothing has come for `quiet` seconds and the console does nothing, and returns what came."""
        start, deadline = len(self.seen), time.monotonic() + _DEADLINE
        while time.monotonic() < deadline:
            came = select.select([self.master], [], [], quiet)[0]
            if not (self._read() if came else self._runs()):
                break
        return self.seen[start:]

    def _runs(self) -> bool:
        """Whether a thread of the console runs, or would if the machine had time or its page for it."""
        return any(_state(stat) in "RD" for stat in Path(f"/proc/{self.process.pid}/task").glob("*/stat"))

    def until(self, text: bytes) -> None:
        """Reads until the text has been written."""
        deadline = time.monotonic() + _DEADLINE
        while text not in self.seen:
            assert time.monotonic() < deadline, f"{text!r} never came; the last was {self.seen[-300:]!r}"
            if select.select([self.master], [], [], 0.1)[0]:
                assert self._read(), f"the terminal was closed before {text!r}; the last was {self.seen[-300:]!r}"

    def settle(self) -> None:
        """Waits for the first full picture."""
        self.until(b"polecat rictus")
        self.drain()

    def order(self, word: str) -> None:
        os.write(self._orders, word.encode() + b"\n")

    def type(self, data: bytes) -> None:
        os.write(self.master, data)

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def stopped(self) -> None:
        """Waits until the process is stopped."""
        deadline = time.monotonic() + _DEADLINE
        while _state(Path(f"/proc/{self.process.pid}/stat")) != "T":
            assert time.monotonic() < deadline, "the console did not stop"
            time.sleep(0.02)

    def ends(self, *, reading: bool = True) -> int:
        """Waits for the end of the process, and returns its exit code."""
        deadline = time.monotonic() + _DEADLINE
        while (code := self.process.poll()) is None:
            assert time.monotonic() < deadline, "the console did not end"
            if reading and select.select([self.master], [], [], 0.05)[0]:
                self._read()
            elif not reading:
                time.sleep(0.05)
        if reading:
            self.drain(0.1)
        return code

    def fills_up(self) -> None:
        """Waits, without reading, until the kernel takes no more: its buffer holds 4 kB, one picture has more."""
        deadline = time.monotonic() + _DEADLINE
        while struct.unpack("i", fcntl.ioctl(self.master, termios.FIONREAD, b"\0" * 4))[0] < 4000:
            assert time.monotonic() < deadline, "the terminal's buffer never filled"
            time.sleep(0.02)

    def close(self) -> None:
        for descriptor in (self.master, self._orders):
            if descriptor >= 0:
                os.close(descriptor)
        self.master = self._orders = -1
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(30)

    def _read(self) -> bytes:
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return b""
        self.seen += data
        return data


def _state(stat: Path) -> str:
    """Returns a thread's state; X where it has ended, whatever the others do."""
    with contextlib.suppress(OSError):
        return stat.read_text().rpartition(")")[2].split()[0]
    return "X"


@contextlib.contextmanager
def showing(folder: Path, key: bytes = b"", text: str = "", width: int = 200, height: int = 50) -> Iterator[Terminal]:
    """The console on the screen behind a key, once that text is there and all is quiet."""
    running = Terminal(folder, width, height)
    try:
        running.settle()
        if key:
            running.type(key)
            running.until(text.encode())
            running.drain()
        yield running
    finally:
        running.close()

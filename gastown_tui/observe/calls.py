"""The one way to run an outside command: bounded in time, in a session of its own, reaped."""

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Self

_PIECE = 1 << 18
_MOST_COMPLAINTS = 1 << 16
# Whoever has closed both pipes is about to end.
_LAST_S = 1.0


class Done(NamedTuple):
    """A command that ended. `returncode` is negative for a signal."""

    returncode: int
    stdout: bytes
    stderr: bytes


class TimedOut(Exception):  # noqa: N818 (it says what happened, as the others do)
    """The command did not end within `seconds`; it and all of its process group were killed."""

    def __init__(self, argv: Sequence[str], seconds: float) -> None:
        super().__init__(f"{argv[0]} did not end within {seconds:g} s")
        self.seconds = seconds


class Call:
    """A running command; on leaving, it is killed with all of its process group where it still runs, and reaped.

    It gets a session of its own, so that neither Ctrl-C nor a hang-up of our terminal reaches it. Raises OSError where it
    cannot be started.
    """

    def __init__(
        self, argv: Sequence[str], *, env: Mapping[str, str], stdin: int = subprocess.PIPE, cwd: str | None = None
    ) -> None:
        self._argv = argv
        pipe = subprocess.PIPE
        self._child = subprocess.Popen(argv, stdin=stdin, stdout=pipe, stderr=pipe, env=env, cwd=cwd, start_new_session=True)
        self._untold = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        self._child.__exit__(None, None, None)

    @property
    def over(self) -> bool:
        """Returns whether it ended and all that it wrote was read."""
        return self._child.returncode is not None

    def heard(self, end: bytes, timeout: float) -> bytes:
        """Returns what it writes until that ends with `end`, or until it closes its stdout. Raises TimedOut."""
        assert self._child.stdout is not None
        said, source, deadline, ready = b"", self._child.stdout.fileno(), time.monotonic() + timeout, select.poll()
        ready.register(source, select.POLLIN)
        while not said.endswith(end):
            if not ready.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise TimedOut(self._argv, timeout)
            if not (piece := os.read(source, 65536)):
                break
            said += piece
        return said

    def tell(self, last: bytes) -> None:
        """Tells it `last` and nothing more, without waiting: what its pipe does not hold is told when it is waited for."""
        source = self._child.stdin
        assert source is not None
        os.set_blocking(source.fileno(), False)
        try:
            self._untold = last[os.write(source.fileno(), last) :]
        except (BlockingIOError, BrokenPipeError):
            self._untold = last
        if not self._untold:
            source.close()
            self._child.stdin = None

    def finished(self, timeout: float) -> Done:
        """Returns what it gives after it was told all. Raises TimedOut, and then it was killed."""
        try:
            stdout, stderr = self._child.communicate(self._untold, timeout)
        except subprocess.TimeoutExpired:
            self._end()
            raise TimedOut(self._argv, timeout) from None
        return Done(self._child.returncode, stdout, stderr)

    def poured(self, take: Callable[[bytes], None], timeout: float) -> tuple[int, bytes]:
        """Gives what it writes to `take`, piece by piece. Returns (its return code, the last that it complained of).

        Raises TimedOut, and what `take` raises; then it is killed on leaving.
        """
        assert self._child.stdout is not None and self._child.stderr is not None
        told, complaints = self._child.stdout.fileno(), self._child.stderr.fileno()
        deadline, complained, ready = time.monotonic() + timeout, b"", select.poll()
        open_pipes = {told, complaints}
        for pipe in open_pipes:
            ready.register(pipe, select.POLLIN)
        while open_pipes:
            answers = ready.poll(max(0.0, deadline - time.monotonic()) * 1000)
            if not answers:
                raise TimedOut(self._argv, timeout)
            for pipe, _ in answers:
                if not (piece := os.read(pipe, _PIECE)):
                    ready.unregister(pipe)
                    open_pipes.remove(pipe)
                elif pipe == told:
                    take(piece)
                else:
                    complained = (complained + piece)[-_MOST_COMPLAINTS:]
        try:
            return self._child.wait(max(0.0, deadline - time.monotonic()) + _LAST_S), complained
        except subprocess.TimeoutExpired:
            raise TimedOut(self._argv, timeout) from None

    def kill(self) -> None:
        """Kills it and all of its process group; may be called from any thread."""
        if not self.over:
            end_group(self._child.pid)

    def _end(self) -> None:
        # A child of the child may hold our pipes open: the whole group goes, and only while the pid is still ours.
        if not self.over:
            end_group(self._child.pid)
            self._child.wait()


def run(argv: Sequence[str], *, timeout: float, env: Mapping[str, str], input: bytes | None = None) -> Done:  # noqa: A002 (the name that subprocess gives it)
    """Returns what the command gave, at most `timeout` seconds later. Blocks: async callers go through a thread.

    Without `input` its stdin is /dev/null. Raises TimedOut, and OSError where it cannot be started.
    """
    with Call(argv, env=env, stdin=subprocess.DEVNULL if input is None else subprocess.PIPE) as call:
        if input is not None:
            call.tell(input)
        return call.finished(timeout)


def end_group(pid: int) -> None:
    """Kills the process group that a child of ours leads; one that is gone is no error."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)

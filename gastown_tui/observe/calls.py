"""The one way to run an outside command: bounded in time, in a session of its own, reaped."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import NamedTuple


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


def run(argv: Sequence[str], *, timeout: float, env: Mapping[str, str], input: bytes | None = None) -> Done:  # noqa: A002 (the name that subprocess gives it)
    """Returns what the command gave, at most `timeout` seconds later. Blocks: async callers go through a thread.

    Without `input` its stdin is /dev/null. It gets a session of its own, so that neither Ctrl-C nor a hang-up of our
    terminal reaches it and its whole group can be killed. Raises TimedOut, and OSError where it cannot be started.
    """
    stdin = subprocess.DEVNULL if input is None else subprocess.PIPE
    child = subprocess.Popen(
        argv, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, start_new_session=True, close_fds=True
    )
    with child:
        try:
            stdout, stderr = child.communicate(input, timeout)
        except subprocess.TimeoutExpired:
            raise TimedOut(argv, timeout) from None
        finally:
            # A child of the child may hold our pipes open: the whole group goes, and only while the pid is still ours.
            if child.returncode is None:
                end_group(child.pid)
        return Done(child.returncode, stdout, stderr)


def end_group(pid: int) -> None:
    """Kills the process group that a child of ours leads; one that is gone is no error."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)

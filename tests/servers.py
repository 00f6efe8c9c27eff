"""Private tmux servers that nothing else can see."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from libtmux import Server
from libtmux.exc import LibTmuxException
from waiting import wait_for

from gastown_tui.observe.tmux.versions import client_version, version

VERSION = version(client_version("tmux", os.environ)) or (99, 0)
"""Of the tmux on PATH, on which all tests run but for those that name another."""
ACROSS = "3.5a" if VERSION >= (3, 6) else "3.6b"
"""Of a tmux with which that one speaks in no control mode."""


class Tmux:
    """A tmux server of its own: private socket, no configuration, a plain shell. The server starts with the first session.

    Built with libtmux, of which only `cmd` and `kill` are used: its `new_session` takes no command in several words, asks tmux
    twice more, and its listings are split at a character that names of sessions here contain.
    """

    def __init__(self, folder: Path, program: str = "tmux", **env: str) -> None:
        self.folder = folder
        self._on_path = program == "tmux"
        self.name = f"t{uuid.uuid4().hex[:8]}"
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "SHELL": "/bin/sh",
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm-256color",
            "TMUX_TMPDIR": str(folder),
            **env,
        }
        # libtmux hands on the environment of the tests: its tmux is a script that does not.
        words = ["env", "-i", *(f"{name}={value}" for name, value in self.env.items()), program, "-u"]
        self._program = folder / f"{self.name}.sh"
        self._program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        self._program.chmod(0o700)

    @property
    def server(self) -> Server:
        """libtmux's view of the server that has the present name: a test may give another before the first session."""
        return Server(socket_name=self.name, config_file=os.devnull, tmux_bin=self._program)

    @property
    def socket(self) -> str:
        return str(self.folder / f"tmux-{os.getuid()}" / self.name)

    def cmd(self, *argv: str, check: bool = True) -> str:
        """Returns what `tmux <argv>` prints, empty lines at its end apart. Raises LibTmuxException unless `check` is False."""
        with limited():
            done = self.server.cmd(*argv)
        if check and done.returncode:
            raise LibTmuxException(f"{done.returncode}: {' '.join(done.stderr)}", subcommand=argv[0])
        return "\n".join(done.stdout)

    def new(
        self,
        session: str,
        *command: str,
        env: dict[str, str] | None = None,
        cwd: str | Path | None = None,
        size: str = "80x24",
        runs: str = "",
    ) -> str:
        """Starts a detached session and returns its pane's id; one string is a shell's line, no command at all sleeps.

        Returns once the pane's process has become `runs`, where that is given: until then it is a shell on its way.
        """
        wide, high = size.split("x")
        variables = [word for name, value in (env or {}).items() for word in ("-e", f"{name}={value}")]
        place = ["-c", str(cwd)] if cwd else []
        run = command or ("sleep", "3600")
        what = ["-P", "-F", "#{pane_id} #{pane_pid}", "-s", session, "-x", wide, "-y", high]
        # Before 3.3 a session is 80x23, whatever is asked for, unless windows are sized by hand; that crashes a later one.
        manual = ["set-option", "-g", "window-size", "manual", ";"] if self._on_path and VERSION < (3, 3) else []
        pane, pid = self.cmd(*manual, "new-session", "-d", *what, *variables, *place, *run).split()
        if becomes := runs or (not command and "sleep"):
            wait_for(lambda: Path(f"/proc/{pid}/comm").read_text() == f"{becomes}\n")
        return pane

    def get(self, target: str, fields: str) -> str:
        """Returns a format expanded for a pane id."""
        return self.cmd("display-message", "-p", "-t", target, fields)

    def clients(self) -> list[str]:
        return self.cmd("list-clients", "-F", "#{client_name}", check=False).split()

    def sessions(self) -> list[str]:
        return self.cmd("list-sessions", "-F", "#{session_name}", check=False).splitlines()

    @property
    def pid(self) -> int:
        """The server's process."""
        return int(self.cmd("display-message", "-p", "#{pid}"))

    @property
    def listens(self) -> bool:
        """Whether anybody answers at the socket; a tmux server removes it when it ends in peace."""
        with socket.socket(socket.AF_UNIX) as line:
            return line.connect_ex(self.socket) == 0

    def kill(self) -> None:
        """Ends the server, if there is one; returns when nobody listens any more: tmux lets its client go sooner."""
        with contextlib.suppress(TimeoutError), limited():
            self.server.kill()
            while self.listens:
                time.sleep(0.005)


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Stops a process meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def limited(seconds: int = 20) -> Iterator[None]:
    """Raises TimeoutError in what takes longer. Main thread only.

    `timeout` in the script cannot do it: libtmux reads to the end of pipes that a stopped server holds.
    """

    error: TimeoutError | None = None

    def late(*_: object) -> None:
        nonlocal error
        error = TimeoutError(f"it is not done within {seconds} s")
        raise error

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    if error is not None:
        # Whatever it was raised in may have kept it to itself.
        raise error

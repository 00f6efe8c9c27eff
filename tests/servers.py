"""Private tmux servers that nothing else can see."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import uuid
from pathlib import Path

from waiting import wait_for


class Tmux:
    """A tmux server of its own: private socket, no configuration, a plain shell. The server starts with the first session."""

    def __init__(self, folder: Path, program: str = "tmux") -> None:
        self.folder = folder
        self.program = program
        self.name = f"t{uuid.uuid4().hex[:8]}"
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "SHELL": "/bin/sh",
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm-256color",
            "TMUX_TMPDIR": str(folder),
        }

    @property
    def socket(self) -> str:
        return str(self.folder / f"tmux-{os.getuid()}" / self.name)

    def cmd(self, *argv: str, check: bool = True) -> str:
        """Returns what `tmux <argv>` prints, stripped of the last newline. Raises CalledProcessError unless `check` is False."""
        line = [self.program, "-u", "-L", self.name, "-f", "/dev/null", *argv]
        done = subprocess.run(line, env=self.env, capture_output=True, text=True, timeout=20, check=False)
        if check and done.returncode:
            raise subprocess.CalledProcessError(done.returncode, line, done.stdout, done.stderr)
        return done.stdout.removesuffix("\n")

    def new(
        self, session: str, *command: str, env: dict[str, str] | None = None, cwd: str | Path | None = None, size: str = "80x24"
    ) -> str:
        """Starts a detached session and returns its pane's id; one string is a shell's line, no command at all sleeps."""
        wide, high = size.split("x")
        variables = [word for name, value in (env or {}).items() for word in ("-e", f"{name}={value}")]
        place = ["-c", str(cwd)] if cwd else []
        run = command or ("sleep", "3600")
        argv = ["new-session", "-d", "-P", "-F", "#{pane_id}", "-s", session, "-x", wide, "-y", high, *variables, *place, *run]
        pane = self.cmd(*argv)
        if not command:
            wait_for(lambda: self.get(pane, "#{pane_current_command}") == "sleep")
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
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.cmd("kill-server", check=False)

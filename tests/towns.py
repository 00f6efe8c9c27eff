"""Hand-made towns: real files as Gas Town writes them, and real sessions whose programs are called like agents."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from servers import Tmux
from waiting import wait_for

from gastown_tui.observe.locate import Wanted
from gastown_tui.observe.processes import read_tree
from gastown_tui.town.snapshot import Moment

SLEEP = "exec claude 3600"


def clock() -> Moment:
    return Moment(time.time(), time.monotonic())


def utc(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class HandTown:
    """A town's folder and its sessions on a private server. `claude` there is a program that sleeps."""

    def __init__(self, tmux: Tmux, root: Path | None = None, *, registered: bool = True) -> None:
        self.tmux = tmux
        self.root = root or tmux.folder / "town"
        self.bin = tmux.folder / "bin"
        self.bin.mkdir(exist_ok=True)
        if not (self.bin / "claude").exists():
            (self.bin / "claude").symlink_to(shutil.which("sleep") or "/bin/sleep")
        self.root.mkdir(parents=True, exist_ok=True)
        if registered:
            self.write("mayor/town.json", {"type": "town", "version": 2, "name": self.root.name})
            self.register(alpha="al")

    def write(self, path: str, value: Any) -> Path:
        """Writes a file of the town: JSON, or text as it is."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(value if isinstance(value, str) else json.dumps(value))
        return file

    def register(self, **rigs: str) -> None:
        entries = {name.replace("_", "-"): {"beads": {"prefix": prefix}} for name, prefix in rigs.items()}
        self.write("mayor/rigs.json", {"version": 1, "rigs": entries})
        for name in entries:
            (self.root / name).mkdir(exist_ok=True)
            self.write(f".beads-wisp/config/{name}.json", {"rig": name, "values": {"status": "parked"}, "blocked": []})

    def log(self, what: str, wall: float | None = None) -> None:
        """Adds a line to town.log, in local time."""
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(wall))
        file = self.root / "logs/town.log"
        file.parent.mkdir(exist_ok=True)
        with file.open("a") as log:
            log.write(f"{stamp} {what}\n")

    def start(self, session: str, role: str = "", line: str = SLEEP, **env: str) -> str:
        """Starts a session as Gas Town does, its variables in the start command too; returns its pane.

        A line that ends as an agent is awaited to be one: a shell that has no processor for half a second is judged as a shell.
        """
        home = self.root / role if "/crew/" in role or "/polecats/" in role else self.root
        home.mkdir(parents=True, exist_ok=True)
        named = {"GT_ROLE": role, "GT_ROOT": str(self.root), "GT_AGENT": "claude", "GT_PROCESS_NAMES": "claude"}
        variables = {**named, "GT_SESSION": session, **env} if role else env
        words = " ".join(f"'{name}={value}'" for name, value in variables.items())
        path = f"PATH='{self.bin}':$PATH"
        runs = "claude" if line.endswith(SLEEP) else ""
        return self.tmux.new(session, f"exec env {path} {words} sh -c '{line}'", env=variables, cwd=home, runs=runs)

    def pid(self, pane: str) -> int:
        return int(self.tmux.get(pane, "#{pane_pid}"))

    def kill(self, session: str) -> None:
        """Kills the program of a session's pane; returns when the session is gone."""
        os.kill(int(self.tmux.cmd("display-message", "-p", "-t", f"={session}:", "#{pane_pid}")), signal.SIGKILL)
        wait_for(lambda: session not in self.tmux.sessions())

    def grown(self) -> bool:
        """Whether every process of a pane is old enough to be believed."""
        pids = self.tmux.cmd("list-panes", "-a", "-F", "#{pane_pid}", check=False).split()
        now = clock()
        found = [process for pid in pids for process in read_tree("", int(pid), now).processes[:1]]
        return all(process.started is not None and now.wall - process.started > 0.6 for process in found)

    def wanted(self, cwd: Path | None = None, *, town: str | None = None, socket: str | None = None, **environ: str) -> Wanted:
        surroundings = {**self.tmux.env, **environ}
        return Wanted(surroundings, cwd or self.tmux.folder, self.tmux.folder / "home", os.getuid(), town, socket)


def environment(tmux: Tmux, **more: str) -> dict[str, str]:
    """Returns the environment of the installed command: nothing of ours but what it needs."""
    return {**tmux.env, "HOME": str(tmux.folder / "home"), "XDG_STATE_HOME": str(tmux.folder / "state"), **more}


def argv(*words: str) -> list[str]:
    return [sys.executable, "-m", "gastown_tui", *words]


def gttui(tmux: Tmux, *words: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """Runs the installed command to its end; its output is no terminal."""
    return subprocess.run(
        argv(*words),
        env=environment(tmux, **env),
        cwd=cwd or tmux.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

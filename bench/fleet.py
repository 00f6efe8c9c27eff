"""A town to measure in: real tmux sessions on a private server, whose agents print exactly when they are told to."""

from __future__ import annotations

import itertools
import json
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from gastown_tui.demo.roster import Resident, residents, rigs

# The shell under an agent's name: it sleeps until a line comes and prints it, without a process per line.
PROGRAM = "claude"
AGENT = 'printf "● $GT_SESSION is ready\\n"; while read -r line; do printf "$line"; done'
CHATTER = "{} reading the next file of the list\\n"
# Ends the town with whoever measures in it, however that ends: the pipe is closed by then.
GUARD = 'read -r _; tmux -L bench kill-server; rm -rf -- "$0"'
BATCH = 16
DEADLINE = 20.0


def wait_for(condition: Callable[[], object], seconds: float = DEADLINE) -> None:
    """Waits until the condition holds. Raises TimeoutError after that many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"still waiting after {seconds:g} s")
        time.sleep(0.005)


class Fleet:
    """A town of `size` agents in panes of `pane` (columns, rows), its tmux server, and the writing end of every agent's voice."""

    def __init__(self, size: int, pane: tuple[int, int] = (80, 24)) -> None:
        self.people = tuple(replace(one, fate="lives", program=PROGRAM) for one in residents(size))
        self.pane = pane
        self.folder = Path(tempfile.mkdtemp(prefix="gtbench-"))
        self.root = self.folder / "gt"
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "SHELL": "/bin/sh",
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "TMUX_TMPDIR": str(self.folder),
            # What is measured is the package beside this one, also where another is installed.
            "PYTHONPATH": str(Path(__file__).parents[1]),
        }
        self.born = 0.0
        self.pid = 0
        self._voices: dict[str, int] = {}
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def options(self) -> list[str]:
        """What the command line needs to look at this town."""
        return ["--town", str(self.root), "--socket", str(self.folder / f"tmux-{os.getuid()}" / "bench")]

    def start(self) -> None:
        """Lays the town out and starts everybody."""
        line = ["sh", "-c", GUARD, str(self.folder)]
        self._guard = subprocess.Popen(
            line, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, env=self.env, start_new_session=True
        )
        self._lay_out()
        self.tmux(
            "start-server", ";", "set-option", "-s", "exit-empty", "off", ";", "set-option", "-g", "default-shell", "/bin/sh"
        )
        self.begin(self.people)
        self.pid = int(self.tmux("display-message", "-p", "#{pid}"))
        self.born = time.monotonic()

    def begin(self, people: Iterable[Resident]) -> None:
        """Starts these agents' sessions."""
        people = list(people)
        for batch in (people[at : at + BATCH] for at in range(0, len(people), BATCH)):
            self.tmux(*[word for one in batch for word in (*self._session(one), ";")][:-1])

    def tmux(self, *words: str) -> str:
        """Returns what the private server answers. Raises CalledProcessError."""
        line = ["tmux", "-u", "-L", "bench", "-f", "/dev/null", *words]
        return subprocess.run(line, env=self.env, capture_output=True, text=True, timeout=DEADLINE, check=True).stdout

    def say(self, one: Resident, text: str) -> None:
        """Makes an agent print; backslashes are read as `printf` reads them."""
        os.write(self._voices[one.session], text.encode() + b"\n")

    def pids(self) -> dict[str, int]:
        """Returns the process of every session."""
        listed = self.tmux("list-panes", "-a", "-F", "#{session_name} #{pane_pid}").splitlines()
        return {session: int(pid) for session, pid in map(str.split, listed)}

    @contextmanager
    def chatter(self, people: Sequence[Resident], text: str = CHATTER, rate: float = 1.0) -> Iterator[None]:
        """While it lasts, each of these agents prints a line `rate` times a second, one after the other."""
        over = threading.Event()

        def talk() -> None:
            began = time.monotonic()
            for number, one in enumerate(itertools.cycle(people)):
                if over.wait(max(0.0, began + number / len(people) / rate - time.monotonic())):
                    return
                self.say(one, text.format(number))

        talking = threading.Thread(target=talk, daemon=True)
        if people:
            talking.start()
        try:
            yield
        finally:
            over.set()
            if people:
                talking.join()

    def stop(self) -> None:
        """Ends the server with all its agents, and removes the folder."""
        for voice in self._voices.values():
            os.close(voice)
        if self._guard:
            with suppress(subprocess.TimeoutExpired):
                self._guard.communicate(timeout=DEADLINE)

    def _lay_out(self) -> None:
        for folder in ("bin", "mayor", "voices", *(one.home for one in self.people)):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(shutil.which("dash") or "/bin/sh", self.root / "bin" / PROGRAM)
        registry = {rig.name: {"beads": {"prefix": rig.prefix}} for rig in rigs(len(self.people))}
        (self.root / "mayor/town.json").write_text(json.dumps({"type": "town", "version": 2, "name": "bench"}))
        (self.root / "mayor/rigs.json").write_text(json.dumps({"version": 1, "rigs": registry}))
        for one in self.people:
            os.mkfifo(self._voice(one))
            self._voices[one.session] = os.open(self._voice(one), os.O_RDWR | os.O_CLOEXEC)

    def _voice(self, one: Resident) -> Path:
        return self.root / "voices" / one.session

    def _session(self, one: Resident) -> list[str]:
        variables = [f"{name}={value}" for name, value in one.environment(str(self.root)).items()]
        program = shlex.join([*variables, str(self.root / "bin" / PROGRAM), "-c", AGENT])
        width, height = map(str, self.pane)
        place = ["-s", one.session, "-x", width, "-y", height, "-c", str(self.root / one.home)]
        environment = [word for variable in variables for word in ("-e", variable)]
        return ["new-session", "-d", *place, *environment, f"exec env {program} <>{shlex.quote(str(self._voice(one)))}"]


@contextmanager
def fleets(*sizes: int) -> Iterator[dict[int, Fleet]]:
    """Gives towns of these sizes, all standing; ends them afterwards."""
    made = {size: Fleet(size) for size in sizes}
    try:
        for fleet in made.values():
            fleet.start()
        yield made
    finally:
        for fleet in made.values():
            fleet.stop()


def kill(pid: int) -> float:
    """Kills a process, and returns when (mono)."""
    at = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    return at

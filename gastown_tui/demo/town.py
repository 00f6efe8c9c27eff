"""The demo town itself: the files that Gas Town would write, and tmux sessions built with libtmux."""

from __future__ import annotations

import json
import os
import py_compile
import random
import shlex
import signal
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from libtmux import Server
from libtmux.exc import TmuxCommandNotFound

from gastown_tui.memory.documents import BOXED
from gastown_tui.memory.ribbon import KeptDays

from .automonitor import FOLDER, Automonitor
from .beads import Exports
from .chatter import event_line
from .past import Past
from .roster import Resident, rigs

AGENT = Path(__file__).with_name("agent.py")
# tmux refuses a command of more than 16 kB; several sessions made by one command cost one process.
COMMAND_BYTES = 12_000
EVENTS = ".events.jsonl"
RESPAWN = (
    "run-shell -b \"sleep 3 && tmux -L {socket} list-panes -t '{session}' -F '##{{pane_dead}}' 2>/dev/null | grep -q 1"
    " && tmux -L {socket} respawn-pane -k -t '{session}'"
    " && tmux -L {socket} set-option -t '{session}' remain-on-exit on || true\""
)


class DemoError(Exception):
    """tmux did not do what the demo town needs."""


class Removed(Exception):  # noqa: N818 (it says what happened)
    """Somebody removed the demo town's folder."""


def stamp(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class DemoTown:
    """A town below `root`, whose tmux server listens on `socket`. `clock` returns wall seconds; `speed` scales its life.

    Raises ValueError for a speed that is not above 0.
    """

    def __init__(
        self,
        root: Path,
        socket: Path,
        people: tuple[Resident, ...],
        *,
        seed: int = 0,
        speed: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not speed > 0:
            raise ValueError(f"a speed is above 0, not {speed:g}")
        self.root, self.socket, self.people = root, socket, people
        self.seed, self.speed, self.clock = seed, speed, clock
        self.dice = random.Random(seed)
        self.pids: dict[str, int] = {}
        # Beside the town, which holds nothing that a real one does not: what each agent plays, for whoever wants to compare.
        self.plays = root.parent / "plays"
        self.monitor = Automonitor(people, self, seed=seed)
        self.beads = Exports(root, people, clock(), seed=seed, runs=self._runs)
        self._server = Server(socket_name=socket.name, config_file=os.devnull)

    def build(self, period: float) -> None:
        """Writes the town's files and its past, and starts everyone; returns once the dead are dead.

        `period`: the daemon's, in seconds.
        """
        self._lay_out(period)
        self._invent()
        self._tmux(
            *("start-server", ";", "set-option", "-s", "exit-empty", "off", ";", "set-option", "-g", "default-shell", "/bin/sh"),
            *(";", "set-environment", "-g", "GT_TOWN_ROOT", str(self.root)),
        )
        self.start(self.people, fresh=False)
        self.beads.write(self.clock())
        for turn in range(500):
            if all(map(self._fallen, self.people)):
                return
            if turn % 25 == 24:
                self.reap()
            time.sleep(0.02)

    def reap(self) -> None:
        """Makes tmux notice who has ended: before 3.6 it can miss that while utempter runs, until another child ends."""
        self._tmux("run-shell", "-b", "sleep 0.2", missing_ok=True)

    def start(self, people: Iterable[Resident], *, fresh: bool = True) -> None:
        """Starts these agents; a `fresh` one lives, whatever its fate was. Raises DemoError."""
        for batch in _batches([(one, self._session(one, fresh)) for one in people]):
            words = [word for _, words in batch for word in (*words, ";")][:-1]
            pids = dict(line.split() for line in self._tmux(*words))
            for one, _ in batch:
                self._started(one, int(pids[one.session]))

    def now(self) -> float:
        return self.clock()

    def born(self) -> dict[str, float]:
        """Returns session -> when it was made, in wall seconds, for all of them; none where the server is gone."""
        lines = self._tmux("list-sessions", "-F", "#{session_created} #{session_name}", missing_ok=True)
        return {session: float(made) for made, session in (line.split(" ", 1) for line in lines)}

    def restart(self, one: Resident) -> None:
        """Ends an agent's session, where it has one, and makes it anew. Raises DemoError."""
        self._tmux("kill-session", "-t", f"={one.session}", missing_ok=True)
        self.start([one])

    def record(self, kind: str, actor: str, payload: Mapping[str, Any]) -> None:
        """Writes one of the town's events, as gt does."""
        with (self.root / EVENTS).open("a") as events:
            events.write(event_line(self.clock(), kind, actor, payload))

    def crash(self, one: Resident, *, killed: bool) -> None:
        """Ends an agent as agents end: killed from outside, or failing with 1."""
        pid = self._pane_pid(one)
        if pid is not None:
            # tmux before 3.6 can show as running whom it has not yet missed: ended already is as good as ended now.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if killed else signal.SIGINT)
            self.reap()

    def daemon_beat(self, number: int, started: float) -> None:
        """Writes what the daemon and the deacon leave at each heartbeat."""
        self.beads.write(self.clock())
        now = stamp(self.clock())
        state = {
            "running": True,
            "pid": os.getpid(),
            "started_at": stamp(started),
            "last_heartbeat": now,
            "heartbeat_count": number,
        }
        self._write("daemon/state.json", state)
        self._write("deacon/heartbeat.json", {"timestamp": now, "cycle": number, "last_action": f"patrol cycle {number}"})

    def write(self, name: str, text: str, *, more: bool = False) -> None:
        """Writes one of the automonitor's files in place, or more of it."""
        path = self.root / FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if more else "w", encoding="utf-8") as file:
            file.write(text)

    def remove(self, name: str) -> None:
        """Removes one of the automonitor's files."""
        (self.root / FOLDER / name).unlink(missing_ok=True)

    def _lay_out(self, period: float) -> None:
        folders = (
            "bin",
            "daemon",
            "deacon",
            "mayor",
            ".runtime/pids",
            ".runtime/heartbeats",
            *(one.home for one in self.people),
        )
        for folder in folders:
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        self.plays.mkdir()
        # An agent is told by the name of its process: the interpreter, under that name.
        for process in {one.process for one in self.people}:
            (self.root / "bin" / process).symlink_to(Path(sys.executable).resolve())
        # Compiled once, not by each of hundreds: that is half of a start's work, and a quarter of its memory.
        py_compile.compile(str(AGENT), str(self.root / "bin/agent.pyc"), doraise=True)
        (self.root / "bin/scenes").symlink_to(AGENT.with_name("scenes"))
        now = stamp(self.clock())
        registry = {rig.name: {"added_at": now, "beads": {"repo": "", "prefix": rig.prefix}} for rig in rigs(len(self.people))}
        self._write("mayor/town.json", {"type": "town", "version": 2, "name": "demo", "created_at": now})
        self._write("mayor/rigs.json", {"version": 1, "rigs": registry})
        heartbeat = {"enabled": True, "interval": f"{period:g}s"}
        self._write("mayor/daemon.json", {"type": "daemon-patrol-config", "version": 1, "heartbeat": heartbeat})
        (self.root / "daemon/daemon.pid").write_text(f"{os.getpid()}\n{self.dice.getrandbits(64):016x}")

    def _invent(self) -> None:
        """Writes what happened before: into the town, and beside it what a console would remember."""
        past = self.monitor.world = Past(self.people, self.clock(), seed=self.seed)
        (self.root / EVENTS).write_text(past.run(self.monitor))
        for name, texts in past.pages.items():
            self.write(name, "".join(texts))
            os.utime(self.root / FOLDER / name, (past.last_s, past.last_s))
        past.remember(KeptDays(self.root.parent / BOXED, str(self.root)))
        self.monitor.world = self

    def _write(self, name: str, value: dict[str, Any]) -> None:
        path = self.root / name
        new = path.with_name(path.name + ".new")
        new.write_text(json.dumps(value, indent=2))
        new.replace(path)

    def _session(self, one: Resident, fresh: bool) -> tuple[str, ...]:
        """Returns the tmux command that makes this agent's session, environment and start command as Gas Town writes them."""
        variables = [f"{name}={value}" for name, value in one.environment(str(self.root)).items()]
        fate = "lives" if fresh else one.fate
        program = [str(self.root / "bin" / one.process), "-ISB", str(self.root / "bin/agent.pyc")]
        mood = one.mood if fate == "lives" else fate
        agent = [*program, str(self.dice.getrandbits(32)), f"{self.speed:g}", one.bead or "-", mood]
        if fate == "zombie":
            agent = ["/bin/sh", "-c", f"{shlex.join(agent)}; exec sh"]
        place = ("-s", one.session, "-x", "80", "-y", "24", "-c", str(self.root / one.home))
        environment = [word for variable in variables for word in ("-e", variable)]
        made = ("new-session", "-d", "-P", "-F", "#{session_name} #{pane_pid}", *place, *environment)
        return (*made, f"exec env {shlex.join([*variables, *agent])}", *(self._hook(one.session) if one.respawns else ()))

    def _hook(self, session: str) -> tuple[str, ...]:
        target = ("-w", "-t", f"={session}:")
        command = RESPAWN.format(socket=self.socket.name, session=session)
        return (";", "set-option", *target, "remain-on-exit", "on", ";", "set-hook", *target, "pane-died", command)

    def _started(self, one: Resident, pid: int) -> None:
        """Writes what a start leaves: a line in the events, and but for the town's own two a pid file with `ps`'s start time."""
        self.pids[one.session] = pid
        now = self.clock()
        payload = {
            "actor_pid": f"{one.address}-{pid}",
            "cwd": str(self.root / one.home),
            "role": one.address,
            "session_id": str(uuid.UUID(int=self.dice.getrandbits(128), version=4)),
        }
        self.record("session_start", one.address, payload)
        if one.rig:
            (self.root / f".runtime/pids/{one.session}.pid").write_text(f"{pid}|{time.ctime(now)}\n")

    def _fallen(self, one: Resident) -> bool:
        """Whether an agent has met its fate: the dead one's process is gone, the zombie's is a bare shell."""
        try:
            command = Path(f"/proc/{self.pids[one.session]}/cmdline").read_bytes()
        except OSError:
            return one.fate == "dead"
        return one.fate == "lives" or (one.fate == "zombie" and command == b"sh\0")

    def _runs(self, one: Resident) -> bool:
        return Path(f"/proc/{self.pids.get(one.session)}").exists()

    def _pane_pid(self, one: Resident) -> int | None:
        pids = self._tmux(
            "list-panes", "-t", f"={one.session}:", "-f", "#{==:#{pane_dead},0}", "-F", "#{pane_pid}", missing_ok=True
        )
        return int(pids[0]) if pids else None

    def _tmux(self, *words: str, missing_ok: bool = False) -> list[str]:
        try:
            done = self._server.cmd(*words)
        except TmuxCommandNotFound as error:
            raise DemoError("tmux is not on PATH") from error
        if done.returncode and not missing_ok:
            raise DemoError("tmux refused: " + " ".join(done.stderr))
        return done.stdout


def _batches(commands: list[tuple[Resident, tuple[str, ...]]]) -> Iterator[list[tuple[Resident, tuple[str, ...]]]]:
    batch: list[tuple[Resident, tuple[str, ...]]] = []
    size = 0
    for one, words in commands:
        length = sum(len(word.encode()) + 1 for word in words)
        if batch and size + length > COMMAND_BYTES:
            yield batch
            batch, size = [], 0
        batch.append((one, words))
        size += length
    if batch:
        yield batch

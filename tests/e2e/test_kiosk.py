"""The kiosk and the console that only reads: every key pressed, every question to tmux read, every file compared."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import stat
import string
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import Tmux
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from towns import HandTown, argv, environment

Wait = Callable[..., Any]
PROJECT = Path(__file__).parents[2]
READING = {
    "list-panes",
    "list-sessions",
    "list-windows",
    "list-clients",
    "capture-pane",
    "display-message",
    "show-environment",
    "show-options",
    "has-session",
}
QUIT, LEAVE, INTERRUPT, ESCAPE, PALETTE = "\x1c", "q", "\x03", "\x1b", "\x10"
# What leads to each screen of the console, and what it shows once all that was typed before is done.
SCREENS, MARK = ("1", "2", "3", "4", "5", " ", "?", ":"), "mark"
PASTE = "\x1b[200~q\nexit\n\x03:quit\n\x1b[201~"
MOUSE = [f"\x1b[<{button};{x};{y}{way}" for button in (0, 1, 2, 64, 65) for x, y in ((3, 2), (40, 12), (100, 30)) for way in "Mm"]
X10 = ["\x1b[M !!", "\x1b[M#!!", "\x1b[M`AA"]
KITTY = [f"\x1b[{code};{held}u" for code in (13, 27, 97, 110, 114) for held in (1, 3, 5, 9)]
FOCUS = ["\x1b[O", "\x1b[I"]


def keys(*without: str) -> list[str]:
    """Everything that a terminal can send for keys, mouse, focus and paste, in the end a paste that looks like commands."""
    sent = [*ANSI_SEQUENCES_KEYS, *string.printable, *map(chr, range(32)), *MOUSE, *X10, *KITTY, *FOCUS, PASTE]
    return [one for one in dict.fromkeys(sent) if one not in without]


class Shim:
    """A `tmux` first on PATH that writes down what it is asked, in arguments and on its stdin, before it asks the real one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "shim"
        self.folder.mkdir()
        self._asked, self._told = self.folder / "asked", self.folder / "told"
        script = self.folder / "tmux"
        script.write_text(
            f"#!/bin/sh\n{{ printf '%s\\037' \"$@\"; echo; }} >>'{self._asked}'\n"
            f"exec 3<&0\ntee -a '{self._told}' <&3 | '{shutil.which('tmux')}' \"$@\"\n"
        )
        script.chmod(0o700)

    @property
    def connected(self) -> bool:
        return "-C\037" in self._asked.read_text()

    def commands(self) -> Iterator[list[str]]:
        """Yields every command that reached tmux, as words."""
        for line in _whole_lines(self._asked):
            yield from _parted(_without_options(line.split("\037")[:-1]))
        for line in _whole_lines(self._told):
            yield from (shlex.split(one) for one in line.split(" ; "))

    def forbidden(self) -> list[list[str]]:
        """Returns the commands that do more than read and keep a session of our own."""
        return [words for words in self.commands() if not _may(words)]


def _whole_lines(path: Path) -> list[str]:
    """What is being written while it is read is read the next time."""
    return path.read_text().rpartition("\n")[0].splitlines()


def _without_options(words: list[str]) -> list[str]:
    words = list(words)
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option in ("-S", "-L", "-f"):
            words.pop(0)
    return words


def _parted(words: list[str]) -> Iterator[list[str]]:
    while words:
        end = words.index(";") if ";" in words else len(words)
        yield words[:end]
        words = words[end + 1 :]


def _may(words: list[str]) -> bool:
    match words:
        case [] | ["source-file", "-"]:
            return True
        case ["if-shell", "-F", "1", nested]:
            return all(_may(shlex.split(one)) for one in nested.split(" ; "))
        case ["new-session", "-E", "-s", session, *_, "cat", lifeline]:
            return session.startswith("_gttui-") and lifeline.startswith("/proc/")
        case ["set-option", *rest]:
            return any(word.startswith("=_gttui-") for word in rest)
    return words[0] in READING


class Desk:
    """A terminal in front of which somebody stands who presses everything."""

    def __init__(self, tmux: Tmux, town: HandTown, wait_for: Wait, path: str) -> None:
        self._tmux, self._town, self._wait_for = tmux, town, wait_for
        self.env = environment(town.tmux, PATH=path, XDG_CONFIG_HOME=str(town.tmux.folder / "config"), COLORTERM="truecolor")

    def runs(self, *words: str, place: tuple[str, ...] | None = None, size: str = "120x32") -> None:
        where = ("--town", str(self._town.root), "--socket", self._town.tmux.socket) if place is None else place
        command = shlex.join(["env", "-i", *(f"{name}={value}" for name, value in self.env.items()), *argv(*words, *where)])
        self._tmux.new("desk", f"{command}; echo ended with $?; exec cat", size=size)

    @property
    def screen(self) -> str:
        return self._tmux.cmd("capture-pane", "-p", "-t", "=desk:")

    def shows(self, *texts: str, timeout: float = 30.0) -> str:
        self._wait_for(lambda: all(text in self.screen for text in texts), timeout=timeout)
        return self.screen

    def send(self, texts: list[str]) -> None:
        """Types bytes as they are, in packets as a line would bring them."""
        data = "".join(texts).encode()
        for at in range(0, len(data), 400):
            self._tmux.cmd("send-keys", "-t", "=desk:", "-H", *(f"{byte:02x}" for byte in data[at : at + 400]))

    def resize(self, width: int, height: int) -> None:
        self._tmux.cmd("resize-window", "-t", "=desk:", "-x", str(width), "-y", str(height))

    def close(self) -> None:
        self._tmux.cmd("kill-session", "-t", "=desk")

    @property
    def pid(self) -> int:
        """The process of the command under test."""
        shell = self._tmux.cmd("display-message", "-p", "-t", "=desk:", "#{pane_pid}")
        return int(subprocess.run(["pgrep", "-P", shell], capture_output=True, text=True, check=True).stdout.split()[0])


@pytest.fixture
def town(tmux: Tmux) -> HandTown:
    made = HandTown(tmux)
    made.write("settings/automonitor/state.json", {"cycle_count": 3})
    line = {"ts": "2026-11-21T10:00:00Z", "level": "INFO", "component": "monitor", "message": "Cycle 3 started"}
    made.write("settings/automonitor/monitor.jsonl", json.dumps(line, separators=(",", ":")) + "\n")
    folder = tmux.folder / "config/gastown-tui"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('[kiosk]\nseconds = 2\nleave_key = "f12"\n')
    for name in ("emma", "jack"):
        made.start(f"al-crew-{name}", f"alpha/crew/{name}", f"echo I am {name} with ghp_0123456789abcdefghij; exec claude 3600")
    return made


@pytest.fixture
def shim(tmux: Tmux) -> Shim:
    return Shim(tmux.folder)


@pytest.fixture
def desk(new_tmux: Callable[..., Tmux], town: HandTown, shim: Shim, wait_for: Wait) -> Desk:
    return Desk(new_tmux(), town, wait_for, f"{shim.folder}:{os.environ['PATH']}")


def tree(root: Path) -> dict[str, tuple[int, int, bytes]]:
    """Returns all that a folder holds: kind and rights, when it was changed, and what is in it."""
    return {
        str(path.relative_to(root)): (
            (at := path.lstat()).st_mode,
            at.st_mtime_ns,
            path.read_bytes() if stat.S_ISREG(at.st_mode) else b"",
        )
        for path in sorted(root.rglob("*"))
    }


@pytest.mark.parametrize("backend", ["control", "fork"])
def test_nobody_changes_anything_at_the_kiosk(town: HandTown, shim: Shim, desk: Desk, wait_for: Wait, backend: str) -> None:
    before, sessions = tree(town.root), sorted(town.tmux.sessions())
    desk.runs("kiosk", "--backend", backend)
    desk.shows("2 alive", "locked · Ctrl+\\ or F12 leaves", "I am emma with ••••••••")
    everything = keys(QUIT, *(text for text, names in ANSI_SEQUENCES_KEYS.items() if _is(names, "f12")))
    for sign in ("╭─", "agent ", "nobody needs you", "log"):
        desk.shows(sign, "locked")
        desk.send(everything)
    desk.shows("2 alive", "╭─", "locked")
    assert (tree(town.root), sorted(one for one in town.tmux.sessions() if not one.startswith("_gttui"))) == (before, sessions)
    assert shim.forbidden() == [] and shim.connected == (backend == "control")
    kept = {path.name for path in (town.tmux.folder / "state").rglob("*") if path.is_file()}
    assert not any(word in name for name in kept for word in ("ack", "look")), "what a person does is kept by consoles alone"
    desk.send([QUIT])
    desk.shows("ended with 0")
    wait_for(lambda: sorted(town.tmux.sessions()) == sessions)
    assert shim.forbidden() == []


def _is(names: Any, key: str) -> bool:
    return isinstance(names, tuple) and any(name.value == key for name in names)


@pytest.mark.parametrize("backend", ["control", "fork"])
def test_nobody_changes_anything_in_a_console_that_only_reads(
    town: HandTown, shim: Shim, desk: Desk, wait_for: Wait, backend: str
) -> None:
    before, sessions = tree(town.root), sorted(town.tmux.sessions())
    everything = keys(LEAVE, INTERRUPT)
    desk.runs("--read-only", "--backend", backend)
    desk.shows("2 alive", "▣ read-only")
    for screen in SCREENS:
        desk.send([screen, *everything, PALETTE, MARK])
        desk.shows(MARK)
        desk.send([ESCAPE])
        wait_for(lambda: MARK not in desk.screen)
    desk.send([INTERRUPT])
    desk.shows("ended with 0")
    wait_for(lambda: sorted(town.tmux.sessions()) == sessions)
    assert tree(town.root) == before
    assert shim.forbidden() == [] and shim.connected == (backend == "control")


def test_the_shim_would_tell(tmux: Tmux, shim: Shim, town: HandTown) -> None:
    def ask(*words: str, told: bytes = b"") -> None:
        line = [str(shim.folder / "tmux"), "-S", tmux.socket, *words]
        subprocess.run(line, env=tmux.env, input=told, capture_output=True, check=False, timeout=10)

    ask("send-keys", "-t", "=al-crew-emma:", "-l", "x")
    ask("list-panes", ";", "kill-session", "-t", "=nobody")
    ask("if-shell", "-F", "1", "list-panes ; respawn-pane -t %99", ";", "source-file", "-", told=b"rename-session -t =nobody x\n")
    assert [words[0] for words in shim.forbidden()] == ["send-keys", "kill-session", "if-shell", "rename-session"]


def test_the_kiosk_comes_back_from_everything(tmux: Tmux, town: HandTown, desk: Desk, wait_for: Wait) -> None:
    """No town, a town, its server killed, another server, the folder moved away and back, a terminal of one cell."""
    away = town.root.with_name("away")
    town.root.rename(away)
    tmux.kill()
    desk.runs("kiosk")
    desk.shows("locked", "What was tried")
    away.rename(town.root)
    town.start("al-crew-emma", "alpha/crew/emma")
    desk.shows("1 alive", "locked", "emma")
    for size in ((1, 1), (300, 9), (12, 60), (200, 60), (120, 32)):
        desk.resize(*size)
    desk.shows("1 alive", "locked", "emma")
    os.kill(tmux.pid, signal.SIGKILL)
    wait_for(lambda: "1 alive" not in (shown := desk.screen) and "locked" in shown, timeout=30)
    town.start("al-crew-emma", "alpha/crew/emma")
    desk.shows("1 alive", "locked", "emma")
    shutil.copytree(town.root, away, symlinks=True)
    shutil.rmtree(town.root)
    tmux.kill()
    wait_for(lambda: "1 alive" not in desk.screen, timeout=30)
    away.rename(town.root)
    town.start("al-crew-emma", "alpha/crew/emma")
    desk.shows("1 alive", "locked", "emma")
    os.kill(desk.pid, signal.SIGTERM)
    desk.shows("ended with 143")


def test_the_configured_key_leaves(desk: Desk) -> None:
    desk.runs("kiosk")
    desk.shows("2 alive", "locked")
    desk.send(["\x1b[24~"])
    desk.shows("ended with 0")


def test_a_kiosk_wants_a_terminal(town: HandTown) -> None:
    done = subprocess.run(argv("kiosk"), env=environment(town.tmux), capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 64 and "needs a terminal" in done.stderr


ACT = '''"""Hands."""

def kill(session: str) -> str:
    return session
'''


@pytest.mark.parametrize(
    ("importer", "line", "kept"),
    [
        (None, "", True),
        ("ui/app.py", "    from gastown_tui.act import kill", True),
        ("ui/screens/wall.py", "    from gastown_tui.act import kill", False),
        ("ui/kiosk.py", "    import gastown_tui.act", False),
    ],
)
def test_what_can_change_a_town_is_out_of_the_kiosks_reach(tmp_path: Path, importer: str | None, line: str, kept: bool) -> None:
    """A room of hands, in a copy of the house: where anything that the kiosk draws with takes one, its contract is broken."""
    shutil.copytree(PROJECT / "gastown_tui", tmp_path / "gastown_tui", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    room = tmp_path / "gastown_tui/act"
    room.mkdir()
    (room / "__init__.py").write_text(ACT)
    if importer:
        with (tmp_path / "gastown_tui" / importer).open("a") as file:
            file.write(f"\n\ndef lazily() -> None:\n{line}\n")
    lint = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(lint, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert f"The kiosk reaches nothing that can change a town {'KEPT' if kept else 'BROKEN'}" in done.stdout, done.stdout
    assert (done.returncode == 0) == kept

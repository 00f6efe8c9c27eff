"""What the doctor finds, and that every failure has its remedy."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from servers import VERSION, Tmux, stopped
from towns import HandTown, clock

from gastown_tui.memory.seen import Memory
from gastown_tui.observe.doctor import examine, lines
from gastown_tui.observe.means import Means

Document = dict[str, Any]
NAMES = ["town", "socket", "tmux", "backend", "gt", "bd", "beads", "monitor", "terminal", "permissions", "limits"]


@pytest.fixture
def town(tmux: Tmux) -> HandTown:
    """A town with a mayor, and a gt and a bd that tell their versions."""
    made = HandTown(tmux)
    made.start("hq-mayor", "mayor")
    for tool in ("gt", "bd"):
        program(made.bin / tool, f"echo {tool} version 1.2.3")
    return made


def program(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def doctor(
    hand: HandTown, *, backend: str = "auto", monitor: str | None = None, terminal: bool = False, **named: Any
) -> Document:
    state = named.pop("state", hand.tmux.folder / "state")
    place = {"town": str(hand.root), "socket": hand.tmux.socket, "PATH": f"{hand.bin}:{os.environ['PATH']}"} | named
    means = Means(place.pop("tmux", "tmux"), "here", clock, time.sleep, lambda root, _server: Memory(state, root))
    found = examine(hand.wanted(**place)._replace(monitor_dir=monitor), means, backend, terminal, state)
    for check in found["checks"]:
        assert set(check) == {"name", "status", "found", "tried", "remedy"} and check["found"]
        assert (check["status"] in ("warn", "fail")) == bool(check["remedy"]), check
    return found


def check(found: Document, name: str) -> Document:
    return next(one for one in found["checks"] if one["name"] == name)


def test_a_town_that_is_well(town: HandTown) -> None:
    found = doctor(town)
    assert [one["name"] for one in found["checks"]] == NAMES
    assert (found["schema"], found["verdict"]) == (1, "good")
    assert check(found, "town")["found"] == f"{town.root}, 1 rigs"
    assert check(found, "socket")["found"] == town.tmux.name
    assert check(found, "gt")["found"] == f"gt version 1.2.3 ({town.bin}/gt)"
    assert check(found, "backend")["found"] == "control"
    text = lines(found)
    assert text[-1] == "good" and f"✓ town         {town.root}, 1 rigs" in text


def test_no_town_is_blind(town: HandTown) -> None:
    found = doctor(town, town="/nonexistent")
    assert found["verdict"] == "blind"
    assert check(found, "town")["tried"] == ["--town /nonexistent (no such folder)"]
    assert any(line.strip() == "tried --town /nonexistent (no such folder)" for line in lines(found))


def test_nobody_listening_is_degraded(town: HandTown) -> None:
    town.tmux.kill()
    found = doctor(town)
    socket = check(found, "socket")
    assert (found["verdict"], socket["status"], socket["remedy"]) == ("degraded", "warn", "start the town: gt up")
    assert socket["tried"] in ([f"{town.tmux.name}: absent"], [f"{town.tmux.name}: stale"])


def test_a_server_that_does_not_answer_is_blind(town: HandTown) -> None:
    with stopped(town.tmux.pid):
        found = doctor(town)
    assert found["verdict"] == "blind" and "did not answer" in check(found, "socket")["found"]


def test_no_tmux_is_blind(town: HandTown) -> None:
    found = doctor(town, tmux="/nonexistent/tmux")
    assert found["verdict"] == "blind" and check(found, "tmux")["remedy"] == "install tmux 3.2 or later"


def test_a_backend_that_was_switched_off_is_no_failure(town: HandTown) -> None:
    backend = check(doctor(town, backend="fork"), "backend")
    assert backend["status"] == "ok" and "switched off by --backend fork" in backend["found"]


@pytest.mark.skipif(not (3, 3) <= VERSION < (3, 7), reason="this tmux survives it")
def test_a_server_that_would_crash_on_a_session_of_ours_is_said(town: HandTown) -> None:
    town.tmux.cmd("set-option", "-g", "window-size", "manual")
    backend = check(doctor(town), "backend")
    assert backend["status"] == "warn" and "window-size is manual" in backend["found"]


def test_a_file_that_cannot_be_read_is_named(town: HandTown) -> None:
    town.write("mayor/rigs.json", "{")
    found = doctor(town)
    assert found["verdict"] == "degraded" and "mayor/rigs.json cannot be read" in check(found, "town")["found"]


@pytest.mark.parametrize(
    ("line", "found"), [("exit 3", "ends with 3"), ("exec sleep 60", "did not end within"), ("printf '\\033[31mred'", "red")]
)
def test_a_tool_that_misbehaves(town: HandTown, line: str, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gastown_tui.observe.doctor.TOOL_TIMEOUT_S", 0.5)
    program(town.bin / "gt", line)
    said = check(doctor(town), "gt")
    assert found in said["found"] and "\033" not in said["found"]


def test_tools_that_are_not_there(town: HandTown) -> None:
    (town.bin / "gt").unlink()
    (town.bin / "bd").unlink()
    folder = town.tmux.folder / "only-tmux"
    folder.mkdir()
    for tool in ("tmux", "sh"):
        (folder / tool).symlink_to(next(Path(one, tool) for one in os.environ["PATH"].split(":") if Path(one, tool).exists()))
    found = doctor(town, PATH=str(folder))
    assert check(found, "gt")["found"] == "gt is not on PATH" and found["verdict"] == "degraded"


def test_the_automonitors_folder(town: HandTown) -> None:
    assert check(doctor(town), "monitor")["status"] == "skip"
    folder = town.root / "settings/automonitor"
    folder.mkdir(parents=True)
    assert check(doctor(town), "monitor")["found"] == f"{folder}: automonitor absent"
    (folder / "monitor.jsonl").write_text("")
    assert check(doctor(town), "monitor") | {"tried": []} == {
        "name": "monitor",
        "status": "ok",
        "found": f"{folder}: automonitor alive",
        "tried": [],
        "remedy": None,
    }
    os.utime(folder / "monitor.jsonl", (1000, 1000))
    assert check(doctor(town), "monitor")["remedy"] == "gt-automonitor restart starts it again"
    (folder / "state.json").mkdir()
    os.utime(folder / "state.json", (1000, 1000))
    assert check(doctor(town), "monitor")["found"].endswith("; state.json cannot be read: not a regular file")
    assert check(doctor(town, monitor=str(town.root / "no")), "monitor")["status"] == "fail"


@pytest.mark.parametrize(
    ("environ", "status", "found"),
    [
        ({"TERM": "dumb"}, "fail", "TERM is dumb"),
        ({"TERM": ""}, "fail", "TERM is not set"),
        ({"LC_ALL": "de_DE.ISO-8859-1"}, "warn", "is not UTF-8"),
        ({"COLORTERM": "truecolor", "TMUX": "x"}, "ok", "xterm-256color, true colour, inside tmux"),
    ],
)
def test_the_terminal(town: HandTown, environ: dict[str, str], status: str, found: str) -> None:
    terminal = check(doctor(town, terminal=True, **environ), "terminal")
    assert terminal["status"] == status and found in terminal["found"]
    assert check(doctor(town, **environ), "terminal")["status"] == "skip"


def test_a_state_folder_that_cannot_be(town: HandTown) -> None:
    blocked = town.tmux.folder / "blocked"
    blocked.touch()
    permissions = check(doctor(town, state=blocked / "gastown-tui"), "permissions")
    assert permissions["status"] == "warn" and "cannot be written" in permissions["found"]


def test_a_limit_of_open_files_that_bites(town: HandTown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (64, 128))
    limits = check(doctor(town), "limits")
    assert limits["status"] == "warn" and limits["found"].startswith("open files: 128; 300 agents want 664")


def test_two_live_sockets_are_said(tmux: Tmux, new_tmux: Callable[..., Tmux]) -> None:
    first, second = HandTown(tmux), new_tmux()
    tmux.name, second.name = "town", "default"
    first.start("hq-mayor", "mayor")
    HandTown(second, first.root).start("al-crew-max", "alpha/crew/max")
    socket = check(doctor(first, socket=None), "socket")
    assert socket["status"] == "warn" and "town and default" in socket["found"] and "--socket" in socket["remedy"]

"""Which tmux servers the installed command asks, and how often."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from servers import Tmux
from towns import HandTown, gttui

MAX = "alpha/crew/max"
Wait = Callable[..., Any]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def counted(tmp_path: Path) -> tuple[str, Callable[[], list[str]]]:
    """A PATH whose tmux notes the socket it is started for, and the notes."""
    log, shim = tmp_path / "log", tmp_path / "shim" / "tmux"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\necho "$4" >>{shlex.quote(str(log))}\nexec {shutil.which("tmux")} "$@"\n')
    shim.chmod(0o755)
    log.touch()
    return f"{shim.parent}:{os.environ['PATH']}", lambda: log.read_text().splitlines()


def test_status_starts_one_tmux_for_each_live_socket(
    town: HandTown, run: Run, new_tmux: Callable[..., Tmux], counted: Any
) -> None:
    path, notes = counted
    other = new_tmux()
    other.name = "town"
    HandTown(other, town.root).start("al-crew-joe", "alpha/crew/joe")
    assert run("status", PATH=path).returncode == 0
    assert notes() == [town.tmux.socket]
    done = run("status", "--json", PATH=path, GT_TMUX_SOCKET="", XDG_STATE_HOME=str(other.folder / "another"))
    mine = [socket for socket in notes()[1:] if socket.startswith(str(town.tmux.folder))]
    assert done.returncode == 0 and mine == [other.socket]


def test_status_starts_two_where_it_looks_twice(town: HandTown, run: Run, counted: Any, wait_for: Wait) -> None:
    path, notes = counted
    town.start("al-crew-max", MAX, "exec sh")
    wait_for(town.grown)
    done = run("status", "--json", PATH=path)
    assert done.returncode == 1 and json.loads(done.stdout)["agents"][1]["state"] == "zombie"
    assert notes() == [town.tmux.socket] * 2


def test_two_live_sockets_are_a_warning_everywhere(tmux: Tmux, new_tmux: Callable[..., Tmux]) -> None:
    first, second = HandTown(tmux), new_tmux()
    tmux.name, second.name = "town", "default"
    first.start("hq-mayor", "mayor")
    HandTown(second, first.root).start("al-crew-max", MAX)
    document = json.loads(gttui(tmux, "status", "--json", "--town", str(first.root)).stdout)
    (notice,) = document["town"]["notices"]
    assert notice["code"] == "two_sockets" and "default" in notice["text"] and notice["remedy"]
    examined = json.loads(gttui(tmux, "doctor", "--json", "--town", str(first.root)).stdout)
    (socket,) = [check for check in examined["checks"] if check["name"] == "socket"]
    assert socket["status"] == "warn" and "two servers hold agents" in socket["found"] and socket["remedy"]


def test_the_folder_as_it_was_entered_names_the_socket(tmux: Tmux) -> None:
    town = HandTown(tmux)
    link = tmux.folder / "gtlink"
    link.symlink_to(town.root)
    inside = json.loads(gttui(tmux, "status", "--json", cwd=link, PWD=str(link)).stdout)["town"]["socket"]
    elsewhere = json.loads(gttui(tmux, "status", "--json", cwd=town.root, PWD=str(tmux.folder)).stdout)["town"]
    assert inside.startswith("gtlink-")
    assert elsewhere["socket"] == inside.replace("gtlink", "town") and elsewhere["root"] == str(town.root)

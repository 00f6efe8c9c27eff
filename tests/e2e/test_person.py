"""The console as a person has it: the installed command in a real terminal, keys in, screen out."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Callable
from typing import Any

import pytest
from servers import Tmux
from towns import HandTown, argv, environment

Wait = Callable[..., Any]


@pytest.mark.parametrize("backend", ["control", "fork"])
def test_a_person_looks_around_and_leaves(tmux: Tmux, new_tmux: Callable[..., Tmux], wait_for: Wait, backend: str) -> None:
    town, desk = HandTown(tmux), new_tmux()
    for name in ("emma", "jack"):
        town.start(f"al-crew-{name}", f"alpha/crew/{name}", f"echo I am {name}; exec claude 3600")
    place = ("--town", str(town.root), "--socket", tmux.socket, "--backend", backend)
    command = shlex.join(["env", *(f"{name}={value}" for name, value in environment(tmux).items()), *argv(*place)])
    desk.new("desk", f"{command}; echo ended with $?; exec cat", size="120x32")

    def screen() -> str:
        return desk.cmd("capture-pane", "-p", "-t", "=desk:")

    wait_for(lambda: "2 alive" in screen() and "crew emma" in screen())
    desk.cmd("send-keys", "-t", "=desk:", "-l", "/jack")
    wait_for(lambda: "crew emma" not in screen())
    desk.cmd("send-keys", "-t", "=desk:", "Enter")
    wait_for(lambda: "I am jack" in screen())
    os.kill(town.pid(tmux.cmd("list-panes", "-t", "=al-crew-jack:", "-F", "#{pane_id}").strip()), signal.SIGKILL)
    wait_for(lambda: "✖ dead" in screen() and "1 needs you" in screen())
    desk.cmd("send-keys", "-t", "=desk:", "C-c")
    wait_for(lambda: "ended with 0" in screen())
    wait_for(lambda: not any(name.startswith("_gttui") for name in tmux.sessions()))

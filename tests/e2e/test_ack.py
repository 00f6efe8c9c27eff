"""`ack` and `unack`: the installed command on a real town, and what one run keeps for the next."""

from __future__ import annotations

import json
import os
import shlex
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from servers import Tmux, stopped
from towns import HandTown, argv, environment, gttui

from gastown_tui.memory.acks import Acks
from gastown_tui.town.acks import Ack, Subject
from gastown_tui.town.snapshot import State

MAX, MAYOR = "alpha/crew/max", "mayor"
Wait = Callable[..., Any]


class Place:
    """A town with a mayor who is well and a crew member whose program has ended, and the command on it."""

    def __init__(self, tmux: Tmux, wait_for: Wait) -> None:
        self.town = HandTown(tmux)
        self.town.start("hq-mayor", "mayor")
        tmux.cmd("set-option", "-g", "remain-on-exit", "on")
        self.pane = self.town.start("al-crew-max", MAX)
        self.end(wait_for)

    def end(self, wait_for: Wait) -> None:
        wait_for(self.town.grown)
        os.kill(self.town.pid(self.pane), signal.SIGKILL)
        wait_for(lambda: self.town.tmux.get(self.pane, "#{pane_dead}") == "1")

    def run(self, *words: str, **env: str) -> Any:
        return gttui(self.town.tmux, *words, **{"GT_ROOT": str(self.town.root), "GT_TMUX_SOCKET": self.town.tmux.name, **env})

    def status(self) -> tuple[int, Any, int]:
        """Returns what the exit code, the acknowledgement and the count of those in need are."""
        done = self.run("status", "--json")
        document = json.loads(done.stdout)
        (agent,) = (agent for agent in document["agents"] if agent["id"] == MAX)
        return done.returncode, agent["acknowledged"], document["summary"]["need_you"]


@pytest.fixture
def place(tmux: Tmux, wait_for: Wait) -> Place:
    return Place(tmux, wait_for)


def test_it_counts_no_more_until_it_is_taken_back(place: Place) -> None:
    assert place.status() == (1, None, 1)
    done = place.run("ack", MAX, "--reason", "known\x1b[2J since noon")
    assert (done.returncode, done.stdout) == (0, f"{MAX}: acknowledged\n")
    code, acknowledged, count = place.status()
    assert (code, acknowledged["reason"], count) == (0, "known\N{REPLACEMENT CHARACTER}[2J since noon", 0)
    assert place.run("unack", "al-crew-max").returncode == 0
    assert place.status() == (1, None, 1)


def test_it_ends_with_what_it_was_for(place: Place, wait_for: Wait) -> None:
    assert place.run("ack", MAX).returncode == 0
    place.town.tmux.cmd("respawn-pane", "-k", "-t", place.pane)
    place.end(wait_for)
    assert place.status() == (1, None, 1), "another process died"


def test_who_needs_nobody_has_nothing_to_acknowledge(place: Place) -> None:
    for word in ("ack", "unack"):
        done = place.run(word, MAYOR, "--json")
        assert (done.returncode, json.loads(done.stdout)) == (1, {"schema": 1, "done": [], "nothing": [MAYOR]})
    done = place.run("ack", MAX, MAYOR, "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"schema": 1, "done": [MAX], "nothing": [MAYOR]})


def test_what_one_look_cannot_see_is_taken_back_all_the_same(place: Place) -> None:
    """A console saw that nothing came of a turn for long; a single look cannot."""
    kept = Acks(Path(environment(place.town.tmux)["XDG_STATE_HOME"]) / "gastown-tui", str(place.town.root))
    kept.acknowledge({MAYOR: Ack(time.time(), "long tests", Subject(State.STALLED))})
    assert place.run("unack", MAYOR).stdout == f"{MAYOR}: no longer acknowledged\n"
    assert kept.recall(time.time()) == {}


def test_an_unknown_target_acknowledges_nobody(place: Place) -> None:
    done = place.run("ack", MAX, "alpha/crew/mux", "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (64, "target")
    assert f"nearest: {MAX}" in done.stderr
    assert place.status()[1] is None
    assert place.run("ack").returncode == 64


def test_who_cannot_see_acknowledges_nothing(place: Place) -> None:
    server = place.town.tmux.pid
    with stopped(server):
        done = place.run("ack", MAX, "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (2, "tmux")


def test_what_cannot_be_kept_is_said(place: Place, tmp_path: Path) -> None:
    (tmp_path / "gastown-tui").write_text("in the way")
    done = place.run("ack", MAX, "--json", XDG_STATE_HOME=str(tmp_path))
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (2, "memory")
    assert str(tmp_path) in done.stderr


def test_the_console_and_the_command_tell_one_another(place: Place, new_tmux: Callable[..., Tmux], wait_for: Wait) -> None:
    desk, tmux = new_tmux(), place.town.tmux
    words = argv("--town", str(place.town.root), "--socket", tmux.socket)
    desk.new(
        "desk", shlex.join(["env", *(f"{name}={value}" for name, value in environment(tmux).items()), *words]), size="120x32"
    )

    def screen() -> str:
        return desk.cmd("capture-pane", "-p", "-t", "=desk:")

    def press(*keys: str) -> None:
        desk.cmd("send-keys", "-t", "=desk:", *keys)

    wait_for(lambda: "1 needs you" in screen())
    wait_for(lambda: desk.cmd("display-message", "-p", "-t", "=desk:", "#{pane_title}").startswith("gastown-tui: 1 needs you"))
    press("5")
    wait_for(lambda: "1 agent died" in screen())
    press("a")
    press("-l", "known")
    press("Enter")
    wait_for(lambda: "1 acknowledged" in screen() and "needs you" not in screen().splitlines()[0])
    assert place.status()[1]["reason"] == "known"
    assert place.run("unack", MAX).returncode == 0
    wait_for(lambda: "1 agent died" in screen(), 30)
